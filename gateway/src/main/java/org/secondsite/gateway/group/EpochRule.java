package org.secondsite.gateway.group;

import java.util.Optional;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.replicator.Epoch;

/** Which epochs a site keeps that come from the other one. */
final class EpochRule {
    private final Ownership ownership;
    private final PeerTalk talk;
    private final Hearsay hearsay;

    /** Why an epoch is not kept. */
    record Refusal(EpochRefusal reason, String words) {}

    EpochRule(Ownership ownership, PeerTalk talk, Hearsay hearsay) {
        this.ownership = ownership;
        this.talk = talk;
        this.hearsay = hearsay;
    }

    /** Why an epoch of the VM is not kept; empty: nothing that is known beforehand stands against it. */
    Optional<Refusal> refusal(VmAtSite vm, Epoch whole) {
        long term = whole.header().epoch().term();
        if (hearsay.isDisplaced()) {
            return because(EpochRefusal.NOT_STANDBY, PeerTalk.DISPLACED);
        }
        if (!ownership.acceptsEpochs()) {
            return because(
                    term < ownership.term() ? EpochRefusal.STALE_TERM : EpochRefusal.NOT_STANDBY,
                    "this site is " + ownership.state() + " in term " + ownership.term());
        }
        if (term > ownership.keptTerm()) {
            return because(EpochRefusal.UNKNOWN_TERM, "its term is not known here, only " + ownership.keptTerm());
        }
        if (term <= talk.burnedTerm()) {
            return because(EpochRefusal.STALE_TERM, "this site has asked to take over in term " + talk.burnedTerm());
        }
        if (!vm.canKeepReplica()) {
            return because(EpochRefusal.NO_AGENT, "no agent beside its hypervisor");
        }
        return whole.header()
                .disks()
                .mismatch(vm.session().orElseThrow().disks())
                .map(words -> new Refusal(EpochRefusal.DISKS, words));
    }

    private static Optional<Refusal> because(EpochRefusal reason, String words) {
        return Optional.of(new Refusal(reason, words));
    }
}
