package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.secondsite.config.SiteId;

/**
 * Runs schedules. A run has faults that begin when the standby is being taken in or soon after, and an end at which everything
 * is mended; by then service and protection must come back, unless the VM's last copy was lost. The same schedule gives the
 * same trace, event by event.
 */
public final class Simulator {
    /** Mostly shorter than the other gateway's patience. */
    private static final long LONGEST_START_MS = 250;

    private static final long LOOK_MS = 100;
    private static final long STEADY_MS = 300;
    private static final long LIE_AGAIN_MS = 250;
    private static final int MAX_NEIGHBOURS_GRANTS = 6;
    private static final long CONTEST_AGAIN_MS = 250;
    private static final long CUT_MS = 400;
    private static final long CUT_LONGER_MS = 300;
    private static final long PATIENCE_MS = 20_000;

    /**
     * What a schedule came to.
     *
     * @param schedule the schedule
     * @param violation the rule that was broken, or null
     * @param releases how many packets left a site, each of them checked
     * @param events how many events were scheduled
     * @param endMs when it ended, in simulated milliseconds
     * @param excused whether service need not have come back: the VM's last copy was lost, or an operator forced a change
     * @param traceHash a hash over the whole trace
     */
    public record Outcome(
            Schedule schedule,
            Violation violation,
            long releases,
            long events,
            long endMs,
            boolean excused,
            long traceHash) {
        /** Whether a given rule was broken. */
        boolean breaks(Rule rule) {
            return violation != null && violation.rule() == rule;
        }
    }

    private final Schedule schedule;
    private final World world;
    private long traceHash = 1469598103934665603L;
    private boolean vmEverLost;
    private boolean rescued;

    private Simulator(Schedule schedule, Set<Plant> plants, Consumer<String> tracer) {
        this.schedule = schedule;
        world = new World(schedule.seed(), plants, line -> {
            traceHash = (traceHash ^ line.hashCode()) * 1099511628211L;
            tracer.accept(line);
        });
    }

    /**
     * Runs one schedule.
     *
     * @param plants faults that are built in
     * @param tracer gets a line for everything that happens
     */
    public static Outcome run(Schedule schedule, Set<Plant> plants, Consumer<String> tracer) {
        return new Simulator(schedule, plants, tracer).run();
    }

    private Outcome run() {
        Violation violation = null;
        try {
            for (Fault fault : schedule.faults()) {
                after(fault.atMs(), () -> strike(fault));
            }
            world.time().runUntil(schedule.endMs() * MILLI);
            mend();
            settle();
        } catch (Violation broken) {
            violation = broken;
        } catch (RuntimeException thrown) {
            violation = new Violation(Rule.NOTHING_THROWS, thrown.toString());
            violation.initCause(thrown);
        }
        return new Outcome(
                schedule,
                violation,
                world.checks().releases(),
                world.time().scheduled(),
                world.time().nowNanos() / MILLI,
                excused(),
                traceHash ^ world.marks());
    }

    private boolean excused() {
        boolean imageLost =
                World.SITES.stream().anyMatch(site -> world.gateway(site).everDiedPromoting());
        return vmEverLost
                || imageLost
                || world.witness().orphaned()
                || world.witness().recovered()
                || world.checks().forced()
                || world.ownerLostItsImage();
    }

    private void settle() {
        long mendedMs = world.time().nowNanos() / MILLI;
        long steadySinceMs = -1;
        for (long nowMs = mendedMs; nowMs < mendedMs + PATIENCE_MS; nowMs += LOOK_MS) {
            world.time().runUntil(nowMs * MILLI);
            world.tickBox().putInOrder();
            if (!world.serves() || !world.isProtected()) {
                steadySinceMs = -1;
            } else if (steadySinceMs < 0) {
                steadySinceMs = nowMs;
            } else if (nowMs - steadySinceMs >= STEADY_MS) {
                return;
            }
            if (nowMs - mendedMs > PATIENCE_MS / 8) {
                if (excused() && (!rescued || world.serves())) {
                    return;
                }
                rescue();
            }
        }
        if (world.plants()) {
            // What breaks safety on purpose may break liveness by the way.
            return;
        }
        throw new Violation(
                Rule.SERVICE_RETURNS,
                (world.serves() ? "no protection" : "no service") + " within " + PATIENCE_MS
                        + " ms after everything was mended");
    }

    /** The new owner has lost its image before it could start the VM: an operator turns to the site that has kept its own. */
    private void rescue() {
        if (!rescued) {
            world.keeper().ifPresent(site -> {
                rescued = true;
                world.trace("the operator finds the VM kept at " + site);
                world.witness().force(site);
            });
        }
    }

    private void after(long delayMs, Runnable task) {
        world.time().after(delayMs * MILLI, task);
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    private void strike(Fault fault) {
        world.trace("FAULT " + fault);
        switch (fault.kind()) {
            case DROP, DELAY, REORDER, DUPLICATE, PARTITION -> {
                world.network().disturb(fault, true);
                after(fault.lastsMs(), () -> {
                    world.network().disturb(fault, false);
                    world.trace("over: " + fault);
                });
            }
            case RESET -> world.tunnel().reset();
            case CRASH -> crash(fault);
            case TORN -> {
                world.witness().tearNextWrite(true);
                after(fault.lastsMs(), () -> {
                    world.witness().tearNextWrite(false);
                    startWitness();
                });
            }
            case PAUSE -> pause(fault);
            case CLOCK -> jump(fault);
            case DISK -> {
                slow(fault, fault.strength());
                after(fault.lastsMs(), () -> slow(fault, -fault.strength()));
            }
            case RESTORE -> restore(fault);
            case FORGET -> forget(fault);
            case OLDER -> new OlderCopy(world, fault).begin();
            case LIE -> lie(fault, fault.endMs());
            case CLONE -> {
                SimulatedClone clone = world.copyOf(site(fault));
                after(fault.lastsMs(), clone::end);
            }
            case CONTEST -> contest(fault, fault.endMs());
            case AGENT -> {
                if (world.hypervisor(site(fault)).up()) {
                    world.hypervisor(site(fault)).agentDies();
                }
            }
            case UNTICK -> {
                World.SITES.stream()
                        .filter(site -> world.hypervisor(site).runs())
                        .forEach(site -> {
                            if (fault.target().equals(Schedule.BY_ANOTHER_FILE)) {
                                startWithAnotherFile(site, fault.atMs() % LONGEST_START_MS);
                            } else {
                                world.tickBox().untick(site);
                            }
                        });
                after(fault.lastsMs(), world.tickBox()::tickAgain);
            }
            case SWITCHOVER -> switchOver(site(fault));
            case OPERATOR -> {
                if (world.witness().awake()) {
                    world.witness().force(site(fault));
                }
            }
        }
    }

    private void startWithAnotherFile(SiteId site, long afterMs) {
        if (world.gateway(site).up()) {
            world.gateway(site).crash();
            world.tickBox().write(site, TickBox.Tick.UNTICKED);
            after(afterMs, () -> {
                if (!world.gateway(site).up()) {
                    world.gateway(site).start();
                }
            });
        }
    }

    /** The operator asks the gateway that he takes for the owner; one that is protected he does not miss. */
    private void switchOver(SiteId guess) {
        SiteId asked = World.SITES.stream()
                .filter(site -> world.gateway(site).isProtected())
                .findFirst()
                .orElse(guess);
        if (world.gateway(asked).awake()) {
            world.gateway(asked).switchOver();
        }
    }

    private static SiteId site(Fault fault) {
        return fault.target().endsWith("a") ? World.A : World.B;
    }

    private static boolean hits(Fault fault, String process) {
        return fault.target().startsWith(process) || fault.target().startsWith("site");
    }

    private void crash(Fault fault) {
        if (fault.target().equals("witness")) {
            if (world.witness().up()) {
                world.witness().crash();
            }
            after(fault.lastsMs(), this::startWitness);
            return;
        }
        SiteId site = site(fault);
        vmEverLost |= world.gateway(site).promoting();
        if (hits(fault, "gateway") && world.gateway(site).up()) {
            if (fault.strength() == 0) {
                world.gateway(site).crash();
            } else {
                world.gateway(site).crashWithin(fault.strength());
            }
        }
        if (hits(fault, "hypervisor") && world.hypervisor(site).up()) {
            vmEverLost |= world.hypervisor(site).runs();
            world.hypervisor(site).crash();
        }
        after(fault.lastsMs(), () -> {
            if (hits(fault, "gateway")) {
                startGateway(site);
            }
            if (hits(fault, "hypervisor")) {
                startHypervisor(site);
            }
        });
    }

    private void lie(Fault fault, long endMs) {
        SimulatedGateway deceived = world.gateway(site(fault));
        if (deceived.awake()) {
            deceived.hearLie(fault.strength());
        }
        if (world.witness().awake()) {
            world.witness().hearNeighboursLie(fault.strength());
        }
        if (world.time().nowNanos() / MILLI + LIE_AGAIN_MS <= endMs) {
            after(LIE_AGAIN_MS, () -> lie(fault, endMs));
        }
    }

    private void contest(Fault fault, long endMs) {
        SimulatedGateway gateway = world.gateway(site(fault));
        if (gateway.awake()) {
            gateway.loseSwitch();
        }
        if (world.time().nowNanos() / MILLI + CONTEST_AGAIN_MS <= endMs) {
            after(CONTEST_AGAIN_MS, () -> contest(fault, endMs));
        }
    }

    /** The copy is restored at once, and the operator comes when the fault is over, if the witness is up by then. */
    private void restore(Fault fault) {
        if (world.witness().up()) {
            world.witness().crash();
        }
        world.witness().restoreCopy(fault.strength());
        startWitness();
        after(fault.lastsMs(), world.witness()::recover);
    }

    /**
     * Once the agents were told of all that was granted: what nobody else knows is forgotten. The gateways reach the witness when their
     * agents have had the time to attach.
     */
    private void forget(Fault fault) {
        boolean one = fault.target().startsWith(Schedule.ONLY_AGENTS_KNOW);
        List<SiteId> knowing = one ? List.of(site(fault)) : World.SITES;
        boolean known = knowing.stream()
                .anyMatch(site -> world.hypervisor(site).rememberedTerm()
                        == world.checks().truth().term());
        if (!known) {
            if (world.time().nowNanos() / MILLI < fault.endMs()) {
                after(LOOK_MS, () -> forget(fault));
            }
            return;
        }
        world.forget();
        world.witness().crash();
        World.SITES.forEach(site -> world.gateway(site).crash());
        World.SITES.forEach(site -> world.gateway(site).memory().lose());
        world.witness().goBack(fault.strength());
        World.SITES.forEach(
                site -> cutFromWitness(site, one && knowing.contains(site) ? CUT_MS + CUT_LONGER_MS : CUT_MS));
        World.SITES.stream().filter(site -> !knowing.contains(site)).forEach(site -> world.hypervisor(site)
                .forgetTerms());
        startWitness();
        world.witness().grantNeighbours(fault.strength() % (MAX_NEIGHBOURS_GRANTS + 1));
        World.SITES.forEach(this::startGateway);
        after(fault.lastsMs(), world.witness()::recover);
    }

    private void cutFromWitness(SiteId site, long lastsMs) {
        Fault cut = new Fault(FaultKind.PARTITION, site + ">w", world.time().nowNanos() / MILLI, lastsMs, 0);
        world.network().disturb(cut, true);
        after(lastsMs, () -> world.network().disturb(cut, false));
    }

    private void startGateway(SiteId site) {
        if (!world.gateway(site).up()) {
            world.trace("gateway " + site + " starts");
            world.gateway(site).start();
        } else {
            world.gateway(site).crashWithin(0);
        }
    }

    private void startHypervisor(SiteId site) {
        if (!world.hypervisor(site).up()) {
            world.trace("hypervisor " + site + " starts");
            world.hypervisor(site).start();
        }
    }

    private void startWitness() {
        if (!world.witness().up()) {
            world.trace("witness starts");
            world.witness().start();
        }
    }

    private void pause(Fault fault) {
        if (fault.target().equals("witness")) {
            world.witness().stop();
            after(fault.lastsMs(), world.witness()::resume);
            return;
        }
        SiteId site = site(fault);
        world.gateway(site).stop();
        if (hits(fault, "hypervisor")) {
            world.hypervisor(site).stop();
        }
        after(fault.lastsMs(), () -> {
            world.trace(fault.target() + " goes on");
            if (hits(fault, "hypervisor")) {
                world.hypervisor(site).resume();
            }
            world.gateway(site).resume();
        });
    }

    private void jump(Fault fault) {
        if (fault.target().equals("witness")) {
            world.witness().jumpClock(fault.strength() * MILLI);
        } else {
            world.gateway(site(fault)).jumpClock(fault.strength() * MILLI);
        }
    }

    private void slow(Fault fault, int byMs) {
        if (fault.target().equals("witness")) {
            world.witness().slowDisk(byMs);
        } else {
            world.hypervisor(site(fault)).slowDisk(byMs);
        }
    }

    /** Every fault has ended by itself when this is called; what is down for another reason is started. */
    private void mend() {
        world.trace("everything is mended");
        startWitness();
        world.witness().recover();
        World.SITES.forEach(this::startHypervisor);
        World.SITES.forEach(this::startGateway);
    }
}
