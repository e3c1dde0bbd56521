package org.secondsite.simulator;

import java.util.EnumSet;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.gateway.group.MemberPhase;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.ownership.OwnershipState;

/** What the one VM is to its group at a site. */
final class VmInGroup {
    private static final Set<OwnershipState> MAY_TAKE_OVER =
            EnumSet.of(OwnershipState.STANDBY, OwnershipState.PROMOTING);

    /** What a gateway says that cannot know whether the VM is the newest. */
    static final String DOUBT = "'vouch'";

    /** What a standby says that has a VM of its own. */
    static final String RUNS_THERE = "it runs there";

    private VmInGroup() {}

    /** How far it is from being a member; WAITING if it is not ticked. */
    static MemberPhase phase(ProtectionGroup group) {
        return group.everyone().stream().map(group::phase).findFirst().orElse(MemberPhase.WAITING);
    }

    /** Why it is no member, in words. */
    static String waitsFor(ProtectionGroup group) {
        return group.everyone().stream().map(group::waitsFor).findFirst().orElse("");
    }

    /** Whether the site is a standby, or asks to take over, and has an image of the VM as that of a member. */
    static boolean wouldBeActivated(ProtectionGroup group) {
        return MAY_TAKE_OVER.contains(group.ownership().state())
                && phase(group) == MemberPhase.MEMBER
                && group.everyone().stream().noneMatch(vm -> vm.replica().held().equals(EpochId.NONE));
    }

    /** Whether it is held, and no member yet. */
    static boolean isHeldToJoin(ProtectionGroup group) {
        return phase(group) == MemberPhase.HELD || phase(group) == MemberPhase.ADDING;
    }
}
