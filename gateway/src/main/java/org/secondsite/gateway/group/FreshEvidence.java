package org.secondsite.gateway.group;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;

/**
 * While there is a doubt of one kind, the data plane releases nothing of this group until this site has fresh evidence that it still
 * owns it: another site may have been told meanwhile that it does.
 *
 * <p>The witness is asked; and because nothing changes while only the witness is lost, the peer's acknowledgement of an epoch that
 * was sent afterwards is as good: a standby gives none after it has asked to take over, or has been told that it owns the group. After
 * a standstill, whoever owned the group alone cannot have been replaced.
 */
final class FreshEvidence {
    private final GroupId group;
    private final GroupVms vms;
    private final Orders orders;
    private final BooleanSupplier needsNone;
    private Optional<Reassurance> wanted = Optional.empty();

    FreshEvidence(GroupId group, GroupVms vms, Orders orders, BooleanSupplier needsNone) {
        this.group = group;
        this.vms = vms;
        this.orders = orders;
        this.needsNone = needsNone;
    }

    /** Evidence is wanted that is newer than this doubt. */
    void want(Doubt doubt) {
        Map<VmId, EpochId> sent = new LinkedHashMap<>();
        vms.each(vm -> sent.put(vm.id(), vm.source().lastSent()));
        wanted = Optional.of(new Reassurance(doubt, sent, orders.nowNanos()));
        seek();
    }

    /** Goes on, or asks for evidence, if it is time to. */
    void seek() {
        if (wanted.isEmpty() || !wanted.get().due(orders.nowNanos())) {
            return;
        }
        if (needsNone.getAsBoolean()) {
            found();
        } else {
            orders.give(new SiteOrder.Read(group, wanted.get().doubt()));
        }
    }

    /** A question was answered, or never will be; tells whether the answer is evidence still. */
    boolean answered(SiteOrder.Read question) {
        Optional<Reassurance> current = wanted.filter(r -> r.doubt().equals(question.doubt()));
        current.ifPresent(Reassurance::answered);
        return current.isPresent();
    }

    /** The peer has acknowledged an epoch. */
    void acknowledged(VmId vm, EpochId epoch) {
        if (wanted.filter(r -> r.provedBy(vm, epoch)).isPresent()) {
            found();
        }
    }

    /** This site is the owner still, or has nothing left to hold back. */
    void found() {
        // Also those that are no members: a standstill closes all.
        wanted.ifPresent(r -> vms.all().forEach(vm -> orders.give(new SiteOrder.ReleaseAgain(vm.id(), r.doubt()))));
        wanted = Optional.empty();
    }

    /** Whether evidence is wanted. */
    boolean wanted() {
        return wanted.isPresent();
    }
}
