package org.secondsite.gateway;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.replicator.Capability;

/**
 * What a gateway that remembers no term waits for before it calls the witness: that its agents have told which terms they remember. It may be
 * new; or its disk was lost, and perhaps the witness's with it, which must not decide before it knows better. Agents call within half a
 * second; one that is away is not waited for long. Thread-safe.
 */
final class FirstTerms {
    static final int PATIENCE_MS = 2000;

    private final Set<VmId> missing;
    private final CountDownLatch heard = new CountDownLatch(1);

    /** Of the agents of these VMs. */
    FirstTerms(Collection<VmId> vms) {
        missing = new HashSet<>(vms);
        countDown();
    }

    /** Something that an agent says was dealt with; one of an earlier release tells no terms. */
    synchronized void took(SiteEvent event) {
        switch (event) {
            case SiteEvent.ActedUnder told -> missing.remove(told.vm());
            case SiteEvent.Attached attached
            when !attached.session().dialect().has(Capability.TERMS) ->
                missing.remove(attached.session().vm());
            default -> {}
        }
        countDown();
    }

    private void countDown() {
        if (missing.isEmpty()) {
            heard.countDown();
        }
    }

    /** Whether all have told. Waits for that, for a bounded time. */
    boolean await() throws InterruptedException {
        return heard.await(PATIENCE_MS, TimeUnit.MILLISECONDS);
    }
}
