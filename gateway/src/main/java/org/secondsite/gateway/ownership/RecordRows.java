package org.secondsite.gateway.ownership;

import static org.secondsite.gateway.ownership.Guard.*;
import static org.secondsite.gateway.ownership.Occurrence.*;
import static org.secondsite.gateway.ownership.OwnershipState.*;

import java.util.EnumSet;

/** The rows of {@link OwnershipTable} about records, whoever tells them. */
final class RecordRows {
    private RecordRows() {}

    static void all() {
        hearsay();
        othersRecords();
        ownRecords();
    }

    private static void hearsay() {
        // Closed as it is, an answer that is on its way, and older than what was heard, would open it.
        OwnershipTable.on(
                UNKNOWN,
                HEARSAY,
                ELSE,
                "let nothing out that an older answer would open; ask the witness",
                UNKNOWN,
                (g, e) -> g.doubt((OwnershipEvent.RecordPassedOn) e));
        OwnershipTable.on(
                STANDBY,
                HEARSAY,
                ELSE,
                "ask the witness; keep what the owner sends in that term",
                STANDBY,
                (g, e) -> g.doubt((OwnershipEvent.RecordPassedOn) e));
        OwnershipTable.on(
                FENCED, HEARSAY, ELSE, "ask the witness", FENCED, (g, e) -> g.doubt((OwnershipEvent.RecordPassedOn) e));
        OwnershipTable.each(
                EnumSet.of(PROTECTED, HANDING_OVER, SOLO, SYNCING, PROMOTING),
                HEARSAY,
                "let nothing out; ask the witness who owns the group",
                (g, e) -> g.doubt((OwnershipEvent.RecordPassedOn) e));
    }

    private static void othersRecords() {
        OwnershipTable.stay(OwnershipTable.ANY, NO_NEWS, "nothing");
        OwnershipTable.on(UNKNOWN, OTHERS, NO_VM_HERE, "fence; stand by", STANDBY, (g, e) -> g.fenceAndStandBy());
        OwnershipTable.on(
                UNKNOWN, OTHERS, ELSE, "fence; keep what may run here, shut off", FENCED, (g, e) -> g.fence());
        OwnershipTable.on(
                STANDBY, OTHERS, ELSE, "stand by under the new term", STANDBY, (g, e) -> g.enterStandby(g.how()));
        OwnershipTable.on(
                PROMOTING,
                OTHERS,
                NOT_GRANTED,
                "stand by: another request was granted",
                STANDBY,
                (g, e) -> g.enterStandby(g.how()));
        // Granted, and overruled by an operator since: output was opened, and VMs may be starting.
        OwnershipTable.on(
                PROMOTING,
                OTHERS,
                NO_VM_HERE,
                "fence what was granted; stand by",
                STANDBY,
                (g, e) -> g.fenceAndStandBy());
        OwnershipTable.on(
                PROMOTING,
                OTHERS,
                ELSE,
                "fence; keep what may be starting here, shut off",
                FENCED,
                (g, e) -> g.fence());
        for (OwnershipState owner : OwnershipTable.OWNERS) {
            OwnershipTable.on(
                    owner,
                    OTHERS,
                    NO_VM_HERE,
                    "fence, end the checkpoints; stand by",
                    STANDBY,
                    (g, e) -> g.fenceAndStandBy());
            OwnershipTable.on(
                    owner,
                    OTHERS,
                    ELSE,
                    "fence, end the checkpoints; keep the VMs, shut off, until the other site runs them",
                    FENCED,
                    (g, e) -> g.fence());
        }
        OwnershipTable.on(FENCED, OTHERS, NO_VM_HERE, "fence; stand by", STANDBY, (g, e) -> g.fenceAndStandBy());
        OwnershipTable.on(FENCED, OTHERS, ELSE, "fence under the new term", FENCED, (g, e) -> g.fenceAgain());
    }

    private static void ownRecords() {
        ownRecordsOfARestarted();
        ownRecordsOfAStandby();
        ownRecordsOfAnOwner();
    }

    private static void ownRecordsOfARestarted() {
        for (OwnershipState restarted : EnumSet.of(UNKNOWN, FENCED)) {
            OwnershipTable.on(
                    restarted,
                    OWN_GRANTED,
                    ELSE,
                    "let output pass, announce, take the switches",
                    SOLO,
                    (g, e) -> g.enterSolo(g.how()));
        }
        for (Occurrence told : EnumSet.of(OWN_ALONE, OWN_IN_SYNC, OWN_SKIPPED)) {
            OwnershipTable.on(
                    UNKNOWN,
                    told,
                    ELSE,
                    "stay closed; ask to stand alone under a term of its own, with a standby in sync only once the VM is here",
                    UNKNOWN,
                    (g, e) -> g.ownAfterRestart());
            OwnershipTable.on(
                    FENCED,
                    told,
                    ELSE,
                    "fence, announce nothing; start over as a restarted owner: nobody here has asked for that",
                    UNKNOWN,
                    (g, e) -> g.startOver(", which nobody here has asked for"));
        }
    }

    private static void ownRecordsOfAStandby() {
        for (OwnershipState standby : EnumSet.of(STANDBY, PROMOTING)) {
            for (Occurrence told : EnumSet.of(OWN_GRANTED, OWN_ALONE)) {
                OwnershipTable.on(
                        standby,
                        told,
                        IMAGE_HELD,
                        "acknowledge nothing more, start the VMs, announce, take the switches, open the way",
                        PROMOTING,
                        (g, e) -> g.promote());
                OwnershipTable.on(
                        standby,
                        told,
                        ELSE,
                        "alarm: an operator must start the VM",
                        SOLO,
                        (g, e) -> g.ownWithoutImage());
            }
            OwnershipTable.on(
                    standby,
                    OWN_IN_SYNC,
                    ELSE,
                    "fence, announce nothing; start over as a restarted owner: nobody here has asked for that",
                    UNKNOWN,
                    (g, e) -> g.startOver(", which nobody here has asked for"));
            OwnershipTable.on(
                    standby,
                    OWN_SKIPPED,
                    ELSE,
                    "alarm: an operator must start the VM",
                    SOLO,
                    (g, e) -> g.ownWithoutImage());
        }
    }

    private static void ownRecordsOfAnOwner() {
        for (OwnershipState owner : OwnershipTable.OWNERS) {
            for (Occurrence told : EnumSet.of(OWN_GRANTED, OWN_ALONE)) {
                OwnershipTable.on(
                        owner,
                        told,
                        ELSE,
                        "end the checkpoints, let output pass",
                        SOLO,
                        (g, e) -> g.enterSolo(g.how()));
            }
            OwnershipTable.on(
                    owner,
                    OWN_SKIPPED,
                    ELSE,
                    "fence, end the checkpoints, announce nothing; start over as a restarted owner",
                    UNKNOWN,
                    (g, e) -> g.startOver(", after a term that was missed"));
        }
        OwnershipTable.on(
                SYNCING,
                OWN_IN_SYNC,
                OUTPUT_HELD,
                "number epochs under the new term; ask to stand alone if the standby went away meanwhile",
                PROTECTED,
                (g, e) -> g.protect());
        OwnershipTable.on(
                PROTECTED,
                OWN_IN_SYNC,
                RENEWAL_ASKED,
                "number epochs under the new term, take the switches; ask to stand alone if the standby went away meanwhile",
                PROTECTED,
                (g, e) -> g.renewed());
        for (OwnershipState owner : OwnershipTable.OWNERS) {
            OwnershipTable.on(
                    owner,
                    OWN_IN_SYNC,
                    ELSE,
                    "hold output, and ask to stand alone: nobody here has asked for that",
                    PROTECTED,
                    (g, e) -> g.protectUnasked());
        }
    }
}
