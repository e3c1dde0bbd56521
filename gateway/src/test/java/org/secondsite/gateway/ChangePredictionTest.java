package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.change.ChangeKind;
import org.secondsite.gateway.change.GatewayTexts;
import org.secondsite.gateway.change.Impact;
import org.secondsite.gateway.change.RandomFile;

/**
 * What {@code config diff} tells against what a gateway's parts then have to do, over random pairs of valid files: 200, or as many as the
 * system property {@code secondsite.pairs} says.
 */
class ChangePredictionTest {
    private static final int PAIRS = Integer.getInteger("secondsite.pairs", 200);
    private static final int MAX_CHANGES = 4;

    private static GatewayConfig config(RandomFile file, long seed) {
        try {
            return GatewayTexts.config(file.text());
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + " draws no valid file: " + e.getMessage() + "\n" + file.text());
        }
    }

    @Test
    void whatIsToldIsWhatThenHappens() {
        Set<ChangeKind> seen = EnumSet.noneOf(ChangeKind.class);
        for (long seed = 0; seed < PAIRS; seed++) {
            Random random = new Random(seed);
            RandomFile first = RandomFile.first(random);
            RandomFile second = first.altered(random, 1 + random.nextInt(MAX_CHANGES));
            GatewayConfig before = config(first, seed);
            GatewayConfig after = config(second, seed);
            List<Impact> told = Impact.between(before, after);
            told.forEach(impact -> seen.add(impact.change().kind()));
            PredictedParts.require(told, before, after, "seed " + seed);
        }
        Set<ChangeKind> never = EnumSet.complementOf(EnumSet.copyOf(seen));
        // These are of what the files here have one of, or none.
        never.removeAll(EnumSet.of(ChangeKind.VM_MOVED));
        assertTrue(PAIRS < 2000 || never.isEmpty(), "never drawn: " + never);
    }

    @Test
    void aFileWithEveryDefaultWrittenOutChangesNothing() {
        for (long seed = 0; seed < PAIRS; seed++) {
            RandomFile file = RandomFile.first(new Random(seed));
            assertEquals(
                    List.of(),
                    Impact.between(config(file, seed), GatewayTexts.config(file.textWithDefaults())),
                    "seed " + seed);
        }
    }

    /** A prediction from which something is missing is found out, or the test would prove nothing. */
    @Test
    void aPredictionThatLeavesSomethingOutIsFound() {
        int left = 0;
        for (long seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            RandomFile first = RandomFile.first(random);
            GatewayConfig before = config(first, seed);
            GatewayConfig after = config(first.altered(random, 2), seed);
            List<Impact> told = new ArrayList<>(Impact.between(before, after));
            // The speaker's number, and what needs a restart, are of many parts, or of none that is looked at here.
            told.removeIf(impact -> impact.needsRestart() || impact.change().kind() == ChangeKind.SPEAKER_ALTERED);
            if (told.size() == Impact.between(before, after).size() && !told.isEmpty()) {
                left++;
                Impact one = told.get(random.nextInt(told.size()));
                // Of a kind that is no thing with a name each setting is told of by itself.
                boolean isSetting = one.change().subject().contains(".")
                        && one.change().kind() != ChangeKind.NEIGHBOR_ADDED
                        && one.change().kind() != ChangeKind.NEIGHBOR_REMOVED
                        && one.change().kind() != ChangeKind.NEIGHBOR_ALTERED;
                told.removeIf(each -> each.equals(one)
                        || (isSetting && each.change().kind() == one.change().kind()));
                String words = "seed " + seed;
                assertThrows(AssertionError.class, () -> PredictedParts.require(told, before, after, words), words);
            }
        }
        assertTrue(left > 30, left + " pairs");
    }
}
