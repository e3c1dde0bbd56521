package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.FormerMembers;
import org.secondsite.gateway.group.Recollection;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.SiteOrder;

/**
 * The tick box of the VM in the file of each gateway, and an operator at it. He asks the gateway to have the VM leave, keeps the new file
 * on the gateway's disk, and has the gateway carry it out, in three steps between which the gateway may die. A VM that is not ticked
 * passes by the kernel, also beside a gateway that is down.
 */
final class TickBox {
    /** Of so many and one changes that untick the VM, one removes its group. */
    private static final int PLAIN_OF_ALL = 3;

    private static final long LONGEST_WRITE_NANOS = 40 * MILLI;
    private static final long RETRY_NANOS = 50 * MILLI;

    private static final Optional<String> BUSY = Optional.of("another change is under way");

    /** What a file says. */
    enum Tick {
        TICKED,
        UNTICKED
    }

    private final World world;
    private final SplittableRandom dice;
    private final Map<SiteId, Tick> files = new HashMap<>();
    private final Map<SiteId, Map<Tick, GatewayConfig>> texts = new HashMap<>();
    private final Map<SiteId, GatewayConfig> withoutGroup = new HashMap<>();
    /** Where the kernel lets the VM pass. */
    private final Set<SiteId> free = new HashSet<>();
    /** By site, the life of the gateway that carries out a change. */
    private final Map<SiteId, Integer> changing = new HashMap<>();

    /** Whose gateway was started with the VM ticked that its file ticks no more: it leaves as soon as it can. */
    private final Set<SiteId> owed = new HashSet<>();

    private boolean used;

    TickBox(World world, SplittableRandom dice) {
        this.world = world;
        this.dice = dice;
    }

    void file(SiteId site, GatewayConfig ticked, GatewayConfig unticked) {
        texts.put(site, new EnumMap<>(Map.of(Tick.TICKED, ticked, Tick.UNTICKED, unticked)));
        files.put(site, Tick.TICKED);
    }

    void fileWithoutGroup(SiteId site, GatewayConfig without) {
        withoutGroup.put(site, without);
    }

    /**
     * What a gateway starts with, and its kernel with it.
     *
     * @param found what it remembers
     */
    GatewayConfig starts(SiteId site, Recollection found) {
        if (owed.remove(site)) {
            files.put(site, Tick.UNTICKED);
        }
        FormerMembers former = FormerMembers.of(text(site), found);
        if (!former.kept().isEmpty() && !startsByItsFile()) {
            files.put(site, Tick.TICKED);
            owed.add(site);
            letLeave(site, world.gateway(site).life());
        }
        if (isTicked(site)) {
            free.remove(site);
        } else {
            free.add(site);
        }
        return text(site);
    }

    /** Whether a planted fault has a gateway take its file for all that there is to know. */
    private boolean startsByItsFile() {
        return world.has(Plant.UNTICKED_AT_START) || world.has(Plant.GROUP_GONE_BEFORE_DROPPED);
    }

    /** As the gateway does that has read its file: again and again, until it is done or the file says something else. */
    private void letLeave(SiteId site, int life) {
        SimulatedGateway gateway = world.gateway(site);
        gateway.later(RETRY_NANOS, () -> {
            if (owed.contains(site) && gateway.life() == life) {
                untick(site, obstacle -> {
                    if (obstacle.isEmpty()) {
                        owed.remove(site);
                    } else {
                        letLeave(site, life);
                    }
                });
            }
        });
    }

    private GatewayConfig text(SiteId site) {
        return texts.get(site).get(files.get(site));
    }

    boolean isTicked(SiteId site) {
        return files.get(site) == Tick.TICKED;
    }

    /** Whether the VM passes there, whatever the gateway does. */
    boolean isFree(SiteId site) {
        return free.contains(site);
    }

    private boolean mayChange(SiteId site) {
        SimulatedGateway gateway = world.gateway(site);
        return gateway.awake() && changing.getOrDefault(site, -1) != gateway.life();
    }

    /** The VM that runs at a site is to be protected no more. */
    void untick(SiteId site) {
        untick(site, nobody -> {});
    }

    private void untick(SiteId site, Consumer<Optional<String>> done) {
        SimulatedGateway gateway = world.gateway(site);
        if (!isTicked(site) || !mayChange(site)) {
            done.accept(isTicked(site) ? BUSY : Optional.empty());
            return;
        }
        used = true;
        world.trace("the operator unticks the VM at " + site);
        changing.put(site, gateway.life());
        gateway.post(new SiteEvent.VmsLeave(World.GROUP, Set.of(World.VM), obstacle -> {
            if (obstacle.isPresent()) {
                world.trace(site + " refuses: " + obstacle.get());
                changing.remove(site);
                if (obstacle.get().contains(VmInGroup.DOUBT)) {
                    vouch(site);
                }
                done.accept(obstacle);
            } else {
                gateway.later(dice.nextLong(LONGEST_WRITE_NANOS), () -> keepUnticked(site, done));
            }
        }));
        if (world.has(Plant.PASS_BEFORE_DROPPED)) {
            gateway.conductor(gateway.life(), () -> {
                if (gateway.isProtected()) {
                    gateway.passes();
                }
            });
        }
        if (world.has(Plant.GROUP_GONE_BEFORE_DROPPED)) {
            gateway.conductor(gateway.life(), () -> {
                if (gateway.isProtected()) {
                    forgetGroup(site);
                }
            });
        }
    }

    /** He knows what the clients have seen, and from which VM. */
    private void vouch(SiteId site) {
        if (!world.checks().isOlder(site)) {
            world.gateway(site)
                    .post(new SiteEvent.Vouched(
                            World.VM,
                            "the clients know no newer one",
                            obstacle -> world.trace(site + " is told that its VM is the newest: "
                                    + obstacle.orElse("it takes it so"))));
        }
    }

    /** He writes another file, which the gateway starts with. */
    void write(SiteId site, Tick tick) {
        used = true;
        files.put(site, tick);
    }

    private void keepUnticked(SiteId site, Consumer<Optional<String>> done) {
        files.put(site, Tick.UNTICKED);
        boolean withItsGroup = dice.nextInt(PLAIN_OF_ALL + 1) == 0;
        GatewayConfig after = withItsGroup ? withoutGroup.get(site) : text(site);
        world.gateway(site).post(new SiteEvent.MembersAltered(after, refused -> {
            changing.remove(site);
            if (refused.isPresent()) {
                world.trace(site + " takes it back: " + refused.get());
                files.put(site, Tick.TICKED);
                world.gateway(site).post(new SiteEvent.LeaveAbandoned(World.GROUP));
            } else {
                world.gateway(site).dismisses();
                free.add(site);
                world.hypervisor(site).gatewayDown();
                if (withItsGroup) {
                    addGroup(site);
                }
            }
            done.accept(refused);
        }));
    }

    /** The group has gone from a site with its VM, and comes again, with the VM ticked or not. */
    private void addGroup(SiteId site) {
        files.put(site, dice.nextBoolean() ? Tick.TICKED : Tick.UNTICKED);
        world.trace("group " + World.GROUP + " goes from " + site + " and comes again, the VM " + files.get(site));
        if (isTicked(site)) {
            free.remove(site);
        }
        world.gateway(site).take(new SiteEvent.MembersAltered(text(site), refused -> {
            if (refused.isPresent()) {
                throw new AssertionError("a group that is new is refused: " + refused.get());
            }
        }));
        if (isTicked(site)) {
            world.hypervisor(site).gatewayUp();
        }
    }

    /** The group is gone without anybody at the other site having been asked (a planted fault). */
    private void forgetGroup(SiteId site) {
        files.put(site, Tick.UNTICKED);
        free.add(site);
        world.gateway(site).beginsAnew();
        world.hypervisor(site).gatewayDown();
    }

    /** The VM is to be protected, wherever it runs. */
    void tick(SiteId site) {
        tick(site, nobody -> {});
    }

    private void tick(SiteId site, Consumer<Optional<String>> done) {
        SimulatedGateway gateway = world.gateway(site);
        owed.remove(site);
        if (isTicked(site) || !mayChange(site)) {
            done.accept(isTicked(site) ? Optional.empty() : BUSY);
            return;
        }
        world.trace("the operator ticks the VM at " + site);
        changing.put(site, gateway.life());
        files.put(site, Tick.TICKED);
        gateway.conductor(gateway.life(), () -> {
            free.remove(site);
            gateway.take(new SiteEvent.MembersAltered(text(site), refused -> {
                changing.remove(site);
                if (refused.isPresent()) {
                    world.trace(site + " takes it back: " + refused.get());
                    files.put(site, Tick.UNTICKED);
                    free.add(site);
                }
                done.accept(refused);
            }));
            world.hypervisor(site).gatewayUp();
        });
    }

    /** The gateway of a site is to follow what the owner's file says. */
    CompletableFuture<Optional<String>> follow(SiteId site, SiteOrder.Tick tick) {
        world.trace("the file of " + site + " follows: " + tick);
        CompletableFuture<Optional<String>> done = new CompletableFuture<>();
        switch (tick) {
            case TICKED -> tick(site, done::complete);
            case UNTICKED -> untick(site, done::complete);
        }
        return done;
    }

    /** It is ticked again where it was unticked, if that site owns the group. */
    void tickAgain() {
        OwnershipRecord truth = world.checks().truth();
        World.SITES.stream()
                .filter(site -> truth != null && truth.owner().equals(site))
                .forEach(this::tick);
    }

    /** He ends a VM that is older than the other one, where a gateway waits for that: it holds it, or cannot join the newer one. */
    private void endOlderCopy(SiteId owner) {
        boolean runAtBoth =
                World.SITES.stream().allMatch(site -> world.hypervisor(site).runs());
        boolean isWaitedFor =
                world.gateway(owner).doubts() || world.gateway(owner).waitsForTheOther();
        if (runAtBoth && isWaitedFor) {
            World.SITES.stream().filter(world.checks()::isOlder).forEach(site -> {
                world.trace("the operator ends the older copy at " + site);
                world.hypervisor(site).vmEnds();
            });
        }
    }

    /**
     * The operator looks after what his changes have left: the VM is ticked at both sites, and the group is brought to where it runs. He
     * does that again and again until it is so.
     */
    void putInOrder() {
        OwnershipRecord truth = world.checks().truth();
        if (truth == null) {
            return;
        }
        SiteId owner = truth.owner();
        if (world.gateway(owner).doubts()) {
            vouch(owner);
        }
        if (!used) {
            return;
        }
        endOlderCopy(owner);
        Optional<SiteId> runs = List.of(owner, World.other(owner)).stream()
                .filter(site -> world.hypervisor(site).runs())
                .findFirst();
        if (runs.isEmpty() || runs.get().equals(owner)) {
            World.SITES.forEach(this::tick);
        } else if (world.gateway(runs.get()).isNoMember()) {
            untick(runs.get());
            untick(owner);
            if (!isTicked(runs.get()) && world.gateway(owner).awake()) {
                world.gateway(owner).switchOver();
            }
        }
    }
}
