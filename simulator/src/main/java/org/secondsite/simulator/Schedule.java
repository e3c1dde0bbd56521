package org.secondsite.simulator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What goes wrong, and when. The seed decides that and how long everything takes, so a schedule runs the same way each time;
 * with a fault taken out it is another one, which also runs the same way each time.
 *
 * @param seed decides everything that the faults do not
 * @param faults in the order of their times
 */
public record Schedule(long seed, List<Fault> faults) {
    /** The operator writes another file while the gateway is down for a moment. */
    static final String BY_ANOTHER_FILE = "the VM's file";

    private static final int MAX_FAULTS = 7;

    /** In one schedule of so many there is a fault beside the others. */
    private static final int BESIDE = 10;

    /** In one schedule of so many there is a fault of a kind that comes alone. */
    private static final int ALONE = 20;

    private static final Set<FaultKind> ALONE_KINDS = EnumSet.of(FaultKind.FORGET, FaultKind.OLDER);

    /** Less is less than the patience of the witness with an original that is silent. */
    private static final int LEAST_CLONE_MS = 2_000;

    /** More than the gateways are cut off from the witness for. */
    private static final int FORGET_MS = 1_000;

    /** What a lost memory leaves: the agents of every site know better, or those of one. */
    static final String EVERY_AGENT_KNOWS = "witness";

    static final String ONLY_AGENTS_KNOW = "witness, known at ";

    /** A takeover, a sync and another takeover. */
    private static final int LEAST_OLDER_MS = 4_000;

    private static final int EARLIEST_MS = 100;
    private static final int LATEST_MS = 3_600;

    private static final List<String> WAYS = List.of("a>b", "b>a", "a>w", "w>a", "b>w", "w>b");
    private static final List<String> LINKS = List.of("a>b,b>a", "a>w,w>a", "b>w,w>b");
    private static final List<String> SHAPES = List.of(
            "a>b,b>a",
            "a>b",
            "b>a",
            "a>w,w>a",
            "a>w",
            "w>a",
            "b>w,w>b",
            "b>w",
            "w>b",
            "a>w,w>a,b>w,w>b",
            "a>b,b>a,a>w,w>a",
            "a>b,b>a,b>w,w>b",
            "a>b,b>a,w>a",
            "a>b,b>a,w>b",
            "a>b,b>a,a>w,w>a,b>w,w>b");

    /** Copies the list. */
    public Schedule {
        faults = List.copyOf(faults);
    }

    /** The schedule of a seed, with faults of these classes only. */
    public static Schedule drawn(long seed, Set<FaultKind> kinds) {
        SplittableRandom dice = World.dice(seed, "schedule");
        List<Fault> faults = new ArrayList<>();
        if (!kinds.stream().allMatch(FaultKind::isBeside)) {
            int count = 1 + dice.nextInt(MAX_FAULTS);
            for (int i = 0; i < count; i++) {
                faults.add(fault(dice, kind(dice, kinds), time(dice, faults)));
            }
        }
        for (FaultKind kind : ALONE_KINDS) {
            SplittableRandom alone = World.dice(seed, kind.name());
            if (kinds.contains(kind) && (kinds.size() == 1 || alone.nextInt(ALONE) == 0)) {
                return new Schedule(seed, List.of(fault(alone, kind, time(alone, List.of()))));
            }
        }
        for (FaultKind kind : FaultKind.values()) {
            SplittableRandom beside = World.dice(seed, kind.name());
            if (kind.isBeside()
                    && !ALONE_KINDS.contains(kind)
                    && kinds.contains(kind)
                    && (faults.isEmpty() || beside.nextInt(BESIDE) == 0)) {
                faults.add(fault(beside, kind, time(beside, faults)));
            }
        }
        faults.sort(Comparator.comparingLong(Fault::atMs));
        return new Schedule(seed, faults);
    }

    /** The same without one fault. */
    Schedule without(int index) {
        List<Fault> fewer = new ArrayList<>(faults);
        fewer.remove(index);
        return new Schedule(seed, fewer);
    }

    /** The same with one fault that lasts half as long. */
    Schedule withHalf(int index) {
        List<Fault> shorter = new ArrayList<>(faults);
        Fault fault = faults.get(index);
        shorter.set(
                index, new Fault(fault.kind(), fault.target(), fault.atMs(), fault.lastsMs() / 2, fault.strength()));
        return new Schedule(seed, shorter);
    }

    /** When the last fault is over. */
    long endMs() {
        return faults.stream().mapToLong(Fault::endMs).max().orElse(EARLIEST_MS);
    }

    /** Half of the faults hit while, or just after, another one is at work: that is where protocols break. */
    private static long time(SplittableRandom dice, List<Fault> before) {
        if (!before.isEmpty() && dice.nextBoolean()) {
            Fault other = before.get(dice.nextInt(before.size()));
            long near = dice.nextBoolean() ? other.atMs() : other.endMs();
            return Math.min(LATEST_MS, near + dice.nextInt(400));
        }
        return dice.nextInt(EARLIEST_MS, LATEST_MS);
    }

    private static FaultKind kind(SplittableRandom dice, Set<FaultKind> kinds) {
        int all = kinds.stream().mapToInt(FaultKind::weight).sum();
        int at = dice.nextInt(all);
        for (FaultKind kind : FaultKind.values()) {
            at -= kinds.contains(kind) ? kind.weight() : 0;
            if (at < 0) {
                return kind;
            }
        }
        throw new IllegalStateException("no kind of " + kinds);
    }

    private static Fault fault(SplittableRandom dice, FaultKind kind, long atMs) {
        long lastsMs = duration(dice);
        String site = dice.nextBoolean() ? "a" : "b";
        String link = pick(dice, dice.nextBoolean() ? WAYS : LINKS);
        return switch (kind) {
            case DROP -> new Fault(kind, link, atMs, lastsMs, dice.nextInt(20, 100));
            case DELAY -> new Fault(kind, link, atMs, lastsMs, dice.nextInt(20, 600));
            case REORDER -> new Fault(kind, link, atMs, lastsMs, dice.nextInt(20, 300));
            case DUPLICATE -> new Fault(kind, link, atMs, lastsMs, dice.nextInt(20, 100));
            case RESET -> new Fault(kind, "tunnel", atMs, 0, 0);
            case PARTITION -> new Fault(kind, pick(dice, SHAPES), atMs, lastsMs, 0);
            case CRASH -> {
                String target =
                        switch (dice.nextInt(8)) {
                            case 0, 1, 2 -> "gateway " + site;
                            case 3, 4 -> "hypervisor " + site;
                            case 5, 6 -> "site " + site;
                            default -> "witness";
                        };
                boolean within = target.startsWith("gateway") && dice.nextBoolean();
                yield new Fault(kind, target, atMs, lastsMs, within ? dice.nextInt(1, 100) : 0);
            }
            case TORN -> new Fault(kind, "witness", atMs, lastsMs, 0);
            case PAUSE ->
                new Fault(
                        kind,
                        switch (dice.nextInt(5)) {
                            case 0, 1 -> "gateway " + site;
                            case 2, 3 -> "site " + site;
                            default -> "witness";
                        },
                        atMs,
                        lastsMs,
                        0);
            case CLOCK ->
                new Fault(
                        kind,
                        dice.nextInt(4) == 0 ? "witness" : "gateway " + site,
                        atMs,
                        0,
                        dice.nextBoolean() ? dice.nextInt(10, 3_600_000) : -dice.nextInt(10, 1000));
            case DISK ->
                new Fault(
                        kind,
                        dice.nextBoolean() ? "witness" : "hypervisor " + site,
                        atMs,
                        lastsMs,
                        dice.nextInt(20, 600));
            case RESTORE -> new Fault(kind, "witness", atMs, lastsMs, dice.nextInt(100));
            case FORGET -> forget(dice, site, atMs, FORGET_MS + lastsMs);
            case OLDER -> new Fault(kind, "of the owner", atMs, LEAST_OLDER_MS + lastsMs, dice.nextInt(1, 300));
            case LIE -> new Fault(kind, "to " + site, atMs, lastsMs, dice.nextInt(1, 100));
            case CLONE -> new Fault(kind, "of " + site, atMs, LEAST_CLONE_MS + lastsMs, 0);
            case CONTEST -> new Fault(kind, "switch of " + site, atMs, lastsMs, 0);
            case AGENT -> new Fault(kind, "agent " + site, atMs, 0, 0);
            case UNTICK -> new Fault(kind, dice.nextInt(3) == 0 ? BY_ANOTHER_FILE : "the VM", atMs, lastsMs, 0);
            case SWITCHOVER -> new Fault(kind, "from " + site, atMs, 0, 0);
            case OPERATOR -> new Fault(kind, "force " + site, atMs, 0, 0);
        };
    }

    private static Fault forget(SplittableRandom dice, String site, long atMs, long lastsMs) {
        String knowing = dice.nextBoolean() ? EVERY_AGENT_KNOWS : ONLY_AGENTS_KNOW + site;
        return new Fault(FaultKind.FORGET, knowing, atMs, lastsMs, dice.nextInt(100));
    }

    /** Shorter than a heartbeat, or than a suspicion, or longer than any patience. */
    private static long duration(SplittableRandom dice) {
        int which = dice.nextInt(100);
        if (which < 35) {
            return dice.nextInt(5, 150);
        }
        return which < 75 ? dice.nextInt(150, 900) : dice.nextInt(900, 4000);
    }

    private static String pick(SplittableRandom dice, List<String> choices) {
        return choices.get(dice.nextInt(choices.size()));
    }
}
