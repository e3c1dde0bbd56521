package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.gateway.group.RingOfCores.MILLI;
import static org.secondsite.gateway.group.RingOfCores.SITES;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.SiteId;

/** Seeds of faults at three cores in a ring: no rule is broken, and all three groups are protected again after each. */
class RingOfCoresTest {
    private static final long FIRST = Long.getLong("secondsite.seed", 1);
    private static final int SEEDS = Integer.getInteger("secondsite.seeds", 8);
    private static final int MAX_SEEDS_OF_A_PLANT = 20;
    private static final int FAULTS = 6;
    private static final int PATIENCE_MS = 30_000;

    @Test
    void siteAfterSiteFailsAndEveryGroupGoesOn() {
        int takeovers = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            takeovers += run(seed, RingOfCores.Plant.NONE);
        }
        assertTrue(takeovers > SEEDS, "takeovers: " + takeovers);
    }

    @ParameterizedTest
    @CsvSource({"RELEASE_ON_SEAL, PromotedHoldsAllReleased", "FENCE_FORGOTTEN, NothingAfterFence"})
    void whatIsBuiltInIsFound(RingOfCores.Plant plant, String rule) {
        for (long seed = 1; seed <= MAX_SEEDS_OF_A_PLANT; seed++) {
            try {
                run(seed, plant);
            } catch (AssertionError found) {
                // What breaks a rule on purpose may keep service from coming back by the way.
                if (found.getMessage().contains(rule)) {
                    return;
                }
            }
        }
        throw new AssertionError(plant + " is not found");
    }

    private static int run(long seed, RingOfCores.Plant plant) {
        SplittableRandom dice = new SplittableRandom(seed);
        RingOfCores ring = new RingOfCores(seed, plant);
        String struck = "the start";
        try {
            for (int fault = 0; fault < FAULTS; fault++) {
                awaitProtection(ring);
                ring.run(dice.nextLong(100 * MILLI));
                struck = strike(ring, dice);
                ring.run(dice.nextLong(2_000 * MILLI));
            }
            awaitProtection(ring);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError("seed " + seed + ", after " + struck + ": " + e + "; " + ring.states(), e);
        }
        assertTrue(ring.packets() > 0);
        return ring.takeovers();
    }

    private static void awaitProtection(RingOfCores ring) {
        for (int ms = 0; ms < PATIENCE_MS; ms += 50) {
            if (ring.allProtected()) {
                return;
            }
            ring.run(50 * MILLI);
        }
        throw new AssertionError("no protection");
    }

    private static String strike(RingOfCores ring, SplittableRandom dice) {
        SiteId one = SITES.get(dice.nextInt(SITES.size()));
        SiteId next = SITES.get((SITES.indexOf(one) + 1) % SITES.size());
        long forNanos = dice.nextLong(20, 1_500) * MILLI;
        return switch (dice.nextInt(5)) {
            case 0, 1 -> {
                ring.siteDies(one, forNanos);
                yield "the death of site " + one;
            }
            case 2 -> {
                ring.gatewayDies(one, forNanos);
                yield "the death of gateway " + one;
            }
            case 3 -> {
                ring.cut(one, next, forNanos);
                yield "a cut from " + one + " to " + next;
            }
            default -> {
                ring.cutFromWitness(one, forNanos);
                ring.cut(one, next, forNanos);
                yield "a cut from " + one + " to " + next + " and the witness";
            }
        };
    }
}
