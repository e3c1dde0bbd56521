package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.VmId;

class AgentCertificatesTest {
    private static final VmId VM1 = new VmId("vm1");
    private static final VmId VM2 = new VmId("vm2");
    private static final Instant END = Instant.parse("2030-01-31T00:00:00Z");

    private final List<String> alarms = new ArrayList<>();
    private Instant now = END.minus(Duration.ofDays(31));
    private final AgentCertificates watch = new AgentCertificates((vm, what) -> alarms.add(vm + " " + what), () -> now);

    @Test
    void aHostsCertificateIsWarnedOfThirtyDaysAheadOnceADayUntilItIsRenewed() {
        watch.look(VM1, END);
        assertEquals(List.of(), alarms);
        now = END.minus(Duration.ofDays(29));
        watch.look(VM1, END);
        watch.look(VM1, END);
        watch.look(VM2, END.plus(Duration.ofDays(300)));
        assertEquals(
                List.of("vm1 the certificate of the host of its agent ends at 2030-01-31T00:00:00Z:"
                        + " it is to be renewed there"),
                alarms);
        now = now.plus(Duration.ofDays(1));
        watch.look(VM1, END);
        assertEquals(2, alarms.size(), "a day later again");
        watch.look(VM1, END.plus(Duration.ofDays(365)));
        now = now.plus(Duration.ofDays(1));
        watch.look(VM1, END.plus(Duration.ofDays(365)));
        assertEquals(2, alarms.size(), "renewed");
    }
}
