package org.secondsite.gateway.group;

import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.OwnershipState;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.witness.Answer;

/**
 * Three cores in a ring, b standing by for a, c for b and a for c, with a time, tunnels, a witness, guests that count and data planes of their own.
 * What a guest says is its count; whoever goes on from an image must have counted as far as anybody outside has heard, and a guest that was
 * replaced says nothing that its successor does not know.
 */
final class RingOfCores {
    static final SiteId A = new SiteId("a");
    static final SiteId B = new SiteId("b");
    static final SiteId C = new SiteId("c");
    static final List<SiteId> SITES = List.of(A, B, C);
    static final long MILLI = 1_000_000;

    static final Dialect DIALECT = new Dialect(1, EnumSet.allOf(Capability.class));
    static final long RAM_BYTES = 1 << 20;

    /** What is built in, so that the checks are seen to fail. */
    enum Plant {
        NONE,
        /** Packets leave when their epoch is sealed. */
        RELEASE_ON_SEAL,
        /** A gateway that is told of a new owner goes on. */
        FENCE_FORGOTTEN
    }

    /** A group of the ring. */
    record Share(GroupId group, VmId vm, String mac, SiteId home, SiteId standby) {
        boolean isOf(SiteId site) {
            return site.equals(home) || site.equals(standby);
        }

        SiteId other(SiteId site) {
            return site.equals(home) ? standby : home;
        }

        GatewayConfig.Group settings(SiteId site) {
            return new GatewayConfig.Group(
                    group,
                    Optional.of(other(site)),
                    List.of(),
                    List.of(),
                    List.of(new GatewayConfig.Vm(vm, true, MacAddress.parse(mac), List.of(), Optional.empty())));
        }
    }

    static final List<Share> SHARES = List.of(
            new Share(new GroupId("web"), new VmId("vm1"), "52:54:00:c0:10:01", A, B),
            new Share(new GroupId("mail"), new VmId("vm2"), "52:54:00:c0:10:02", B, C),
            new Share(new GroupId("news"), new VmId("vm3"), "52:54:00:c0:10:03", C, A));

    private record Later(long atNanos, long number, Runnable task) {}

    private final Plant plant;
    private final SplittableRandom dice;
    private final PriorityQueue<Later> later =
            new PriorityQueue<>(Comparator.comparingLong(Later::atNanos).thenComparingLong(Later::number));
    private final Map<SiteId, RingSiteCore> sites = new HashMap<>();
    private final Map<Set<SiteId>, RingLine> lines = new HashMap<>();
    private final Map<GroupId, OwnershipRecord> records = new HashMap<>();
    private final Map<VmId, Outside> outside = new HashMap<>();
    private final Set<SiteId> cutFromWitness = new LinkedHashSet<>();
    private long now = MILLI;
    private long numbers;
    private long terms;
    private int lineages;
    private int takeovers;
    private long packets;

    RingOfCores(long seed, Plant plant) {
        this.plant = plant;
        dice = new SplittableRandom(seed);
        for (Share share : SHARES) {
            records.put(
                    share.group(), new OwnershipRecord(share.group(), ++terms, 0, share.home(), Set.of(share.home())));
            outside.put(share.vm(), new Outside());
            lines.put(Set.of(share.home(), share.standby()), new RingLine(this, share.home(), share.standby()));
        }
        SITES.forEach(site -> sites.put(site, new RingSiteCore(this, site)));
        SHARES.forEach(share -> sites.get(share.home()).place(share.vm()).boot());
        sites.values().forEach(RingSiteCore::start);
        lines.values().forEach(RingLine::connectSoon);
    }

    int takeovers() {
        return takeovers;
    }

    long packets() {
        return packets;
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    void after(long nanos, Runnable task) {
        later.add(new Later(now + nanos, numbers++, task));
    }

    void at(long nanos, Runnable task) {
        later.add(new Later(nanos, numbers++, task));
    }

    long now() {
        return now;
    }

    Plant plant() {
        return plant;
    }

    RingSiteCore site(SiteId id) {
        return sites.get(id);
    }

    Outside outside(VmId vm) {
        return outside.get(vm);
    }

    OwnershipRecord record(GroupId group) {
        return records.get(group);
    }

    boolean isCutFromWitness(SiteId id) {
        return cutFromWitness.contains(id);
    }

    void run(long nanos) {
        long end = now + nanos;
        while (!later.isEmpty() && later.peek().atNanos() <= end) {
            Later next = later.poll();
            now = next.atNanos();
            next.task().run();
        }
        now = end;
    }

    long shortly() {
        return dice.nextLong(MILLI / 5, 3 * MILLI);
    }

    // ---- faults -------------------------------------------------------------------------------------------------

    /** A site is gone with its VMs, and comes back without any. */
    void siteDies(SiteId id, long forNanos) {
        sites.get(id).dies();
        sites.get(id).allOff();
        after(forNanos, sites.get(id)::start);
    }

    /** A gateway is gone, and its VMs run on. */
    void gatewayDies(SiteId id, long forNanos) {
        sites.get(id).dies();
        after(forNanos, sites.get(id)::start);
    }

    void cut(SiteId one, SiteId other, long forNanos) {
        RingLine line = line(one, other);
        line.cut();
        after(forNanos, line::heal);
    }

    void cutFromWitness(SiteId id, long forNanos) {
        cutFromWitness.add(id);
        after(forNanos, () -> {
            cutFromWitness.remove(id);
            sites.get(id).tellRecords();
        });
    }

    /** Whether each group has an owner and a standby in sync. */
    boolean allProtected() {
        return SHARES.stream().allMatch(share -> SITES.stream()
                .filter(share::isOf)
                .anyMatch(site -> sites.get(site).state(share.group()) == OwnershipState.PROTECTED));
    }

    String states() {
        StringBuilder all = new StringBuilder();
        for (Share share : SHARES) {
            all.append(records.get(share.group())).append(':');
            SITES.stream().filter(share::isOf).forEach(site -> all.append(' ')
                    .append(site)
                    .append(' ')
                    .append(sites.get(site).describe(share)));
            all.append("; ");
        }
        return all.toString();
    }

    // ---- what the world has heard -------------------------------------------------------------------------------

    final class Outside {
        private int lineage;
        private long base;
        private long newest;

        void hears(SiteId site, int from, long count) {
            packets++;
            if (from == lineage) {
                newest = Math.max(newest, count);
            } else if (count > base) {
                throw new AssertionError(
                        "NothingAfterFence: " + site + " lets out " + count + ", its successor went on from " + base);
            }
        }

        int goesOn(SiteId site, long from) {
            if (from < newest) {
                throw new AssertionError(
                        "PromotedHoldsAllReleased: " + site + " goes on from " + from + ", heard was " + newest);
            }
            base = from;
            newest = from;
            lineage = ++lineages;
            return lineage;
        }
    }

    // ---- the witness --------------------------------------------------------------------------------------------

    Answer decide(SiteId asker, SiteOrder.Ask ask) {
        OwnershipRecord known = records.get(ask.group());
        boolean isAlone = ask.inSync().equals(Set.of(ask.owner()));
        boolean isOwners = known.owner().equals(asker)
                && (ask.owner().equals(asker) || (known.inSync().contains(ask.owner()) && isAlone));
        boolean isTakeover = known.inSync().contains(asker) && ask.owner().equals(asker) && isAlone;
        if (ask.expectedTerm() != known.term() || (!isOwners && !isTakeover)) {
            return new Answer.Refused(known, "so it is not");
        }
        takeovers += isOwners ? 0 : 1;
        OwnershipRecord next = new OwnershipRecord(ask.group(), ++terms, known.term(), ask.owner(), ask.inSync());
        records.put(ask.group(), next);
        sites.values().forEach(RingSiteCore::tellRecords);
        return new Answer.Granted(next);
    }

    RingLine line(SiteId one, SiteId other) {
        return lines.get(Set.of(one, other));
    }
}
