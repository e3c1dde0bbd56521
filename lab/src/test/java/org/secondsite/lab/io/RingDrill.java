package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.LabGroup;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.Site;

/**
 * Three sites in a ring: b stands by for a, c for b, and a for c. They die in turn, {@code -Dsecondsite.kills=6} of them, and
 * come back, and clients of all three guests keep their own record.
 */
@Tag("lab")
@Timeout(3600)
class RingDrill {
    private static final int KILLS = Integer.getInteger("secondsite.kills", 6);
    private static final int DELAY_MS = 5;
    private static final String PROTECTED = "PROTECTED";
    private static final int PATIENCE_SECONDS = 120;
    private static final Fleet RING = Fleet.RING;

    /** Three of each kind to each guest. */
    private static final OutsideClient.Traffic TRAFFIC = new OutsideClient.Traffic(9, 9, 20);

    private Lab lab;
    private OutsideClient client;

    @Test
    void sitesDieInTurnAndEveryGroupsClientsGoOn() throws IOException {
        LabOptions options = new LabOptions(TestNames.lab(), DELAY_MS, LabOptions.Load.IDLE, true).withFleet(RING);
        Path record = Files.createTempFile("secondsite-client", ".jsonl");
        List<String> guests = RING.vms().stream().map(LabVm::address).toList();
        try {
            OneLab.run(options, "ring", up -> {
                lab = up;
                try (OutsideClient started = OutsideClient.start(up.clientNamespace(), guests, TRAFFIC, record)) {
                    client = started;
                    int taken = 0;
                    for (int kill = 0; kill < KILLS; kill++) {
                        taken += kill(RING.sites().get(kill % RING.sites().size()));
                    }
                    ClientVerdict verdict = client.stop();
                    System.out.println(options.name() + " " + taken + " groups taken over, " + verdict);
                    assertTrue(taken >= KILLS, "some site that died owned nothing");
                    assertEquals(List.of(), verdict.faults());
                    assertEquals(0, verdict.silent());
                }
            });
        } finally {
            Files.deleteIfExists(record);
        }
    }

    /** A site dies, and is started again; how many groups it owned. */
    private int kill(Site dies) throws IOException {
        for (LabGroup group : RING.groups()) {
            Waiting.until(
                    "the protection of " + group.name(),
                    PATIENCE_SECONDS,
                    () -> is(group, group.home(), PROTECTED) || is(group, group.standby(), PROTECTED));
        }
        int owned = 0;
        for (LabGroup group : RING.groupsOf(dies)) {
            owned += is(group, dies, PROTECTED) ? 1 : 0;
        }
        LabGroup elsewhere = RING.groups().stream()
                .filter(group -> !group.isOf(dies))
                .findFirst()
                .orElseThrow();
        SiteView untouched = new SiteView(lab, elsewhere.home(), elsewhere.name());
        long term = untouched.term();
        lab.kill("site:" + dies.id());
        for (LabGroup group : RING.groupsOf(dies)) {
            new SiteView(lab, group.other(dies), group.name()).await("SOLO", PATIENCE_SECONDS);
        }
        long since = System.nanoTime();
        Waiting.until("every connection to go on", PATIENCE_SECONDS, () -> client.silentSince(since) == 0);
        assertEquals(term, untouched.term(), elsewhere.name() + " has nothing to do with site " + dies.id());
        lab.start("site:" + dies.id());
        return owned;
    }

    private boolean is(LabGroup group, Site site, String state) throws IOException {
        return new SiteView(lab, site, group.name()).state().equals(state);
    }
}
