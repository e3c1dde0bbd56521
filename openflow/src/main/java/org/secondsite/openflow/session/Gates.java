package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;

/**
 * Which gates the switch is known to have open, and so which are to be shut before anything else is written.
 *
 * <p>What the roles were is known by port since the last confirmation, and forgotten when something else is begun: then every
 * gate counts as open.
 */
final class Gates {
    /** To shut all but those that speak pays where their flows are so many times fewer than the gates. */
    private static final int FEWER = 8;

    private final Fence fence;
    private final Outbox outbox;
    private final Map<Integer, Role> knownRoles = new HashMap<>();

    /** Whether what comes next waits until a fence has been answered, and since when. */
    private boolean isAwaited;

    private long awaitedNanos;

    Gates(Fence fence, Outbox outbox) {
        this.fence = fence;
        this.outbox = outbox;
    }

    /** The switch has exactly this. */
    void confirmed(Pipeline has) {
        knownRoles.clear();
        has.places().forEach(place -> knownRoles.put(place.port(), place.vm().role()));
    }

    /** What the switch has is about to change. */
    void forget() {
        knownRoles.clear();
    }

    /**
     * Shuts the gates of VMs that are to be silent, or that change to or from a drill.
     *
     * @param wanted which they are, and where
     * @param sharing whether there may be flows of others that have to stay
     * @param bundling whether many may go together
     */
    Shut shut(Wanted wanted, Sharing sharing, Fence.Bundling bundling) {
        Layout layout = wanted.layout();
        List<Pipeline.Place> places = wanted.places();
        long term = wanted.term();
        List<Integer> shut = new ArrayList<>();
        int silent = 0;
        // A VM that is no longer named has its flows removed, which is as good as silence and takes longer.
        Set<Integer> left = new HashSet<>(knownRoles.keySet());
        for (Pipeline.Place place : places) {
            left.remove(place.port());
            Optional<Role> before = Optional.ofNullable(knownRoles.get(place.port()));
            Role role = place.vm().role();
            if (role.isSilent() && !before.map(Role::isSilent).orElse(false)) {
                silent++;
                shut.add(place.port());
            } else if (before.isPresent() && (before.get() == Role.DRILL) != (role == Role.DRILL)) {
                // Between the gateway and the bubble nothing may pass while only a part is written.
                shut.add(place.port());
            }
        }
        shut.addAll(left);
        boolean nobodySpeaks =
                places.stream().allMatch(place -> place.vm().role().isSilent());
        boolean isAlone = sharing == Sharing.EXCLUSIVE && !shut.isEmpty();
        if (isAlone && nobodySpeaks) {
            fence.shutAll(shut, term, silent);
            return new Shut(new HashSet<>(shut), Optional.of(List.of()));
        }
        boolean allAreKnown =
                places.stream().allMatch(place -> place.vm().role().isSilent() || knownRoles.containsKey(place.port()));
        if (isAlone && allAreKnown && layout == Layout.TABLES && bundling == Fence.Bundling.POSSIBLE) {
            List<Flow> speaking = speaking(places, wanted.gateway());
            if (speaking.size() * FEWER <= shut.size()) {
                fence.shutAllBut(speaking, shut, term, silent);
                return new Shut(new HashSet<>(shut), Optional.of(speaking));
            }
        }
        if (!shut.isEmpty()) {
            fence.shut(layout, shut, term, silent, bundling);
        }
        return new Shut(new HashSet<>(shut), Optional.empty());
    }

    /** What the first table has for VMs that are heard and go on being so. */
    private List<Flow> speaking(List<Pipeline.Place> places, OptionalInt gateway) {
        List<Pipeline.Place> heard = places.stream()
                .filter(place -> !place.vm().role().isSilent() && place.vm().role() == knownRoles.get(place.port()))
                .toList();
        return Pipeline.of(Layout.TABLES, gateway, heard).flows().stream()
                .filter(flow ->
                        flow.key().table() == Pipeline.GATE_TABLE && !(flow.outcome() instanceof Flow.Outcome.Drop))
                .toList();
    }

    /**
     * What is being shut.
     *
     * @param ports of the VMs whose gates were open or not known to be shut
     * @param remaining if the whole first table becomes a drop: but for these flows
     */
    record Shut(Set<Integer> ports, Optional<List<Flow>> remaining) {}

    /** What comes next waits for the fence, whose answer says that it has done its work. */
    void await(long nowNanos) {
        isAwaited = true;
        awaitedNanos = nowNanos;
    }

    boolean isAwaited() {
        return isAwaited;
    }

    /** Waits no longer; whether it did. */
    boolean ended() {
        boolean was = isAwaited;
        isAwaited = false;
        return was;
    }

    /** Whether a fence was waited for too long; that is told, and it is waited for no longer. */
    boolean isOverdue(long nowNanos, long slowAfterNanos) {
        if (!isAwaited || nowNanos - awaitedNanos < slowAfterNanos) {
            return false;
        }
        outbox.add(new Effect.Noticed("slow: a fence is not answered"));
        return ended();
    }

    /** Whether a barrier's answer ends a fence. */
    boolean answered(long xid) {
        return fence.answered(xid);
    }

    /** Whether a bundle's answer is of a fence. */
    boolean answered(OFBundleCtrlMsg reply) {
        return fence.answered(reply);
    }

    /** Whether an error is about a fence. */
    boolean refused(long xid) {
        return fence.refused(xid);
    }
}
