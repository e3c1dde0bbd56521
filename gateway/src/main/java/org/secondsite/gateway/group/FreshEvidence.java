package org.secondsite.gateway.group;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.secondsite.config.EpochId;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;

/**
 * After a standstill of this process its data plane releases nothing until this site has fresh evidence that it still owns the
 * group: another site may have been told meanwhile that it does.
 *
 * <p>Whoever owns the group alone cannot have been replaced. Otherwise the witness is asked; and because nothing changes while
 * only the witness is lost, the peer's acknowledgement of an epoch that was sent afterwards is as good: a standby gives none
 * after it has asked to take over.
 */
final class FreshEvidence {
    private final GroupId group;
    private final GroupVms vms;
    private final Orders orders;
    private final BooleanSupplier standsAlone;
    private Optional<Reassurance> wanted = Optional.empty();

    FreshEvidence(GroupId group, GroupVms vms, Orders orders, BooleanSupplier standsAlone) {
        this.group = group;
        this.vms = vms;
        this.orders = orders;
        this.standsAlone = standsAlone;
    }

    /** The data plane has noticed a standstill. */
    void stoodStill(long standstill) {
        Map<VmId, EpochId> sent = new LinkedHashMap<>();
        vms.each(vm -> sent.put(vm.id(), vm.source().lastSent()));
        wanted = Optional.of(new Reassurance(standstill, sent, orders.nowNanos()));
        seek();
    }

    /** Goes on, or asks for evidence, if it is time to. */
    void seek() {
        if (wanted.isEmpty() || !wanted.get().due(orders.nowNanos())) {
            return;
        }
        if (standsAlone.getAsBoolean()) {
            found();
        } else {
            orders.give(new SiteOrder.Read(group, wanted.get().standstill()));
        }
    }

    /** A question was answered, or never will be; tells whether the answer is evidence still. */
    boolean answered(SiteOrder.Read question) {
        Optional<Reassurance> current = wanted.filter(r -> r.standstill() == question.standstill());
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
        wanted.ifPresent(r -> vms.each(vm -> orders.give(new SiteOrder.GoOn(vm.id(), r.standstill()))));
        wanted = Optional.empty();
    }
}
