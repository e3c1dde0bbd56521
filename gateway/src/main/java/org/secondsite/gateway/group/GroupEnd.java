package org.secondsite.gateway.group;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.ownership.OwnershipState;

/**
 * When a group may be removed while the gateway runs: its VMs have left, as those do that are unticked, and nothing that it has asked the
 * witness may still be granted. What the gateway knew of it is forgotten then, as at a restart.
 */
final class GroupEnd {
    private static final Set<OwnershipState> IN_BETWEEN =
            EnumSet.of(OwnershipState.PROMOTING, OwnershipState.HANDING_OVER);

    private GroupEnd() {}

    /**
     * What stands against a change; empty: nothing.
     *
     * @param settings of the group from then on; empty: it is removed
     */
    static Optional<String> objection(
            GroupId id, Ownership ownership, Leaving leaving, Optional<GatewayConfig.Group> settings) {
        Optional<String> ofVms = leaving.objection(settings.orElseGet(() -> withoutVms(id)));
        return settings.isPresent() ? ofVms : ofVms.or(() -> ofGroup(id, ownership));
    }

    private static Optional<String> ofGroup(GroupId id, Ownership ownership) {
        if (ownership.hasAsked()) {
            return Optional.of(hasAsked(id));
        }
        return IN_BETWEEN.contains(ownership.state())
                ? Optional.of("group " + id + " is " + ownership.state() + ": try again when its owner is settled")
                : Optional.empty();
    }

    /** That an open request stands against a change, in words. */
    static String hasAsked(GroupId id) {
        return "group " + id + " has asked the witness, which may still grant that: try again in a moment";
    }

    /** The settings of a group without anything. */
    static GatewayConfig.Group withoutVms(GroupId id) {
        return new GatewayConfig.Group(id, List.of(), List.of(), List.of());
    }
}
