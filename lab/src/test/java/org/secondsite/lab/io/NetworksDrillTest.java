package org.secondsite.lab.io;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.Network;

/**
 * Every process of the owner's site dies while the gateways are bumps in the wire, hear by libpcap, and clients speak IPv4 and IPv6.
 * {@link NetworksKillDrill} has each network apart.
 */
@Tag("lab")
class NetworksDrillTest {
    @Test
    void connectionsOfBothFamiliesSurviveTheDeathOfASiteBehindABumpThatHearsByLibpcap() throws IOException {
        NetworksKillDrill.kills(
                "networks",
                Network.USUAL
                        .withMode(Network.Mode.TRANSPARENT)
                        .withPort(Network.Port.PCAP4J)
                        .withFamilies(Network.Families.DUAL),
                1);
    }
}
