package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipEvent;
import org.secondsite.net.Backoff;
import org.secondsite.replicator.checkpoint.AgentSession;

/**
 * The terms that agents remember (safety rule NoTermTwice): each agent is told the term in force in its VM's group, and tells, when it
 * attaches, the highest one that it was ever told. The witness is told that, so it finds out that it has lost grants, also when both
 * gateways have lost their disks.
 *
 * <p>A term above the one in force makes the group wait until the witness says that its record is in force, which one that has lost
 * grants does not say before an operator has recovered it. If it is in force, the VM was in another group before, or its host lies; the
 * owner then asks for a newer term, because an agent serves nobody under a lower one than it has acted under. For each VM ever more rarely, at
 * last once a minute, whatever its host says by then: each term is a change of a record.
 */
final class ActedTerms {
    private static final int FIRST_WAIT_MS = 250;
    private static final int MAX_WAIT_MS = 60_000;
    private static final long MILLI = 1_000_000;

    /** What was said of a VM last. It stays when it is settled: the next one waits as long as this one would. */
    private static final class Claim {
        private final Backoff backoff = new Backoff(FIRST_WAIT_MS, MAX_WAIT_MS);
        private long term;
        private boolean doubted;
        private long dueNanos;

        private Claim(long nowNanos) {
            dueNanos = nowNanos;
        }
    }

    private record Told(AgentSession session, long term) {
        @SuppressWarnings("ReferenceEquality") // a session has no other identity
        boolean is(AgentSession other, long otherTerm) {
            return session == other && term == otherTerm;
        }
    }

    private final Orders orders;
    private final Map<VmId, Claim> claims = new HashMap<>();
    private final Map<VmId, Told> told = new HashMap<>();

    ActedTerms(Orders orders) {
        this.orders = orders;
    }

    /** The agent of a VM says that this term was acted under. */
    void said(ProtectionGroup group, VmId vm, long term) {
        if (group.hearsay().isAbsurd(term)) {
            orders.note(vm.name(), "agent-term", "refused: its agent remembers term " + term + ", which cannot be");
            return;
        }
        if (term > 0) {
            orders.give(new SiteOrder.TellTerm(group.id(), term));
        }
        Claim claim = claims.computeIfAbsent(vm, _ -> new Claim(orders.nowNanos()));
        claim.term = term;
        claim.doubted = false;
        look(group);
    }

    /** To be called now and then, and when a record may have changed. */
    void look(ProtectionGroup group) {
        long inForce = group.ownership().term();
        if (inForce == 0) {
            return;
        }
        for (VmAtSite vm : group.everyone()) {
            vm.session().ifPresent(session -> tell(vm.id(), session, inForce));
            Claim claim = claims.get(vm.id());
            if (claim != null && claim.term > inForce) {
                judge(group, vm.id(), claim);
            }
        }
    }

    /** Only these VMs are ticked from now on; of the others nothing is known when they come back. */
    void keep(Set<VmId> vms) {
        claims.keySet().retainAll(vms);
        told.keySet().retainAll(vms);
    }

    private void tell(VmId vm, AgentSession session, long inForce) {
        Told last = told.get(vm);
        if (last == null || !last.is(session, inForce)) {
            told.put(vm, new Told(session, inForce));
            orders.give(new SiteOrder.InForce(session, inForce));
        }
    }

    private void judge(ProtectionGroup group, VmId vm, Claim claim) {
        String words = "its agent remembers term " + claim.term + ", in force is "
                + group.ownership().term();
        if (!claim.doubted) {
            claim.doubted = true;
            if (group.hearsay().heard(claim.term)) {
                orders.note(vm.name(), "agent-term", words + "; the witness is asked");
            }
        } else if (!group.hearsay().evidence().wanted() && orders.nowNanos() - claim.dueNanos >= 0) {
            claim.dueNanos = orders.nowNanos() + claim.backoff.next() * MILLI;
            group.tell(new OwnershipEvent.TermContested("a newer term for " + vm + ": " + words));
        }
    }
}
