package org.secondsite.lab.io;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.Network;
import org.secondsite.lab.plan.Site;

/** Every process of the owner's site dies, in the networks that a lab does not have unless it is asked for them. */
@Tag("lab")
class NetworksDrillTest {
    @Test
    void connectionsSurviveTheDeathOfTheOwnersSite() throws IOException {
        kills("networks", Network.USUAL.withMode(Network.Mode.TRANSPARENT), 1);
    }

    /** The judges are there from before the first kill to after the last; after each, the other site is brought back. */
    private static void kills(String test, Network network, int number) throws IOException {
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
