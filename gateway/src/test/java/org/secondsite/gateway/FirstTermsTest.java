package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;

class FirstTermsTest {
    private static final VmId VM1 = new VmId("vm1");
    private static final VmId VM2 = new VmId("vm2");

    @Test
    void aGatewayThatProtectsNothingWaitsForNobody() throws InterruptedException {
        assertTrue(new FirstTerms(List.of()).await());
    }

    @Test
    void theWaitIsOverWhenEveryAgentHasToldAlsoThatItRemembersNothing() throws InterruptedException {
        FirstTerms terms = new FirstTerms(List.of(VM1, VM2));
        terms.took(new SiteEvent.ActedUnder(VM1, 7));
        terms.took(new SiteEvent.Tick(Map.of()));
        terms.took(new SiteEvent.ActedUnder(VM2, 0));
        assertTrue(terms.await());
    }
}
