package org.secondsite.simulator;

/** What is checked in every schedule. The first six are the safety rules of the design and of {@code spec/ownership.pml}. */
public enum Rule {
    /** No packet of an epoch leaves a protected owner unless the standby holds the epoch completely. */
    RELEASED_IS_COMMITTED("ReleasedIsCommitted"),
    /** A term has one owner; terms only grow; a site acts for a group only under a term granted to it. */
    ONE_OWNER_PER_TERM("OneOwnerPerTerm"),
    /** The state that a promoted site activates contains every epoch whose output was released. */
    PROMOTED_HOLDS_ALL_RELEASED("PromotedHoldsAllReleased"),
    /** Output passes unheld only while the record says that the owner stands alone. */
    NO_SOLO_WHILE_PEER_IN_SYNC("NoSoloWhilePeerInSync"),
    /** Once a gateway has been told a higher term it releases nothing for that group. */
    NOTHING_AFTER_FENCE("NothingAfterFence"),
    /** A gateway that dies or restarts lets out nothing before the witness has told it its role. */
    FAIL_CLOSED("FailClosed"),

    /** Output passes unheld only when every flush that the VM was ever answered is on the disk. */
    DISK_BEFORE_OUTPUT("DiskBeforeOutput"),

    /** A VM's output passes unheld only when no takeover would activate it; one that joins, only when a takeover would. */
    MEMBERSHIP_BEFORE_OUTPUT("MembershipBeforeOutput"),

    /** A term is granted once for ever, also by a witness whose records were lost and restored from a copy. */
    NO_TERM_TWICE("NoTermTwice"),

    /** Of several gateways with one site's certificate, one lets out what the site owns. */
    ONE_GATEWAY_PER_SITE("OneGatewayPerSite"),

    /** A replica's disk is that of the very epoch whose RAM it holds. */
    DISK_OF_THE_EPOCH("DiskOfTheEpoch"),
    /** A standby that has asked for promotion in a term does not say again, after a break, what it acknowledged in it. */
    ASKING_BURNS_THE_TERM("AskingBurnsTheTerm"),
    /** A gateway that was replaced while it stood still sends nothing more, not even what is committed. */
    SILENT_AFTER_STANDSTILL("SilentAfterStandstill"),
    /** A standby whose gateway and agent live keeps its image: epochs reach the agent in the order in which they were kept. */
    IMAGE_STAYS("ImageStays"),
    /** The packets of a VM leave in the order in which they came, each at most once: the epoch buffer's own promise. */
    RELEASED_ONCE("ReleasedOnce"),
    /** A VM that was checkpointed to its end stands still until its gateway lets it run, or is gone. */
    KEPT_STANDS_STILL("KeptStandsStill"),
    /** The witness reads its log again after any power cut: the log's own promise. */
    LOG_LEGIBLE("LogLegible"),
    /** Nothing throws: a gateway's conductor would go on with half a decision carried out. */
    NOTHING_THROWS("NothingThrows"),
    /** Service and protection are back in bounded time after everything is mended, unless the VM's last copy died. */
    SERVICE_RETURNS("ServiceReturns");

    private final String title;

    Rule(String title) {
        this.title = title;
    }

    /** The name that it bears everywhere. */
    public String title() {
        return title;
    }
}
