package org.secondsite.gateway;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SwitchId;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.SwitchListener;
import org.secondsite.openflow.SwitchSettings;

/** Notes what becomes of the switches. */
final class SwitchEvents implements SwitchListener {
    static final String CONFIRMED = "confirmed";
    static final String REFUSED = "refused";
    static final String FAILED = "failed";

    private final Conductor conductor;
    private final Timeline timeline;
    private final Map<String, Session> sessions;

    SwitchEvents(Conductor conductor, Timeline timeline, Map<String, Session> sessions) {
        this.conductor = conductor;
        this.timeline = timeline;
        this.sessions = sessions;
    }

    static ControllerSettings settings(GatewayConfig.OpenFlow openflow) {
        return new ControllerSettings(
                openflow.listen(),
                openflow.switches().stream()
                        .map(s -> new SwitchSettings(s.id(), s.datapathId(), s.gatewayPort()))
                        .toList());
    }

    private void note(long nanoTime, SwitchId sw, String kind, String text, BiConsumer<Session, String> change) {
        timeline.noteAt(nanoTime, sw.name(), kind, text);
        conductor.post(() -> change.accept(sessions.get(sw.name()), kind + ": " + text));
    }

    private static BiConsumer<Session, String> counted(String event) {
        return (session, state) -> {
            session.note(state);
            session.count(event);
        };
    }

    @Override
    public void connected(SwitchId sw) {
        note(System.nanoTime(), sw, "switch-connected", "nothing written yet", Session::up);
    }

    @Override
    public void disconnected(SwitchId sw, String reason) {
        note(System.nanoTime(), sw, "switch-disconnected", reason, Session::down);
    }

    @Override
    public void confirmed(SwitchId sw, long term, int flows, long nanoTime) {
        note(nanoTime, sw, "flows-confirmed", flows + " flows of term " + term, counted(CONFIRMED));
    }

    @Override
    public void refused(SwitchId sw, long term, String reason) {
        note(System.nanoTime(), sw, "switch-refused", "term " + term + ": " + reason, counted(REFUSED));
    }

    @Override
    public void failed(SwitchId sw, long term, String reason) {
        note(System.nanoTime(), sw, "switch-failed", "term " + term + ", tried again soon: " + reason, counted(FAILED));
    }

    @Override
    public void portsMissing(SwitchId sw, Set<String> portNames) {
        if (!portNames.isEmpty()) {
            note(System.nanoTime(), sw, "switch-ports-missing", new TreeSet<>(portNames).toString(), Session::note);
        }
    }
}
