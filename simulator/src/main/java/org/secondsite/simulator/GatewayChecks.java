package org.secondsite.simulator;

import java.util.EnumSet;
import java.util.Set;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.MemberPhase;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.ownership.OwnershipState;

/** What a gateway says of itself after each event, brought before the {@link SafetyChecks}. */
final class GatewayChecks {
    private static final Set<OwnershipState> ACTS = EnumSet.of(
            OwnershipState.PROTECTED, OwnershipState.HANDING_OVER, OwnershipState.SOLO, OwnershipState.SYNCING);

    private GatewayChecks() {}

    static void look(SafetyChecks checks, SiteId site, ProtectionGroup group) {
        OwnershipState state = group.ownership().state();
        group.ownership().record().ifPresent(record -> {
            checks.told(site, record);
            boolean isPromoted =
                    state == OwnershipState.PROMOTING && record.owner().equals(site);
            if (isPromoted || ACTS.contains(state)) {
                checks.acts(site, record.term());
            }
        });
        boolean isMember = VmInGroup.phase(group) == MemberPhase.MEMBER;
        checks.promises(site, state == OwnershipState.PROTECTED && isMember);
    }
}
