package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.appliance.Main;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.SwitchCommands;

/**
 * A running guest with connections of an outside client leaves its group and joins it again, by a tick at one site, while the other site
 * dies in a quarter of the turns, and then its own site dies. In the end a guest that is older than what the client has heard is beside a
 * gateway that owns the group, and starts again and again. {@code -Dsecondsite.ticks=N} for more turns.
 */
@Tag("lab")
@Timeout(value = 7_200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MembershipDrillTest {
    private static final String TICKED = "protected: true";
    private static final String UNTICKED = "protected: false";
    private static final int TURNS = Integer.getInteger("secondsite.ticks", 2);
    private static final long SEED = Long.getLong("secondsite.seed", 50);
    /** Of so many turns the other site dies in one. */
    private static final int OF_TURNS = 4;

    private static final int LONGEST_BEFORE_KILL_MS = 3_000;

    private String text(DrillLab drill, Site site) throws IOException {
        return Files.readString(drill.lab().paths().file("gateway-" + site.id() + ".yaml"));
    }

    private JsonNode commit(DrillLab drill, Site site, String text) throws IOException {
        return ManagementClient.ask(
                drill.lab().paths().management(site), "config", Map.of("action", "commit", "text", text));
    }

    private int tick(DrillLab drill, String... words) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(
                1,
                List.of(
                        "vm1",
                        "--socket",
                        drill.lab().paths().management(Site.A).toString()));
        return Main.execute(all.toArray(String[]::new));
    }

    private String membership(DrillLab drill) throws IOException {
        return drill.site(Site.A).status().at("/groups/0/vms/0/membership").asText();
    }

    private String views(DrillLab drill, Site site) throws IOException {
        return drill.site(site).status().at("/views/standing").asText();
    }

    private void filesThatDifferAreNamed(DrillLab drill) throws IOException {
        assertEquals("EQUAL", views(drill, Site.A));
        String before = text(drill, Site.B);
        commit(drill, Site.B, before.replace("maxEpochsInFlight:", "overloadAfterMs: 7777, maxEpochsInFlight:"));
        for (Site site : Site.PAIR) {
            Waiting.until(
                    "the difference at " + site, 30, () -> views(drill, site).equals("DIFFERENT"));
        }
        JsonNode named = drill.site(Site.A).status().at("/views/differences/0");
        assertEquals("checkpoint.overloadAfterMs", named.path("name").asText(), named.toString());
        assertEquals("7777", named.path("there").asText());
        commit(drill, Site.B, before);
        Waiting.until("no difference", 30, () -> views(drill, Site.A).equals("EQUAL"));
    }

    private void whatTheStandbyLacksIsNamedAtBothSites(DrillLab drill) throws IOException {
        String port = "switch sw-b has no port " + LabNumbers.VM;
        Commands.run(SwitchCommands.unplugVm(drill.lab().paths(), Site.B).toArray(String[]::new));
        for (Site site : Site.PAIR) {
            Waiting.until(
                    "the missing port at " + site, 30, () -> lacks(drill, site).contains("site b: " + port));
        }
        Waiting.until(
                "the owner to stand alone", 30, () -> drill.site(Site.A).state().equals("SOLO"));
        drill.requireService(30);
        Commands.run(SwitchCommands.plugVm(drill.lab().paths(), Site.B).toArray(String[]::new));
        Drill.awaitProtected(drill.lab());
        assertEquals("[]", lacks(drill, Site.A));
    }

    private String lacks(DrillLab drill, Site site) throws IOException {
        return drill.site(site).vm().path("lacks").toString();
    }

    @Test
    void aGuestThatLeavesAndJoinsLosesNoConnectionAndIsThereWhenItsSiteDies() throws IOException, InterruptedException {
        System.out.println("seed " + SEED);
        Random random = new Random(SEED);
        try (JudgedLab drill = JudgedLab.up("membership", options -> options)) {
            Drill.awaitProtected(drill.lab());
            drill.requireService(30);
            JsonNode refused = commit(drill, Site.B, text(drill, Site.B).replace(TICKED, UNTICKED));
            assertTrue(refused.path("error").asText().contains("unprotect it there first"), refused.toString());
            filesThatDifferAreNamed(drill);
            whatTheStandbyLacksIsNamedAtBothSites(drill);
            for (int turn = 0; turn < TURNS; turn++) {
                if (turn % OF_TURNS == 1) {
                    unticksAndTicksWhileTheOtherSiteDies(drill, random.nextInt(LONGEST_BEFORE_KILL_MS));
                } else {
                    unticksAndTicks(drill);
                }
            }
            drill.lab().kill("site:a");
            drill.requireService(60);
            drill.judge(1);
            try {
                anOlderCopyStaysHeldHoweverOftenItsGatewayStarts(drill.lab());
            } catch (IOException | AssertionError e) {
                drill.lab().keepLogs(Path.of("target", "drill-older-copy"));
                throw e;
            }
        }
    }

    /** Site b owns the group, and site a is dead. */
    private void anOlderCopyStaysHeldHoweverOftenItsGatewayStarts(Lab lab) throws IOException {
        try (DrillLab drill = DrillLab.in(lab);
                UplinkCapture uplink = new UplinkCapture(lab, Site.B)) {
            lab.start("site:a");
            assertEquals(Site.B, Drill.awaitProtected(lab));
            drill.requireService(60);
            lab.kill("gateway:b");
            drill.site(Site.A).await("SOLO", 30);
            assertTrue(lab.qemu(Site.B).isPresent(), "the guest runs on there");
            lab.kill("gateway:a");
            Path file = lab.paths().file("gateway-a.yaml");
            Files.writeString(file, text(drill, Site.A).replace(TICKED, UNTICKED));
            // An operator who takes the other site for lost; with what the gateway remembers, the guest would be held
            // until that has dropped it.
            Files.delete(lab.paths().file("gateway-a.term.members"));
            lab.start("gateway:a");
            drill.site(Site.A).await("SOLO", 30);
            drill.requireService(60); // of the guest at a, which is not protected any more
            lab.start("gateway:b");
            assertEquals(Site.A, Drill.awaitProtected(lab));
            lab.kill("site:a");
            long left = uplink.packets();
            drill.site(Site.B).await("SOLO", 30);
            requireWithheld(drill, uplink, left, "site a may have gone on from vm1");

            restartsGatewayB(drill);
            requireWithheld(drill, uplink, left, "site a may have gone on from vm1");

            Path memory = lab.paths().file("gateway-b.term.members");
            lab.kill("gateway:b");
            Files.writeString(memory, Files.readString(memory).replace("older", "only"));
            lab.start("gateway:b");
            drill.site(Site.B).await("SOLO", 30);
            requireWithheld(drill, uplink, left, "was damaged");
            assertTrue(drill.site(Site.B).status().path("memory").asText().contains("was damaged"));

            String socket = lab.paths().management(Site.B).toString();
            assertEquals(0, Main.execute("vouch", "vm1", "--socket", socket, "--reason", "site a is off for good"));
            Waiting.until("its output to pass", 30, () -> uplink.packets() > left);
        }
    }

    private static void restartsGatewayB(DrillLab drill) throws IOException {
        drill.lab().kill("gateway:b");
        drill.lab().start("gateway:b");
        drill.site(Site.B).await("SOLO", 30);
    }

    /** The guest at site b answers its clients, and nothing of that leaves. */
    private static void requireWithheld(DrillLab drill, UplinkCapture uplink, long left, String why)
            throws IOException {
        Waiting.until("the guest to be withheld", 30, () -> {
            JsonNode vm = drill.site(Site.B).vm();
            String waitsFor = vm.path("waitsFor").asText();
            return vm.path("membership").asText().equals("WITHHELD")
                    && waitsFor.contains(why)
                    && waitsFor.contains("'vouch'");
        });
        drill.run(1_000); // its clients try again and again
        assertEquals(left, uplink.packets(), "packets of the older copy that left");
    }

    private void unticksAndTicks(DrillLab drill) throws IOException {
        Drill.awaitProtected(drill.lab());
        long begun = System.nanoTime();
        long term = drill.site(Site.A).term();
        assertEquals(0, tick(drill, "unprotect"));
        assertEquals("", membership(drill), "the guest is not protected any more");
        Waiting.until(
                "the other site's file to follow", 30, () -> text(drill, Site.B).contains(UNTICKED));
        assertTrue(
                missedTheOther(drill, begun)
                        || drill.site(Site.B).timeline(0).stream()
                                .anyMatch(entry -> entry.text().equals("a takeover would activate []")),
                "the standby has dropped it");
        drill.requireService(30);
        Waiting.until("the guest in the list of VMs", 30, () -> isListedUnticked(drill));
        assertEquals(0, tick(drill, "protect", "--wait", "180"), "at one site alone");
        assertTrue(text(drill, Site.B).contains(TICKED), "the other site's file has followed");
        assertEquals("MEMBER", membership(drill));
        assertEquals(0, tick(drill, "protect"), "once more is no change");
        drill.requireService(30);
        if (missedTheOther(drill, begun)) {
            System.out.println("the machine was too busy for heartbeats");
            Drill.awaitProtected(drill.lab());
        } else {
            assertEquals("PROTECTED", drill.site(Site.A).state(), "the group was protected all the time");
            assertEquals(term, drill.site(Site.A).term(), "by the same record");
        }
    }

    /** Whether the owner has heard nothing of the other site for too long since a time: then it stood alone. */
    private static boolean missedTheOther(DrillLab drill, long sinceNanos) throws IOException {
        return drill.site(Site.A).timeline(sinceNanos).stream()
                .anyMatch(entry -> entry.kind().equals("suspicion"));
    }

    /** Its agent has called since, and says what the guest has. */
    private boolean isListedUnticked(DrillLab drill) throws IOException {
        JsonNode vm = ManagementClient.ask(drill.lab().paths().management(Site.A), "vms")
                .at("/vms/0");
        String said = vm.path("agents").toString();
        return !vm.path("ticked").asBoolean()
                && vm.path("why").toString().contains("not ticked")
                && said.contains("host-a")
                && said.contains(LabNumbers.VM_MAC);
    }

    /** A change that meets the death is refused or carried out as a whole, and can be made again. */
    private void unticksAndTicksWhileTheOtherSiteDies(DrillLab drill, int afterMillis)
            throws IOException, InterruptedException {
        System.out.println("site b dies after " + afterMillis + " ms");
        AtomicReference<IOException> failure = new AtomicReference<>();
        Thread killer = Thread.ofPlatform().start(() -> {
            try {
                Waiting.pause(afterMillis);
                drill.lab().kill("site:b");
            } catch (IOException e) {
                failure.set(e);
            }
        });
        Waiting.until("the guest to leave", 60, () -> tick(drill, "unprotect") == 0);
        drill.requireService(30);
        Waiting.until("the guest to be ticked again", 60, () -> tick(drill, "protect") == 0);
        killer.join();
        assertNull(failure.get());
        drill.requireService(30);
        drill.lab().start("site:b");
        Waiting.until("the other site's file to follow what it has not seen", 120, () -> text(drill, Site.B)
                .contains(TICKED));
        Drill.awaitProtected(drill.lab());
        Waiting.until("the guest to be a member", 120, () -> membership(drill).equals("MEMBER"));
        drill.requireService(30);
    }
}
