package org.secondsite.openflow.simulated;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.session.ControlledSwitch;
import org.secondsite.openflow.session.Effect;
import org.secondsite.openflow.session.Peer;
import org.secondsite.openflow.session.SwitchSession;
import org.secondsite.openflow.wire.Incoming;

/** The real session and a switch in memory, by the very bytes of the wire, under a time that the test moves. */
public final class Stage {
    private static final long MS = 1_000_000;
    private static final long TICK_MS = 25;
    private static final long ECHO_AFTER_MS = 500;
    private static final long DEAD_AFTER_MS = 5000;

    private final ExecutingSwitch simulated;
    private final SwitchSettings settings;
    private final ControlledSwitch controlled;
    private final Deque<OFMessage> toSwitch = new ArrayDeque<>();
    private final Deque<OFMessage> toController = new ArrayDeque<>();
    private SwitchSession session;
    private ExecutingSwitch.Connection connection;
    private long nowMs;

    /** Messages that the switch works off between two ticks. */
    public int messagesPerTick = Integer.MAX_VALUE;

    private int credit = Integer.MAX_VALUE;

    /** What the session told, but for messages. */
    public final List<Effect> told = new ArrayList<>();

    /** The messages to the switch. */
    public final List<OFMessage> sent = new ArrayList<>();

    public Stage(ExecutingSwitch simulated, SwitchSettings settings) {
        this.simulated = simulated;
        this.settings = settings;
        this.controlled = new ControlledSwitch(settings);
    }

    /** The switch connects. */
    public void connect(OFVersion version) {
        toSwitch.clear();
        toController.clear();
        session = new SwitchSession(
                Map.of(settings.datapathId(), settings), Peer.unproved("test"), ECHO_AFTER_MS * MS, DEAD_AFTER_MS * MS);
        connection = simulated.connect(version, toController::add);
        perform(session.opened(nowMs * MS));
        toController.addFirst(OFFactories.getFactory(version).hello(List.of()));
        settle();
    }

    /** The connection breaks. */
    public void disconnect() {
        connection.close();
        session.closed();
        controlled.disconnected(session);
    }

    /** Wants this from now on. */
    public void apply(long term, VmAttachment... vms) {
        perform(controlled.apply(term, List.of(vms), nowMs * MS));
        settle();
    }

    /** Lets time pass in which this process runs. */
    public void run(long milliseconds) {
        for (long end = nowMs + milliseconds; nowMs < end; ) {
            nowMs += TICK_MS;
            credit = messagesPerTick;
            perform(session.tick(nowMs * MS));
            settle();
        }
    }

    /** The switch works off nothing from now on but by {@link #step}. */
    public void pause() {
        messagesPerTick = 0;
        credit = 0;
    }

    /** The switch works off one message. */
    public void step() {
        credit = 1;
        settle();
    }

    /** Time passes in which this process does not run. */
    public void sleep(long milliseconds) {
        nowMs += milliseconds;
        perform(session.tick(nowMs * MS));
        settle();
    }

    /** Bytes come from the switch. */
    public void receive(Incoming incoming) {
        perform(session.received(incoming, nowMs * MS));
        settle();
    }

    /** The effects of this kind, in order. */
    public <T extends Effect> List<T> told(Class<T> kind) {
        return told.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** The latest effect that says how it stands with the flows. */
    public Effect outcome() {
        return told.stream()
                .filter(effect -> effect instanceof Effect.Confirmed
                        || effect instanceof Effect.Partial
                        || effect instanceof Effect.Failed
                        || effect instanceof Effect.Outranked)
                .reduce((_, last) -> last)
                .orElseThrow(() -> new AssertionError("nothing was told of the flows: " + told));
    }

    private void settle() {
        while (!toController.isEmpty() || (!toSwitch.isEmpty() && credit >= 1)) {
            if (!toController.isEmpty()) {
                perform(session.received(read(toController.remove()), nowMs * MS));
            } else {
                credit -= messagesPerTick == Integer.MAX_VALUE ? 0 : 1;
                connection.receive(overTheWire(toSwitch.remove()));
            }
        }
    }

    private void perform(List<Effect> effects) {
        for (Effect effect : effects) {
            if (effect instanceof Effect.Send(OFMessage message)) {
                sent.add(message);
                // A switch answers echoes whatever else it has to do.
                if (message.getType() == OFType.ECHO_REQUEST) {
                    connection.receive(message);
                } else {
                    toSwitch.add(message);
                }
                continue;
            }
            if (effect instanceof Effect.Prepare) {
                session.prepare();
                continue;
            }
            told.add(effect);
            if (effect instanceof Effect.Connected) {
                perform(controlled.connected(session, nowMs * MS));
            } else if (effect instanceof Effect.Outranked outranked
                    && !outranked.obstacle().mayPass()) {
                controlled.outranked(outranked.term());
            }
        }
    }

    private static OFMessage overTheWire(OFMessage message) {
        return switch (read(message)) {
            case Incoming.Message(OFMessage same) -> same;
            case Incoming.Part part -> throw new AssertionError(part.reason());
            case Incoming.Unparsable unparsable -> throw new AssertionError(unparsable.reason());
        };
    }

    private static Incoming read(OFMessage message) {
        ByteBuf buffer = Unpooled.buffer();
        message.writeTo(buffer);
        return Incoming.read(buffer);
    }
}
