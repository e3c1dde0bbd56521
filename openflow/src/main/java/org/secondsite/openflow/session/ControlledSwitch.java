package org.secondsite.openflow.session;

import java.util.List;
import java.util.Optional;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Pipeline;

/**
 * A switch over all its connections: what it shall do, and which terms are over.
 *
 * <p>What is desired is asserted again on every connection. A term that the switch refused once is never asserted again,
 * because a switch that has restarted has forgotten the later term and would take the earlier one.
 *
 * <p>Not for use by several threads.
 */
public final class ControlledSwitch {
    private final SwitchSettings settings;
    private Optional<Desired> desired = Optional.empty();
    private Optional<SwitchSession> session = Optional.empty();
    private long outrankedTerm;
    private boolean isRefused;

    /** A switch that has not connected yet. */
    public ControlledSwitch(SwitchSettings settings) {
        this.settings = settings;
    }

    /** The same switch under other settings, not connected yet: what it shall do, and which terms are over, stays. */
    public ControlledSwitch with(SwitchSettings other) {
        ControlledSwitch next = new ControlledSwitch(other);
        next.desired = desired;
        next.outrankedTerm = outrankedTerm;
        return next;
    }

    /** The VMs that it is to serve. */
    public List<VmAttachment> vms() {
        return desired.map(Desired::vms).orElse(List.of());
    }

    /** Who it is. */
    public SwitchSettings settings() {
        return settings;
    }

    /** Its connection, when there is one. */
    public Optional<SwitchSession> session() {
        return session;
    }

    /**
     * It shall do this from now on, whether it is connected or not.
     *
     * @throws IllegalArgumentException if the VMs cannot stand on one switch, see {@link Pipeline#check}
     */
    public List<Effect> apply(long term, List<VmAttachment> vms, long nowNanos) {
        Pipeline.check(settings.gatewayPort(), vms);
        long highest = desired.map(Desired::term).orElse(0L);
        if (term < highest) {
            return List.of(new Effect.Outranked(term, Obstacle.OVERTAKEN, "term " + highest + " was asked for before"));
        }
        if (term <= outrankedTerm) {
            return List.of(
                    new Effect.Outranked(term, Obstacle.OVERTAKEN, "the switch has refused term " + outrankedTerm));
        }
        Desired next = new Desired(term, vms);
        desired = Optional.of(next);
        return session.map(s -> s.apply(permitted(next), nowNanos)).orElse(List.of());
    }

    /** It is unfit: its VMs are silent from now on, whatever is desired. */
    public List<Effect> refuse(long nowNanos) {
        isRefused = true;
        return assertAgain(nowNanos);
    }

    /** It is fit: what is desired holds. */
    public List<Effect> admit(long nowNanos) {
        isRefused = false;
        return assertAgain(nowNanos);
    }

    private List<Effect> assertAgain(long nowNanos) {
        return session.map(current -> connected(current, nowNanos)).orElse(List.of());
    }

    private Desired permitted(Desired wanted) {
        return isRefused
                ? new Desired(
                        wanted.term(),
                        wanted.vms().stream().map(vm -> vm.with(Role.FENCED)).toList())
                : wanted;
    }

    /** A session has found out that it is of this switch; answers the effects in that session. */
    public List<Effect> connected(SwitchSession connected, long nowNanos) {
        session = Optional.of(connected);
        return desired.filter(d -> d.term() > outrankedTerm)
                .map(d -> connected.apply(permitted(d), nowNanos))
                .orElse(List.of());
    }

    /** Answers whether the session was this switch's current one. */
    public boolean disconnected(SwitchSession gone) {
        boolean current = session.isPresent() && session.get() == gone;
        if (current) {
            session = Optional.empty();
        }
        return current;
    }

    /** The switch has refused this term. */
    public void outranked(long term) {
        outrankedTerm = Math.max(outrankedTerm, term);
    }
}
