package org.secondsite.gateway;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.VmAtSite;

/**
 * Warns of the certificates by which agents have proved their hosts, {@value #DAYS} days before they end, once a day each: with the end of its
 * certificate an agent's connection ends, and its VM's protection. The host warns in its own log, which nobody may read. Conductor thread
 * only.
 */
final class AgentCertificates {
    private static final int DAYS = 30;
    private static final Duration LOOK = Duration.ofMinutes(1);
    private static final Duration AGAIN = Duration.ofDays(1);

    private record Told(Instant end, Instant at) {}

    private final BiConsumer<VmId, String> alarm;
    private final Supplier<Instant> clock;
    private final Map<VmId, Told> told = new HashMap<>();
    private long lookedNanos;
    private boolean looked;

    /**
     * Has looked at nothing yet.
     *
     * @param alarm is told in words what is to be done, and because of which VM
     */
    AgentCertificates(BiConsumer<VmId, String> alarm, Supplier<Instant> clock) {
        this.alarm = alarm;
        this.clock = clock;
    }

    /** Time passes: looks once a minute. */
    void tick(Iterable<ProtectionGroup> groups, long nowNanos) {
        if (looked && nowNanos - lookedNanos < LOOK.toNanos()) {
            return;
        }
        looked = true;
        lookedNanos = nowNanos;
        for (ProtectionGroup group : groups) {
            for (VmAtSite vm : group.everyone()) {
                vm.session().flatMap(session -> session.certificateEnd()).ifPresent(end -> look(vm.id(), end));
            }
        }
    }

    /** An agent's certificate ends then. */
    void look(VmId vm, Instant end) {
        Instant now = clock.get();
        Told last = told.get(vm);
        boolean news = last == null
                || !last.end().equals(end)
                || Duration.between(last.at(), now).compareTo(AGAIN) >= 0;
        if (news && now.isAfter(end.minus(Duration.ofDays(DAYS)))) {
            told.put(vm, new Told(end, now));
            alarm.accept(vm, "the certificate of the host of its agent ends at " + end + ": it is to be renewed there");
        }
    }
}
