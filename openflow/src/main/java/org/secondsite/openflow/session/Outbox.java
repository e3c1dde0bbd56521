package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.List;
import org.projectfloodlight.openflow.protocol.OFMessage;

/** Effects of the current call, and the one counter of transaction ids. */
final class Outbox {
    private List<Effect> effects = new ArrayList<>();
    private long lastXid;

    long nextXid() {
        // 0 is the xid of messages that nobody asked for; 2^32 of them take longer than a session lives.
        lastXid++;
        return lastXid;
    }

    void send(OFMessage message) {
        effects.add(new Effect.Send(message));
    }

    void add(Effect effect) {
        effects.add(effect);
    }

    List<Effect> drain() {
        List<Effect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }
}
