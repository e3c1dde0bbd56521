package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.secondsite.openflow.Sharing;

/**
 * Compares what a switch says with what is wanted, as it comes: the last part of an answer is waited for, those before it are not.
 *
 * <p>Not for use by several threads.
 */
public final class Comparison {
    private final Pipeline wanted;
    private final FlowIndex index;
    private final Sharing sharing;
    private final Set<Integer> guarded = new HashSet<>();

    /** What stands at the key of each wanted flow; {@code null}: nothing that is understood. */
    private final Flow.Outcome[] standing;

    private final boolean[] isBroken;
    private final List<Flow.Key> obsolete = new ArrayList<>();
    private final List<Flow.Key> foreign = new ArrayList<>();
    private final List<InstalledFlows.RawPlace> strange = new ArrayList<>();
    private boolean isUnreadable;

    /**
     * Nothing is there so far.
     *
     * @param index of the wanted flows
     */
    public Comparison(Pipeline wanted, FlowIndex index, Sharing sharing) {
        this.wanted = wanted;
        this.index = index;
        this.sharing = sharing;
        wanted.gateway().ifPresent(guarded::add);
        wanted.places().forEach(place -> guarded.add(place.port()));
        int size = wanted.flows().size();
        standing = new Flow.Outcome[size];
        isBroken = new boolean[size];
    }

    /** Whether it is a comparison with this very pipeline; to compare tens of thousands of flows takes longer than is gained. */
    @SuppressWarnings("ReferenceEquality")
    public boolean isWith(Pipeline other) {
        return wanted == other;
    }

    /** All of this is there too. */
    void take(InstalledFlows more) {
        isUnreadable |= more.lostParts() > 0;
        more.flows().forEach(known -> take(known.flow(), known.cookie()));
        more.strange().forEach(this::take);
    }

    /** This flow is there too; answers it, as the wanted one if it is the same, so that tens of thousands are not kept twice. */
    public Flow take(Flow flow, long cookie) {
        int at = index.find(flow.key());
        if (at < 0) {
            unwanted(flow.key(), cookie);
            return flow;
        }
        Flow same = wanted.flows().get(at);
        Flow kept = same.outcome().equals(flow.outcome()) ? same : flow;
        standing[at] = kept.outcome();
        return kept;
    }

    /** This one, too. */
    public void take(InstalledFlows.Strange other) {
        int at = other.key().map(index::find).orElse(-1);
        if (at >= 0) {
            isBroken[at] = true;
        } else if (!stays(other.inPort())) {
            strange.add(other.place());
        }
    }

    /** Something is there that could not be read. */
    public void lose() {
        isUnreadable = true;
    }

    private void unwanted(Flow.Key key, long cookie) {
        if (Cookie.isOurs(cookie)) {
            obsolete.add(key);
        } else if (!stays(key.inPort())) {
            foreign.add(key);
        }
    }

    private boolean stays(OptionalInt inPort) {
        return sharing == Sharing.COOPERATIVE && inPort.isPresent() && !guarded.contains(inPort.getAsInt());
    }

    /** What is to be done about all that is there. */
    public FlowDifference difference() {
        if (isUnreadable) {
            return FlowDifference.ofUnreadable(wanted.flows());
        }
        List<Flow> missing = new ArrayList<>();
        List<Flow> altered = new ArrayList<>();
        List<Flow> overwritten = new ArrayList<>();
        for (int i = 0; i < standing.length; i++) {
            Flow flow = wanted.flows().get(i);
            Flow.Outcome there = standing[i];
            if (isBroken[i]) {
                overwritten.add(flow);
            } else if (there == null) {
                missing.add(flow);
            } else if (!there.equals(flow.outcome())) {
                altered.add(flow);
            }
        }
        return new FlowDifference(
                false, missing, altered, overwritten, obsolete, new FlowDifference.Foreign(foreign, strange));
    }
}
