package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** The table is what happens: every row of it is taken in random walks, and leads where it says. */
class OwnershipTableTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId GROUP = new GroupId("web");
    private static final int WALKS = 20_000;
    private static final int STEPS = 60;
    private static final int TO_HANDING_OVER = 11;

    @Test
    void everyRowIsTakenAndLeadsWhereItSays() {
        Set<OwnershipTable.Row> taken = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int seed = 1; seed <= WALKS; seed++) {
            walk(seed, taken);
        }
        List<String> neverTaken = new ArrayList<>();
        for (OwnershipState state : OwnershipState.values()) {
            for (Occurrence what : Occurrence.values()) {
                for (OwnershipTable.Row row : OwnershipTable.rows(state, what)) {
                    if (!taken.contains(row)) {
                        neverTaken.add(state + " " + what + " " + row.guard());
                    }
                }
            }
        }
        // A standby has no open request: what it asked for as another was settled when it became one.
        assertEquals(
                List.of(
                        "STANDBY OWN_GRANTED IMAGE_HELD",
                        "STANDBY OWN_GRANTED ELSE",
                        "STANDBY REFUSED ELSE",
                        "STANDBY UNANSWERED ELSE"),
                neverTaken);
    }

    private static void walk(int seed, Set<OwnershipTable.Row> taken) {
        SplittableRandom dice = new SplittableRandom(seed);
        Ownership group = new Ownership(A, B);
        List<OwnershipAction.Ask> asked = new ArrayList<>();
        boolean lazy = false;
        long now = 0;
        int helpful = dice.nextInt(2 * TO_HANDING_OVER);
        for (int step = 0; step < STEPS; step++) {
            now += dice.nextInt(10) == 0 ? 6_000_000_000L : dice.nextLong(300_000_000L);
            OwnershipState before = group.state();
            OwnershipEvent event =
                    step < helpful && step < TO_HANDING_OVER ? helpful(step, asked) : event(dice, group, asked);
            List<OwnershipAction> actions = group.on(event, now);
            OwnershipTable.Row row = group.taken();
            taken.add(row);
            assertSame(row.next(), group.state(), () -> "seed " + seed + ": " + before + " and " + event);
            lazy &= !(event instanceof OwnershipEvent.DisksSynced || event instanceof OwnershipEvent.VmsStopped);
            OwnershipState told = before;
            for (OwnershipAction action : actions) {
                if (action instanceof OwnershipAction.Transition transition) {
                    assertSame(told, transition.from(), () -> "seed " + seed);
                    told = transition.to();
                }
                if (action instanceof OwnershipAction.Ask ask) {
                    asked.add(ask);
                }
                boolean alone = action instanceof OwnershipAction.Ask request
                        && group.state() != OwnershipState.PROMOTING
                        && request.owner().equals(A)
                        && request.inSync().size() == 1;
                boolean passes = action instanceof OwnershipAction.Pass && group.state() != OwnershipState.PROMOTING;
                boolean early = lazy && (alone || passes);
                assertFalse(early, () -> "seed " + seed + ": " + action + " before the disks are synced, at " + event);
                lazy |= action instanceof OwnershipAction.FlushAtOnce;
            }
            assertSame(group.state(), told, () -> "seed " + seed + ": a change of state that nobody is told of");
        }
    }

    /** The way of a restarted owner to a switchover. */
    private static OwnershipEvent helpful(int step, List<OwnershipAction.Ask> asked) {
        return switch (step) {
            case 0 -> new OwnershipEvent.RecordLearnt(new OwnershipRecord(GROUP, 1, 0, A, Set.of(A)));
            case 1, 8 -> granted(asked.getLast());
            case 2 -> new OwnershipEvent.SourceReady();
            case 3 -> new OwnershipEvent.PeerBack();
            case 4 -> new OwnershipEvent.StandbyReady();
            case 5 -> new OwnershipEvent.Tick();
            case 6 -> new OwnershipEvent.ImageAcknowledged();
            case 7 -> new OwnershipEvent.CaughtUp();
            case 9 -> new OwnershipEvent.RecordPassedOn(new OwnershipRecord(GROUP, 3, 2, A, Set.of(A, B)));
            default -> new OwnershipEvent.SwitchoverOrdered("maintenance");
        };
    }

    private static OwnershipEvent event(SplittableRandom dice, Ownership group, List<OwnershipAction.Ask> asked) {
        return switch (dice.nextInt(27)) {
            case 0, 1 -> new OwnershipEvent.RecordLearnt(record(dice, group));
            case 2 -> new OwnershipEvent.RecordPassedOn(record(dice, group));
            case 3, 4, 5 -> granted(dice, group, asked);
            case 6 -> new OwnershipEvent.Refused(attempt(asked), record(dice, group), "so");
            case 7 -> new OwnershipEvent.Unanswered(attempt(asked), "no route");
            case 8 -> new OwnershipEvent.PeerLost("silent");
            case 9, 10 -> new OwnershipEvent.PeerBack();
            case 11, 12 -> new OwnershipEvent.StandbyReady();
            case 13 -> new OwnershipEvent.StandbyBroken("gap");
            case 14 -> new OwnershipEvent.SourceReady();
            case 15 -> dice.nextBoolean() ? new OwnershipEvent.SourceLost("exit") : new OwnershipEvent.VmsStopped();
            case 16 -> new OwnershipEvent.ImageHeld();
            case 17 -> dice.nextInt(4) == 0 ? new OwnershipEvent.ImageLost("gap") : new OwnershipEvent.ImageHeld();
            case 18 -> new OwnershipEvent.ImageAcknowledged();
            case 19 -> new OwnershipEvent.CaughtUp();
            case 20 -> dice.nextBoolean() ? new OwnershipEvent.Activated() : new OwnershipEvent.ActivationFailed("no");
            case 21 -> new OwnershipEvent.SwitchoverOrdered("maintenance");
            case 22 ->
                dice.nextBoolean() ? new OwnershipEvent.LastCommitted() : new OwnershipEvent.PeerActive(group.term());
            case 23 -> new OwnershipEvent.DisksCarried();
            case 24 -> new OwnershipEvent.DisksSynced();
            case 25 -> new OwnershipEvent.TermContested("taken");
            default -> new OwnershipEvent.Tick();
        };
    }

    private static long attempt(List<OwnershipAction.Ask> asked) {
        return asked.isEmpty() ? 1 : asked.getLast().attempt();
    }

    /** What was asked is granted, as it may be while the asker knows nothing of it. */
    private static OwnershipEvent granted(SplittableRandom dice, Ownership group, List<OwnershipAction.Ask> asked) {
        if (asked.isEmpty()) {
            return new OwnershipEvent.Tick();
        }
        OwnershipAction.Ask ask = asked.getLast();
        if (ask.expectedTerm() < group.term() && dice.nextBoolean()) {
            return new OwnershipEvent.Tick();
        }
        return granted(ask);
    }

    private static OwnershipEvent granted(OwnershipAction.Ask ask) {
        return new OwnershipEvent.Granted(
                ask.attempt(),
                new OwnershipRecord(GROUP, ask.expectedTerm() + 1, ask.expectedTerm(), ask.owner(), ask.inSync()));
    }

    /** Any record at all, also one that no witness would grant. */
    private static OwnershipRecord record(SplittableRandom dice, Ownership group) {
        long term = Math.max(1, group.term() + dice.nextInt(3));
        long previous = dice.nextInt(4) > 0 ? Math.min(group.term(), term - 1) : term - 1;
        SiteId owner = dice.nextBoolean() ? A : B;
        Set<SiteId> inSync = new HashSet<>(Set.of(owner));
        if (dice.nextBoolean()) {
            inSync.addAll(Set.of(A, B));
        }
        return new OwnershipRecord(GROUP, term, previous, owner, inSync);
    }
}
