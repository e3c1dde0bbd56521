package org.secondsite.simulator;

import java.util.Set;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** What a gateway that lies says of the record. */
final class Lie {
    private Lie() {}

    /**
     * A record that nobody has granted.
     *
     * @param known the term that the deceived gateway knows
     * @param site the deceived one
     * @param which who is to own the group, in which term, and who is in sync
     */
    static OwnershipRecord about(long known, SiteId site, int which) {
        long term =
                switch (which / 4 % 4) {
                    case 0 -> known + 1;
                    case 1 -> known + 2;
                    case 2 -> known + 9_000;
                    default -> Long.MAX_VALUE;
                };
        SiteId owner = which % 2 == 0 ? site : World.other(site);
        Set<SiteId> inSync = which / 2 % 2 == 0 ? Set.of(owner) : Set.of(World.A, World.B);
        return new OwnershipRecord(World.GROUP, term, term == Long.MAX_VALUE ? known : term - 1, owner, inSync);
    }
}
