package org.secondsite.gateway;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.secondsite.config.SwitchId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchListener;
import org.secondsite.openflow.VmTraffic;

/** Notes what becomes of the switches. */
final class SwitchEvents implements SwitchListener {
    static final String CONFIRMED = "confirmed";
    static final String REFUSED = "refused";
    static final String FAILED = "failed";
    static final String PARTIAL = "partial";
    static final String DRIFTED = "drifted";
    static final String BY_PASSED = "by-passed";
    static final String CONTESTED = "contested";

    private final Conductor conductor;
    private final Timeline timeline;
    private final Map<String, Session> sessions;
    private final Consumer<SiteEvent> core;

    /**
     * For all switches of a gateway.
     *
     * @param core brings an event to the core, later
     */
    SwitchEvents(Conductor conductor, Timeline timeline, Map<String, Session> sessions, Consumer<SiteEvent> core) {
        this.conductor = conductor;
        this.timeline = timeline;
        this.sessions = sessions;
        this.core = core;
    }

    private void note(long nanoTime, SwitchId sw, String kind, String text, BiConsumer<Session, String> change) {
        timeline.noteAt(nanoTime, sw.name(), kind, text);
        with(sw, session -> change.accept(session, kind + ": " + text));
    }

    /** One that is configured no more may still be spoken of. */
    private void with(SwitchId sw, Consumer<Session> change) {
        conductor.post(() -> {
            Session session = sessions.get(sw.name());
            if (session != null) {
                change.accept(session);
            }
        });
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
        // What is missing is told anew.
        core.accept(new SiteEvent.PortsMissing(sw, Set.of()));
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
    public void fenced(SwitchId sw, long term, int vms, long nanoTime) {
        timeline.noteAt(nanoTime, sw.name(), "switch-fenced", vms + " VMs are silent in term " + term);
    }

    @Override
    public void partial(SwitchId sw, long term, int flows, Set<String> without, long nanoTime) {
        note(
                nanoTime,
                sw,
                "flows-partial",
                flows + " flows of term " + term + ", without " + new TreeSet<>(without),
                counted(PARTIAL));
    }

    @Override
    public void drifted(SwitchId sw, long term, String what, long goodNanoTime, long byPassedPackets) {
        long now = System.nanoTime();
        String text = "%s; good %d ms ago; %d frames past the gateway"
                .formatted(what, (now - goodNanoTime) / 1_000_000, byPassedPackets);
        note(now, sw, "switch-drifted", text, (session, state) -> {
            session.note(state);
            session.count(DRIFTED);
            session.count(BY_PASSED, byPassedPackets);
        });
    }

    @Override
    public void noticed(SwitchId sw, String what) {
        timeline.noteAt(System.nanoTime(), sw.name(), "switch-notice", what);
        with(sw, session -> session.remark(what));
    }

    @Override
    public void preflight(SwitchId sw, Standing standing, String what) {
        String text = standing.name().toLowerCase(Locale.ROOT) + (what.isEmpty() ? "" : ": " + what);
        timeline.noteAt(System.nanoTime(), sw.name(), "switch-preflight", text);
        with(sw, session -> session.preflight(text));
    }

    @Override
    public void counted(SwitchId sw, List<VmTraffic> traffic) {
        with(sw, session -> session.carried(traffic));
    }

    @Override
    public void refused(SwitchId sw, long term, String reason) {
        note(System.nanoTime(), sw, "switch-refused", "term " + term + ": " + reason, counted(REFUSED));
    }

    @Override
    public void contested(SwitchId sw, long term) {
        timeline.noteAt(
                System.nanoTime(), sw.name(), "switch-contested", "obeys somebody else in spite of term " + term);
        with(sw, session -> {
            session.remark("taken from term " + term + " by somebody else");
            session.count(CONTESTED);
        });
        core.accept(new SiteEvent.SwitchContested(sw, term));
    }

    @Override
    public void failed(SwitchId sw, long term, String reason) {
        note(System.nanoTime(), sw, "switch-failed", "term " + term + ", tried again soon: " + reason, counted(FAILED));
    }

    @Override
    public void portsMissing(SwitchId sw, Set<String> portNames) {
        core.accept(new SiteEvent.PortsMissing(sw, Set.copyOf(portNames)));
        if (!portNames.isEmpty()) {
            note(System.nanoTime(), sw, "switch-ports-missing", new TreeSet<>(portNames).toString(), Session::note);
        }
    }
}
