package org.secondsite.gateway;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SwitchId;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.SwitchListener;
import org.secondsite.openflow.SwitchSettings;

/** Notes what becomes of the switches. */
final class SwitchEvents implements SwitchListener {
    private final Conductor conductor;
    private final Timeline timeline;
    private final Map<String, String> states;

    SwitchEvents(Conductor conductor, Timeline timeline, Map<String, String> states) {
        this.conductor = conductor;
        this.timeline = timeline;
        this.states = states;
    }

    static ControllerSettings settings(GatewayConfig.OpenFlow openflow) {
        return new ControllerSettings(
                openflow.listen(),
                openflow.switches().stream()
                        .map(s -> new SwitchSettings(s.id(), s.datapathId(), s.gatewayPort()))
                        .toList());
    }

    private void note(long nanoTime, SwitchId sw, String kind, String text) {
        timeline.noteAt(nanoTime, sw.name(), kind, text);
        conductor.post(() -> states.put(sw.name(), kind + ": " + text));
    }

    @Override
    public void connected(SwitchId sw) {
        note(System.nanoTime(), sw, "switch-connected", "nothing written yet");
    }

    @Override
    public void disconnected(SwitchId sw, String reason) {
        note(System.nanoTime(), sw, "switch-disconnected", reason);
    }

    @Override
    public void confirmed(SwitchId sw, long term, int flows, long nanoTime) {
        note(nanoTime, sw, "flows-confirmed", flows + " flows of term " + term);
    }

    @Override
    public void refused(SwitchId sw, long term, String reason) {
        note(System.nanoTime(), sw, "switch-refused", "term " + term + ": " + reason);
    }

    @Override
    public void failed(SwitchId sw, long term, String reason) {
        note(System.nanoTime(), sw, "switch-failed", "term " + term + ", tried again soon: " + reason);
    }

    @Override
    public void portsMissing(SwitchId sw, Set<String> portNames) {
        if (!portNames.isEmpty()) {
            note(System.nanoTime(), sw, "switch-ports-missing", new TreeSet<>(portNames).toString());
        }
    }
}
