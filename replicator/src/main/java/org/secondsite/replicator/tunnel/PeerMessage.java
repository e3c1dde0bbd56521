package org.secondsite.replicator.tunnel;

import java.util.List;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;

/** What gateways tell each other beside epochs. Small, idempotent, and said again after every reconnect. */
public sealed interface PeerMessage {
    /** A record that this site learnt from the witness. */
    record RecordNews(OwnershipRecord ownership) implements PeerMessage {}

    /**
     * What this site can do as the standby of a group.
     *
     * @param group the group
     * @param ready whether the sinks of all its VMs are there and take epochs
     * @param imageGeneration changes whenever this site has lost an image that it held; the owner then begins anew
     * @param burnedTerm the highest term in which this site asked for promotion, 0 if in none; it acknowledges no epoch of that
     *     term or one before
     * @param reason why it is not ready, in words
     */
    record StandbyState(GroupId group, boolean ready, long imageGeneration, long burnedTerm, String reason)
            implements PeerMessage {}

    /** As the owner of a group under this term, or a later one: every VM of the group runs at this site. */
    record VmsActive(GroupId group, long term) implements PeerMessage {}

    /** What the agent of a VM says of its machine or disks to the one at the other site. Only where both ends can. */
    record OfDisks(GroupId group, VmId vm, DiskTalk talk) implements PeerMessage {}

    /**
     * As the owner of a group under this term: what a takeover is to activate. Where both ends know of members.
     *
     * @param generation grows with every other set that this gateway's process says
     * @param members the VMs that a takeover activates, and no others
     * @param joining VMs that are to become members once the standby holds an image of them
     * @param takeover what this process has activated, if it owns the group by a takeover
     */
    record Members(GroupId group, long term, long generation, List<VmId> members, List<VmId> joining, Takeover takeover)
            implements PeerMessage {
        /** The most VMs of a group: the message has to fit in a frame. */
        public static final int MAX_VMS = 500;

        /** Copies the lists. */
        public Members {
            members = List.copyOf(members);
            joining = List.copyOf(joining);
            if (members.size() + joining.size() > MAX_VMS) {
                throw new IllegalArgumentException("more than " + MAX_VMS + " VMs in group " + group);
            }
        }
    }

    /**
     * A takeover.
     *
     * @param term the term by which it was granted; 0: there was none
     * @param activated the VMs that went on here from their images, whatever became of them since
     */
    record Takeover(long term, List<VmId> activated) {
        /** That of a process that owns the group by none. */
        public static final Takeover NONE = new Takeover(0, List.of());

        /** Copies the list. */
        public Takeover {
            activated = List.copyOf(activated);
        }
    }

    /**
     * As the standby of a group: what became of {@link Members}.
     *
     * @param seen the generation that was said last
     * @param taken the generation of the set that a takeover here would activate; 0 for none
     * @param lacks why this site cannot keep an image of a VM, at most {@value Members#MAX_VMS}
     */
    record MembersTaken(GroupId group, long seen, long taken, List<Lack> lacks) implements PeerMessage {
        /** Copies the list. */
        public MembersTaken {
            lacks = List.copyOf(lacks);
        }
    }

    /** What a VM lacks at a site, in words. */
    record Lack(VmId vm, String words) {}

    /**
     * As the owner of a group: what stands here against VMs of it being protected. Where both ends know of views.
     *
     * @param lacks at most {@value Members#MAX_VMS}
     */
    record OwnerLacks(GroupId group, List<Lack> lacks) implements PeerMessage {
        /** Copies the list. */
        public OwnerLacks {
            lacks = List.copyOf(lacks);
        }
    }

    /**
     * As the owner of a group: what was ticked and unticked here, and the other site's file does not say, as far as is known. At most
     * {@value Members#MAX_VMS} together. Where both ends know of ticks.
     */
    record TicksMade(GroupId group, List<VmId> ticked, List<VmId> unticked) implements PeerMessage {
        /** Copies the lists. */
        public TicksMade {
            ticked = List.copyOf(ticked);
            unticked = List.copyOf(unticked);
            if (ticked.size() + unticked.size() > Members.MAX_VMS) {
                throw new IllegalArgumentException("more than " + Members.MAX_VMS + " ticks in group " + group);
            }
        }
    }

    /**
     * Of what this site's file says and the other site's should say as well, its <i>view</i>. A view is a set of names with values; its
     * digest is of 64 hexadecimal digits. Where both ends know of views.
     */
    sealed interface OfViews extends PeerMessage {
        /** The digest of the view that this is about. */
        String digest();
    }

    /** This is the digest of the view here. */
    record ViewDigest(String digest) implements OfViews {
        /** Checks the digest. */
        public ViewDigest {
            requireDigest(digest);
        }
    }

    /** The other site is to say its view, of this digest. */
    record ViewAsked(String digest) implements OfViews {
        /** Checks the digest. */
        public ViewAsked {
            requireDigest(digest);
        }
    }

    /**
     * A part of the view here.
     *
     * @param digest of the whole
     * @param part which one, from 0
     * @param parts how many there are, {@value #MAX_PARTS} at most
     * @param entries values by name
     */
    record ViewPart(String digest, int part, int parts, List<Entry> entries) implements OfViews {
        /** The most parts of a view. */
        public static final int MAX_PARTS = 256;

        /** Names and values of a part have so many bytes at most: the message has to fit in a frame. */
        public static final int MAX_BYTES = 32 << 10;

        /** The longest name or value, in bytes. */
        public static final int MAX_TEXT_BYTES = 300;

        /** Checks the numbers. */
        public ViewPart {
            requireDigest(digest);
            entries = List.copyOf(entries);
            if (parts < 1 || parts > MAX_PARTS || part < 0 || part >= parts) {
                throw new IllegalArgumentException("part " + part + " of " + parts);
            }
        }

        /**
         * A name and its value.
         *
         * @param name printable ASCII, as the value is
         */
        public record Entry(String name, String value) {}
    }

    private static void requireDigest(String digest) {
        if (!digest.matches("[0-9a-f]{64}")) {
            throw new IllegalArgumentException("no digest");
        }
    }

    /** Whether it is understood by an end with which this is spoken. */
    default boolean isPartOf(Dialect dialect) {
        return switch (this) {
            case RecordNews _, StandbyState _, VmsActive _ -> true;
            case OfDisks said -> dialect.has(said.talk().needs());
            case Members _, MembersTaken _ -> dialect.has(Capability.MEMBERS);
            case OwnerLacks _, OfViews _ -> dialect.has(Capability.VIEWS);
            case TicksMade _ -> dialect.has(Capability.TICKS);
        };
    }
}
