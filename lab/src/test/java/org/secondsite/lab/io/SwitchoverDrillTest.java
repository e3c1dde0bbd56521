package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.storm.Fault;

/** A planned switchover, and the way back, of a real guest with connections of an outside client. */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SwitchoverDrillTest {
    private final String name = TestNames.lab();
    private Lab lab;

    @BeforeAll
    void up() throws IOException {
        lab = DrillLab.bringUp(new LabOptions(name, 5, LabOptions.Load.IDLE, true));
    }

    @AfterAll
    void down() throws IOException {
        Lab.down(name);
    }

    @Test
    void switchoverAndFailbackBreakNoConnection() throws IOException {
        Random random = new Random(4);
        Site owner = Drill.awaitProtected(lab);
        IOException refused =
                assertThrows(IOException.class, () -> new SiteView(lab, owner.peer()).switchOver("a drill"));
        assertTrue(refused.getMessage().contains("this site is STANDBY"), refused.getMessage());
        String ofTheGroup = "announce route 203.0.113.10/32 next-hop self";
        assertEquals(
                List.of("error: 203.0.113.10/32 is of group web, which another site owns", "error"),
                command(lab, owner.peer(), ofTheGroup, 2));
        assertEquals(List.of("done"), command(lab, owner, ofTheGroup, 1));
        assertEquals(List.of("done"), command(lab, owner, "withdraw route 203.0.113.10/32", 1));
        for (Site from : List.of(owner, owner.peer())) {
            Drill.Result result = Drill.run(lab, Fault.SWITCHOVER, random);
            System.out.println(result);
            assertEquals(from.id(), result.owner());
            assertEquals(List.of(), result.complaints());
            assertTrue(result.packets() > 0, "the captures see what is released");
        }
    }

    /** As a script asks the gateway's BGP speaker. */
    private static List<String> command(Lab lab, Site site, String line, int answers) throws IOException {
        Path socket = lab.paths().directory().resolve("bgp-" + site.id()).resolve("exabgp.sock");
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                BufferedReader in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
            List<String> said = new ArrayList<>();
            while (said.size() < answers) {
                said.add(in.readLine());
            }
            return said;
        }
    }

    @Test
    void aSwitchoverWithoutAWitnessLeavesTheGuestWhereItIs() throws IOException {
        Site owner = Drill.awaitProtected(lab);
        try (DrillLab drill = DrillLab.in(lab)) {
            drill.requireService(30);
            drill.lab().pause("witness");
            IOException abandoned =
                    assertThrows(IOException.class, () -> drill.site(owner).switchOver("a drill"));
            assertTrue(abandoned.getMessage().contains("no answer of the witness"), abandoned.getMessage());
            drill.requireService(30);
            long term = drill.site(owner).term();
            drill.lab().resume("witness");
            // What it had been asked it decides now: the hand-over, or the owner's wish to stand alone, whichever came
            // first.
            Waiting.until(
                    "the open request to be settled",
                    60,
                    () -> drill.site(owner).term() > term);
            Drill.awaitProtected(drill.lab());
            drill.requireService(30);
            Waiting.pause(2_000);
            assertEquals(List.of(), drill.verdict().faults());
        }
    }

    @Test
    void aSwitchThatSomebodyElseTakesIsTakenBackUnderANewerTermAndThePairStaysProtected() throws IOException {
        Site owner = Drill.awaitProtected(lab);
        try (DrillLab drill = DrillLab.in(lab);
                SwitchThief thief = new SwitchThief(lab, owner)) {
            drill.requireService(30);
            SiteView view = drill.site(owner);
            long term = view.term();
            thief.take(term + 1);
            long taken = System.nanoTime();
            Waiting.until("a newer term", 60, () -> view.term() > term);
            drill.requireService(60);
            System.out.printf(
                    "%s heard again %.0f ms after its switch was taken%n",
                    lab.name(),
                    (drill.client().firstAfter(confirmedAfter(view, taken)).orElseThrow() - taken) / 1e6);
            assertEquals(owner, Drill.awaitProtected(lab));
            Waiting.pause(2_000);
            ClientVerdict verdict = drill.verdict();
            assertEquals(List.of(), verdict.faults());
            // Two seconds are wanted; the rest is the machine's.
            assertTrue(verdict.longestGapNanos() < 20_000_000_000L, verdict.toString());
        }
    }

    /** When the switch was found to have its flows again. */
    private static long confirmedAfter(SiteView view, long nanoTime) throws IOException {
        return view.timeline(nanoTime).stream()
                .filter(entry -> entry.kind().equals("flows-confirmed"))
                .mapToLong(SiteView.Entry::nanoTime)
                .findFirst()
                .orElseThrow(() -> new IOException("the switch was not found to have its flows"));
    }
}
