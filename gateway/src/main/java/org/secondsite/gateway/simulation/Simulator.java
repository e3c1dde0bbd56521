package org.secondsite.gateway.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.secondsite.config.SiteId;

/**
 * Runs schedules: a seed decides what goes wrong and when, and how long everything takes. The same seed gives the same
 * trace.
 *
 * <p>A schedule has a quiet start, a stormy middle, and an end at which everything is mended; by then the service must be
 * back, unless the VM itself was lost with no standby in sync, which the witness's record shows.
 */
public final class Simulator {
    private static final long MILLI = 1_000_000L;
    private static final long QUIET_MS = 2_500;
    private static final long STORM_MS = 12_000;
    private static final long MENDED_MS = 15_000;

    /**
     * What a schedule came to.
     *
     * @param seed the schedule
     * @param violation the rule that was broken, or null
     * @param releases how many packets left a site, each of them checked
     * @param faults how many faults were injected
     * @param servedAtEnd whether the VM ran at an owner in the end
     * @param protectedAtEnd whether a standby was in sync in the end
     * @param traceHash a hash over the whole trace
     */
    public record Outcome(
            long seed,
            Violation violation,
            long releases,
            int faults,
            boolean servedAtEnd,
            boolean protectedAtEnd,
            long traceHash) {}

    private final long seed;
    private final Random random;
    private final World world;
    private int faults;
    private long traceHash = 1469598103934665603L;
    private boolean vmEverLost;

    private Simulator(long seed, Consumer<String> tracer) {
        this.seed = seed;
        random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
        world = new World(random, line -> {
            traceHash = (traceHash ^ line.hashCode()) * 1099511628211L;
            tracer.accept(line);
        });
    }

    /**
     * Runs one schedule.
     *
     * @param tracer gets a line for everything that happens
     */
    public static Outcome run(long seed, Consumer<String> tracer) {
        return new Simulator(seed, tracer).run();
    }

    private Outcome run() {
        Violation violation = null;
        try {
            world.time().runUntil(QUIET_MS * MILLI);
            storm();
            world.time().runUntil((QUIET_MS + STORM_MS) * MILLI);
            mend();
            world.time().runUntil((QUIET_MS + STORM_MS + MENDED_MS) * MILLI);
        } catch (Violation broken) {
            violation = broken;
        }
        boolean vmLost = vmEverLost || world.witness().orphaned();
        return new Outcome(
                seed,
                violation,
                world.checks().releases(),
                faults,
                violation == null && (world.serves() || vmLost),
                violation == null && (world.isProtected() || vmLost),
                traceHash);
    }

    private void storm() {
        int count = 1 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            world.time().after(random.nextLong(STORM_MS) * MILLI, this::fault);
        }
    }

    private void fault() {
        faults++;
        SiteId site = random.nextBoolean() ? World.A : World.B;
        long lastsMs = random.nextInt(4) == 0 ? random.nextLong(200) : random.nextLong(5000);
        switch (random.nextInt(7)) {
            case 0 -> gatewayCrash(site, lastsMs);
            case 1 -> hypervisorCrash(site, lastsMs);
            case 2 -> {
                gatewayCrash(site, lastsMs);
                hypervisorCrash(site, lastsMs);
            }
            case 3 -> pause(site, lastsMs);
            case 4 -> witnessCrash(lastsMs);
            default -> cut(lastsMs);
        }
    }

    private void gatewayCrash(SiteId site, long lastsMs) {
        world.trace("fault: gateway " + site + " crashes");
        vmEverLost |= world.gateway(site).promoting();
        world.gateway(site).crash();
        later(lastsMs, () -> {
            if (!world.gateway(site).up()) {
                world.trace("gateway " + site + " restarts");
                world.gateway(site).start();
            }
        });
    }

    private void hypervisorCrash(SiteId site, long lastsMs) {
        world.trace("fault: hypervisor " + site + " crashes");
        vmEverLost |= world.hypervisor(site).runs() || world.gateway(site).promoting();
        world.hypervisor(site).crash();
        later(lastsMs, () -> {
            world.trace("hypervisor " + site + " restarts");
            world.hypervisor(site).restart();
        });
    }

    private void pause(SiteId site, long lastsMs) {
        world.trace("fault: gateway " + site + " is stopped");
        world.gateway(site).stop();
        later(lastsMs, () -> {
            world.trace("gateway " + site + " goes on");
            world.gateway(site).resume();
        });
    }

    private void witnessCrash(long lastsMs) {
        world.trace("fault: witness crashes");
        world.witness().crash();
        later(lastsMs, world.witness()::restart);
    }

    private void cut(long lastsMs) {
        List<List<String>> shapes = List.of(
                List.of("a>b", "b>a"),
                List.of("a>b"),
                List.of("b>a"),
                List.of("a>w"),
                List.of("b>w"),
                List.of("a>w", "b>w"),
                List.of("a>b", "b>a", "a>w"),
                List.of("a>b", "b>a", "b>w"));
        List<String> shape = shapes.get(random.nextInt(shapes.size()));
        shape.forEach(direction -> world.setCut(direction, true));
        later(lastsMs, () -> shape.forEach(direction -> world.setCut(direction, false)));
    }

    private void later(long delayMs, Runnable task) {
        world.time().after(delayMs * MILLI, task);
    }

    private void mend() {
        world.trace("everything is mended");
        for (String direction : new ArrayList<>(List.of("a>b", "b>a", "a>w", "b>w"))) {
            world.setCut(direction, false);
        }
        world.witness().restart();
        for (SiteId site : World.SITES) {
            world.gateway(site).resume();
            if (!world.gateway(site).up()) {
                world.gateway(site).start();
            }
            world.hypervisor(site).restart();
        }
    }
}
