package org.secondsite.simulator;

import java.util.Locale;

/**
 * Faults that are built in on purpose, to show that the checks can fail and that schedules reach what they must reach. Each
 * changes what stands around the production classes, never those: the data plane in front of the real epoch buffer, a tunnel's
 * end, a hypervisor, the witness's disk, or what a gateway is told.
 */
public enum Plant {
    RELEASE_ON_SEAL(Rule.RELEASED_IS_COMMITTED, "packets leave when their epoch is sealed, as with stock Xen Remus"),
    SEAL_AFTER_RESUME(Rule.RELEASED_IS_COMMITTED, "the VM runs on before its packets are sealed"),
    ACK_BEFORE_KEEP(Rule.RELEASED_IS_COMMITTED, "the standby's tunnel acknowledges what arrives before it is kept"),
    STALE_COMMIT_ACCEPTED(
            Rule.RELEASED_IS_COMMITTED,
            "an acknowledgement of an earlier chain counts for the same number in this one"),
    PROMOTE_WITHOUT_GRANT(Rule.ONE_OWNER_PER_TERM, "a standby that asks to take over does not wait for the answer"),
    VOTE_NOT_DURABLE(Rule.NO_TERM_TWICE, "the witness answers before its disk has the grant"),
    TERM_REUSED(Rule.NO_TERM_TWICE, "the witness restarts from a copy of its log that lacks the last grant"),
    RESTORED_WITNESS(Rule.NO_TERM_TWICE, "a copy that was restored is taken for all that was ever granted"),
    OLD_DISK_BELIEVED(
            Rule.NO_TERM_TWICE,
            "a witness that starts believes its disk, also if nobody has called yet who remembers a term"),
    DOUBT_BY_COUNTER(
            Rule.NO_TERM_TWICE,
            "a witness takes a term for one of its own that its counter has come past by grants to another group"),
    AGENTS_FORGET(Rule.NO_TERM_TWICE, "agents tell their gateways nothing of the terms that they remember"),
    /** An owner in doubt, that has heard of a later term, takes such an acknowledgement for evidence that it owns the group still. */
    ACK_AFTER_ASKING(
            Rule.NOTHING_AFTER_FENCE,
            "a standby that has asked to take over acknowledges epochs that it will not activate"),
    ANSWER_REPEATED(
            Rule.ASKING_BURNS_THE_TERM,
            "a standby that has asked to take over repeats after a break what it had acknowledged before"),
    RESYNC_MARKS_EARLY(
            Rule.PROMOTED_HOLDS_ALL_RELEASED, "the epoch that closes the gap counts as held when it is sent"),
    OLDER_IMAGE_ACTIVATED(
            Rule.PROMOTED_HOLDS_ALL_RELEASED, "the standby's agent starts the VM from what it has applied so far"),
    EPOCHS_OVERTAKE(Rule.IMAGE_STAYS, "epochs overtake each other on the way from the gateway to the standby's agent"),
    SOLO_WITHOUT_RECORD(Rule.NO_SOLO_WHILE_PEER_IN_SYNC, "an owner that lost its standby passes output and asks later"),
    NO_GATE_BEFORE_ASKING(
            Rule.NO_SOLO_WHILE_PEER_IN_SYNC, "output is held only when the standby's admission was granted"),
    RENEWED_AS_PROTECTED(
            Rule.NO_SOLO_WHILE_PEER_IN_SYNC,
            "an owner that stands alone asks for a newer term as if it had a standby in sync"),
    UNGATE_BY_READ(
            Rule.NO_SOLO_WHILE_PEER_IN_SYNC, "a read of the old record counts as the refusal of an open request"),
    PASS_BEFORE_DROPPED(
            Rule.MEMBERSHIP_BEFORE_OUTPUT,
            "a VM that leaves passes before the standby has said that it has dropped it"),
    GROUP_GONE_BEFORE_DROPPED(
            Rule.MEMBERSHIP_BEFORE_OUTPUT,
            "a group is removed before the standby has said that it has dropped its VMs"),
    RELEASE_BEFORE_FIRST_IMAGE(
            Rule.MEMBERSHIP_BEFORE_OUTPUT,
            "what is committed of a VM that joins is released before a takeover would activate it"),
    MEMBERS_DIFFER_AT_TAKEOVER(
            Rule.MEMBERSHIP_BEFORE_OUTPUT,
            "a standby says that it has taken a set of members with a VM that joins, and has not"),
    OLDER_COPY_PASSES(
            Rule.MEMBERSHIP_BEFORE_OUTPUT,
            "a VM passes that is no member, and that the other site has gone on from, where the group comes back"),
    UNTICKED_AT_START(
            Rule.MEMBERSHIP_BEFORE_OUTPUT,
            "a VM that the file ticks no more passes from the start on, though the standby would go on from it"),
    MEMORY_NOT_DURABLE(
            Rule.PROMOTED_HOLDS_ALL_RELEASED,
            "a gateway's disk says that it has what is known of members, and has it half a second later"),
    OLDER_COPY_FORGOTTEN(
            Rule.PROMOTED_HOLDS_ALL_RELEASED, "an older copy passes after a restart: the gateway remembers no members"),
    SOLO_WITHOUT_SYNC(Rule.DISK_BEFORE_OUTPUT, "an agent says that its disks are synced, and they are not"),
    DROPPED_CHECKPOINT_LOSES_BLOCKS(
            Rule.DISK_OF_THE_EPOCH, "what was written in an epoch that is not shipped is not part of the next one"),
    RESYNC_BY_TIMESTAMP(
            Rule.DISK_OF_THE_EPOCH,
            "what a former owner has written last is newer than what the owner sends, and stays"),
    BITMAP_CLEARED_BY_HANDSHAKE(
            Rule.DISK_OF_THE_EPOCH, "a standby that says which epoch it has is taken for one that has everything"),
    FENCE_FORGOTTEN(Rule.NOTHING_AFTER_FENCE, "an owner that is told of a higher term goes on"),
    RESTART_ASSUMES_OLD_ROLE(Rule.FAIL_CLOSED, "a restarted gateway passes output as it did before"),
    FLUSH_ON_CLOSE(Rule.FAIL_CLOSED, "a dying gateway flushes what it holds, as QEMU's filter-buffer does"),
    ORDERS_HALF_CARRIED_OUT(
            Rule.NO_SOLO_WHILE_PEER_IN_SYNC, "a gateway whose orders fail half-way goes on with the next event"),
    BELIEVED_GOSSIP(Rule.ONE_OWNER_PER_TERM, "a record that the peer passes on is taken for the witness's word"),
    CLONED_SITE(
            Rule.ONE_GATEWAY_PER_SITE,
            "gateways tell the witness no seat, so a copy of one is served when the original is silent"),
    STANDSTILL_NOT_NOTICED(
            Rule.SILENT_AFTER_STANDSTILL, "a gateway that stood still sends what may leave, as if it had not"),
    RESUMED_THOUGH_KEPT(
            Rule.KEPT_STANDS_STILL, "an agent resumes a VM after its last checkpoint that it was told to keep paused"),
    DUPLICATE_RELEASE(
            Rule.RELEASED_ONCE, "when held output may pass again, the packet that left last leaves once more");

    private final Rule rule;
    private final String words;

    Plant(Rule rule, String words) {
        this.rule = rule;
        this.words = words;
    }

    /** The rule whose check must find it. */
    public Rule rule() {
        return rule;
    }

    /** What it does. */
    public String words() {
        return words;
    }

    /** Its name on the command line. */
    public String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
