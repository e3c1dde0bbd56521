package org.secondsite.openflow.session;

import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.secondsite.openflow.VmTraffic;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Pipeline;

/** What is told of the flows of a switch. The same again is no news. */
final class Report {
    private final Outbox outbox;
    private final ByPass byPass = new ByPass();
    private Set<String> missing = Set.of();
    private List<VmTraffic> traffic = List.of();
    private String failure = "";

    /** When the switch was last found to have what it shall have. */
    private long goodNanos;

    Report(Outbox outbox) {
        this.outbox = outbox;
    }

    /** Something new is wanted: whatever comes of it is news. */
    void wanted() {
        failure = "";
    }

    void missing(Set<String> ports) {
        if (!ports.equals(missing)) {
            missing = ports;
            outbox.add(new Effect.PortsMissing(ports));
        }
    }

    void good(long nowNanos) {
        failure = "";
        goodNanos = nowNanos;
    }

    void confirmed(Pipeline has, long term) {
        int flows = has.flows().size();
        outbox.add(
                has.missingPorts().isEmpty()
                        ? new Effect.Confirmed(term, flows)
                        : new Effect.Partial(term, flows, has.missingPorts()));
    }

    /** The switch has these flows, as it should. */
    void good(InstalledFlows actual) {
        byPass.good(actual);
    }

    void counted(Pipeline has, InstalledFlows actual) {
        good(actual);
        List<VmTraffic> counted = Traffic.of(has, actual, byPass);
        if (!counted.equals(traffic)) {
            traffic = counted;
            outbox.add(new Effect.Counted(counted));
        }
    }

    void drifted(Pipeline wanted, InstalledFlows actual, FlowDifference difference, long term) {
        long byPassed = byPass.drifted(wanted, actual, difference);
        outbox.add(new Effect.Drifted(term, difference.toString(), goodNanos, byPassed));
    }

    void othersFound(long term) {
        outbox.add(new Effect.Drifted(term, "groups or meters of others", goodNanos, 0));
    }

    /** Some VMs have no room. */
    void partial(Pipeline wanted, long term, FlowDifference difference, String why) {
        if (difference.isOnlyMissing() && !why.equals(failure)) {
            SortedSet<String> without = new TreeSet<>(wanted.missingPorts());
            wanted.vmsOf(difference.missing().stream().map(Flow::key).toList())
                    .forEach(vm -> without.add(vm + " (no room)"));
            outbox.add(new Effect.Partial(
                    term, wanted.flows().size() - difference.missing().size(), without));
        }
    }

    void failed(long term, String reason) {
        if (!reason.equals(failure)) {
            failure = reason;
            outbox.add(new Effect.Failed(term, reason));
        }
    }
}
