package org.secondsite.gateway.group;

import java.util.Map;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;

/** What a gateway that starts remembers of the members of its groups. See {@link MemberMemory}. */
public sealed interface Recollection {
    /** What a VM that is here, and is no member, may be beside what the other site runs. */
    enum Copy {
        /** The other site does not have it. */
        ONLY,
        /** The other site has gone on from it, or would have. */
        OLDER,
        /** Either, and the other site knows. */
        DOUBTFUL
    }

    /**
     * Of one group.
     *
     * @param ownedTerm the term in which this site came to own the group last; 0 if it never did
     * @param outside the ticked VMs that are no members, or of which nobody knows; every other one is seated at a start
     * @param members the VMs that the other site may go on from, or has; see {@link FormerMembers}
     */
    record OfGroup(long ownedTerm, Map<VmId, Copy> outside, Set<VmId> members) {
        /** Nothing was ever known. */
        static final OfGroup NOTHING = new OfGroup(0, Map.of());

        /** Copies the collections. */
        public OfGroup {
            outside = Map.copyOf(outside);
            members = Set.copyOf(members);
        }

        /** Of a group without members. */
        public OfGroup(long ownedTerm, Map<VmId, Copy> outside) {
            this(ownedTerm, outside, Set.of());
        }
    }

    /** It keeps nothing on any disk, and starts as if every ticked VM were a member. */
    record None() implements Recollection {}

    /**
     * What it kept is lost, or there was never anything: only the first record of a group says that nobody can have gone on from what
     * runs here.
     *
     * @param reason in words
     */
    record Lost(String reason) implements Recollection {}

    /** This was kept last; a group that is not among them is new. */
    record Known(Map<GroupId, OfGroup> groups) implements Recollection {
        /** Copies the map. */
        public Known {
            groups = Map.copyOf(groups);
        }
    }
}
