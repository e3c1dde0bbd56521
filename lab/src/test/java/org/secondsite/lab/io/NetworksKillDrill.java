package org.secondsite.lab.io;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.plan.Network;
import org.secondsite.lab.plan.Site;

/** The long form of {@link NetworksDrillTest}: {@code -Dsecondsite.kills=10} kills of either site in each network, clients of both families. */
@Tag("lab")
@Timeout(7200)
class NetworksKillDrill {
    private static final int KILLS = Integer.getInteger("secondsite.kills", 10);
    private static final Network DUAL = Network.USUAL.withFamilies(Network.Families.DUAL);

    @Test
    void routed() throws IOException {
        kills("networks-routed", DUAL, KILLS);
    }

    @Test
    void transparent() throws IOException {
        kills("networks-transparent", DUAL.withMode(Network.Mode.TRANSPARENT), KILLS);
    }

    @Test
    void byLibpcap() throws IOException {
        kills("networks-pcap4j", DUAL.withPort(Network.Port.PCAP4J), KILLS);
    }

    /** The judges are there from before the first kill to after the last; between kills, the site that died comes back. */
    static void kills(String test, Network network, int number) throws IOException {
        try (JudgedLab drill = JudgedLab.up(test, options -> options.withNetwork(network))) {
            Site owner = Site.A;
            for (int kill = 1; kill <= number; kill++) {
                if (kill > 1) {
                    drill.lab().start("site:" + owner.peer().id());
                    drill.site(owner).await("PROTECTED", 60);
                }
                drill.run(1_000);
                System.out.println(SiteKill.kill(drill.lab(), owner, drill.client()));
                drill.requireServiceOnEveryConnection();
                owner = owner.peer();
            }
            drill.judge(number);
        }
    }
}
