package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plant.PlantAgent;
import org.secondsite.lab.plant.PlantedFault;
import org.secondsite.lab.plant.Point;

/**
 * Each deciding thread of gateway, agent and witness in turn throws an {@link Error}, then waits for ever: its process is silent at
 * once and soon gone, the reason last in its log, and the outside client's connections go on. {@code -Dsecondsite.plants.rounds=20} for the long
 * form of conductor and data plane.
 */
@Tag("lab")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 1, unit = TimeUnit.HOURS)
@Isolated("times what is fast only on a machine of its own")
class DecidingThreadDrillTest {
    private static final int SHORT = 1;
    private static final int ROUNDS = Integer.getInteger("secondsite.plants.rounds", SHORT);
    private static final int ERROR_EXIT_MS = 1_000;

    /**
     * From the strike to the last sign of life that the peer noted: of a thread that each heartbeat proves. On a busy machine the peer notes late
     * what came in time.
     */
    private static final int SILENT_MS = ROUNDS > SHORT ? 1_000 : 2_000;

    /** Of another one: its time is its own, of which it has less on a busy machine. */
    private static final int OTHERS_SILENT_MS = ROUNDS > SHORT ? 1_000 : 3_000;

    /** Its heartbeats have stopped; the process is given the second that makes it hung, and to write down all stacks. */
    private static final int VITAL_HUNG_EXIT_MS = 6_000;

    /** Another thread has more patience before it counts as hung, in silence. */
    private static final int HUNG_EXIT_MS = 20_000;

    private static final int END_SECONDS = 30;
    private static final int LINES_SHOWN = 40;

    private static final Set<Point> VITAL = EnumSet.of(Point.CONDUCTOR, Point.PLANE, Point.RELEASER);

    private final LabOptions options = JudgedLab.usual();
    private Path directory;
    private Lab lab;

    @BeforeAll
    void up(@TempDir Path orders) throws IOException {
        directory = orders;
        lab = DrillLab.bringUp(options.withJavaOption(PlantAgent.MAY_COME_LATER));
    }

    @AfterAll
    void down() throws IOException {
        Lab.down(options.name());
    }

    /** Strikes, and returns when, {@code System.nanoTime()}; the process is gone then. */
    private long strike(Lab lab, String target, Point point, PlantedFault.Kind kind) throws IOException {
        LabProcess victim = lab.processes().stream()
                .filter(process -> process.name().equals(target))
                .findFirst()
                .orElseThrow();
        PlantAgent.enter(directory, victim.pid());
        long struck = System.nanoTime();
        PlantAgent.strike(directory, victim.pid(), point, point.thread(), kind);
        Waiting.until(target + " to end by " + point + " " + kind, END_SECONDS, () -> !victim.alive());
        long lived = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - struck);
        System.out.printf("%s %s %s: gone after %d ms%n", target, point, kind, lived);
        List<String> log = Files.readAllLines(lab.paths().log(target));
        assertTrue(
                log.getLast().contains("ends, exit code 70")
                        && log.getLast().contains(kind == PlantedFault.Kind.ERROR ? "planted" : "hangs"),
                () -> String.join("\n", log.subList(Math.max(0, log.size() - LINES_SHOWN), log.size())));
        assertTrue(lived <= exitMs(point, kind), point + " " + kind + ": " + lived + " ms");
        return struck;
    }

    private static int exitMs(Point point, PlantedFault.Kind kind) {
        if (kind == PlantedFault.Kind.ERROR) {
            return ERROR_EXIT_MS;
        }
        return VITAL.contains(point) ? VITAL_HUNG_EXIT_MS : HUNG_EXIT_MS;
    }

    @Test
    void theOwnersConductorAndPlaneEndTheGatewayAndTheClientGoesOn() throws IOException {
        try (JudgedLab judged = JudgedLab.in(lab, "plants")) {
            int takeovers = 0;
            for (int round = 0; round < ROUNDS; round++) {
                for (Point point : List.of(Point.CONDUCTOR, Point.PLANE)) {
                    for (PlantedFault.Kind kind : PlantedFault.Kind.values()) {
                        takeOver(judged, point, kind);
                        takeovers++;
                    }
                }
            }
            judged.judge(takeovers);
        }
    }

    private void takeOver(JudgedLab judged, Point point, PlantedFault.Kind kind) throws IOException {
        Site owner = Drill.awaitProtected(judged.lab());
        judged.requireService();
        long struck = strike(judged.lab(), "gateway-" + owner.id(), point, kind);
        judged.site(owner.peer()).await("SOLO", 30);
        requireSilence(judged.site(owner.peer()), struck, point);
        judged.requireService();
        judged.lab().start("gateway:" + owner.id());
        assertEquals(owner.peer(), Drill.awaitProtected(judged.lab()));
    }

    /** The peer's own word for when it last heard a heartbeat, however busy the machine was then. */
    private static void requireSilence(SiteView peer, long struck, Point point) throws IOException {
        long heard = peer.timeline(struck - TimeUnit.SECONDS.toNanos(2)).stream()
                .filter(entry -> entry.kind().equals("last-heard"))
                .mapToLong(SiteView.Entry::nanoTime)
                .max()
                .orElseThrow(() -> new AssertionError("the peer missed nothing"));
        requireSoon("the last sign of life", heard - struck, VITAL.contains(point) ? SILENT_MS : OTHERS_SILENT_MS);
    }

    private static void requireSoon(String what, long nanos, int limitMs) {
        long afterMs = TimeUnit.NANOSECONDS.toMillis(nanos);
        System.out.printf("%s came %d ms after the strike%n", what, afterMs);
        assertTrue(afterMs <= limitMs, () -> what + " came after " + afterMs + " ms");
    }

    /** The gateway's own word for when the agent's connection was gone. */
    private static void requireDetached(SiteView site, long struck) throws IOException {
        // It may hear of the end a moment after we have seen it.
        Waiting.until("the gateway to miss its agent", END_SECONDS, () -> detached(site, struck)
                .isPresent());
        requireSoon("the end of the agent's connection", detached(site, struck).getAsLong() - struck, OTHERS_SILENT_MS);
    }

    private static OptionalLong detached(SiteView site, long struck) throws IOException {
        return site.timeline(struck).stream()
                .filter(entry -> entry.kind().equals("agent") && entry.text().startsWith("detached"))
                .mapToLong(SiteView.Entry::nanoTime)
                .min();
    }

    @Test
    void everyOtherThreadEndsItsProcessAndTheClientGoesOn() throws IOException {
        try (JudgedLab judged = JudgedLab.in(lab, "plants-all")) {
            int takeovers = 0;
            List<Point> owners = List.of(
                    Point.RELEASER,
                    Point.ENCODER,
                    Point.TUNNEL,
                    Point.BEACONS,
                    Point.AGENTS_SERVER,
                    Point.WITNESS_CLIENT);
            for (Point point : owners) {
                for (PlantedFault.Kind kind : kinds(point)) {
                    takeOver(judged, point, kind);
                    takeovers++;
                }
            }
            for (PlantedFault.Kind kind : kinds(Point.DECODER)) {
                standbyFails(judged, kind);
            }
            for (PlantedFault.Kind kind : kinds(Point.WITNESS_DESK)) {
                witnessFails(judged, kind);
            }
            for (Point point : List.of(Point.VM_WORKER, Point.AGENT_LOOP)) {
                for (PlantedFault.Kind kind : kinds(point)) {
                    takeovers += agentFails(judged, point, kind);
                }
            }
            judged.judge(takeovers);
        }
    }

    /** Both in the long form, one of them otherwise. */
    private static List<PlantedFault.Kind> kinds(Point point) {
        List<PlantedFault.Kind> all = List.of(PlantedFault.Kind.values());
        return ROUNDS > SHORT ? all : List.of(all.get(Math.floorMod(point.name().length(), all.size())));
    }

    private void standbyFails(JudgedLab judged, PlantedFault.Kind kind) throws IOException {
        Site owner = Drill.awaitProtected(judged.lab());
        long struck = strike(judged.lab(), "gateway-" + owner.peer().id(), Point.DECODER, kind);
        judged.site(owner).await("SOLO", 30);
        requireSilence(judged.site(owner), struck, Point.DECODER);
        judged.requireService();
        judged.lab().start("gateway:" + owner.peer().id());
        assertEquals(owner, Drill.awaitProtected(judged.lab()));
    }

    /** The VM lives on; an agent that is back within its gateway's grace finds it. Returns how often the owner changed. */
    private int agentFails(JudgedLab judged, Point point, PlantedFault.Kind kind) throws IOException {
        Site owner = Drill.awaitProtected(judged.lab());
        long struck = strike(judged.lab(), "agent-" + owner.id(), point, kind);
        if (point == Point.VM_WORKER) {
            requireDetached(judged.site(owner), struck);
        }
        judged.lab().start("agent:" + owner.id());
        judged.requireService();
        return Drill.awaitProtected(judged.lab()) == owner ? 0 : 1;
    }

    private void witnessFails(JudgedLab judged, PlantedFault.Kind kind) throws IOException {
        Site owner = Drill.awaitProtected(judged.lab());
        long term = judged.site(owner).term();
        strike(judged.lab(), "witness", Point.WITNESS_DESK, kind);
        judged.requireService();
        judged.requireUnchanged(owner, term);
        judged.lab().start("witness");
        Drill.awaitProtected(judged.lab());
    }
}
