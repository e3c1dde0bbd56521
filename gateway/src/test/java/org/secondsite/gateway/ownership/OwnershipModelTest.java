package org.secondsite.gateway.ownership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The model that Spin explores and the table that gateways run on join the same pairs of states, by steps that do the same. */
class OwnershipModelTest {
    private static final Pattern STATE =
            Pattern.compile("^ \\*     ([A-Z_]+) +is ([A-Z]+(?:, [A-Z]+)*)", Pattern.MULTILINE);
    private static final Pattern PAIR = Pattern.compile("([A-Z_]+) +-> ([A-Z_]+) +(within [A-Z]+|[a-zA-Z]+)");
    /** A macro to the end of its last line, or an inline to the brace in the first column. */
    private static final Pattern STEP = Pattern.compile(
            "^#define (\\w+)\\([^)]*\\)((?:.*\\\\\\n)*.*)$|^inline (\\w+)\\([^)]*\\) \\{\\n((?:(?!\\}).*\\n)*)\\}",
            Pattern.MULTILINE);

    private static final Pattern ROLE_CHANGE =
            Pattern.compile("\\brole\\[i\\] = |\\bbecome\\(i, (?:OUT|STANDBY|PROTECTED|SOLO)");

    private static String model;
    /** What every step of the model does, faults left out. */
    private static final Map<String, String> STEPS = new TreeMap<>();

    @BeforeAll
    static void readModel() throws IOException {
        model = Files.readString(Path.of("../spec/ownership.pml"));
        String steps = model.substring(0, model.indexOf("/* ---- faults that are steps of their own"))
                .replaceAll("(?m)^#ifdef PLANT_\\w+\\n(?:(?!#(?:else|endif)).*\\n)*", "")
                .replaceAll("(?m)^#(?:if|elif) defined\\(PLANT_\\w+\\)\\n(?:(?!#(?:elif|else|endif)).*\\n)*", "");
        Matcher step = STEP.matcher(steps);
        while (step.find()) {
            STEPS.put(
                    step.group(1) == null ? step.group(3) : step.group(1),
                    step.group(1) == null ? step.group(4) : step.group(2));
        }
    }

    private static Map<String, String> pairsOfTheModel() {
        Map<String, String> pairs = new TreeMap<>();
        Matcher pair = PAIR.matcher(model.substring(0, model.indexOf("*/")));
        while (pair.find()) {
            assertEquals(null, pairs.put(pair.group(1) + " -> " + pair.group(2), pair.group(3)), pair.group());
        }
        return pairs;
    }

    private static Map<OwnershipState, Set<String>> roles() {
        Map<OwnershipState, Set<String>> roles = new EnumMap<>(OwnershipState.class);
        Matcher state = STATE.matcher(model);
        while (state.find()) {
            roles.put(
                    OwnershipState.valueOf(state.group(1)),
                    Set.of(state.group(2).split(", ")));
        }
        return roles;
    }

    @Test
    void theTableJoinsThePairsThatTheModelNames() {
        Set<String> pairs = new TreeSet<>();
        for (OwnershipState state : OwnershipState.values()) {
            for (Occurrence what : Occurrence.values()) {
                for (OwnershipTable.Row row : OwnershipTable.rows(state, what)) {
                    if (row.next() != state) {
                        pairs.add(state + " -> " + row.next());
                    }
                }
            }
        }
        assertEquals(pairs, pairsOfTheModel().keySet());
    }

    @Test
    void everyStepThatIsNamedTakesASiteToTheRoleOfTheState() {
        Map<OwnershipState, Set<String>> roles = roles();
        assertEquals(Set.of(OwnershipState.values()), roles.keySet());
        pairsOfTheModel().forEach((pair, step) -> {
            String[] states = pair.split(" -> ", -1);
            Set<String> from = roles.get(OwnershipState.valueOf(states[0]));
            Set<String> to = roles.get(OwnershipState.valueOf(states[1]));
            if (step.startsWith("within ")) {
                String role = step.substring("within ".length());
                assertTrue(from.contains(role) && to.contains(role), pair + " is not within " + role);
            } else {
                String does = STEPS.get(step);
                assertTrue(does != null, "the model has no step " + step);
                boolean arrives = to.stream().anyMatch(role -> Pattern.compile("\\b" + role + "\\b")
                        .matcher(does)
                        .find());
                assertTrue(arrives, () -> "step " + step + " leads to none of " + to + ": " + does);
            }
        });
    }

    @Test
    void everyChangeOfARoleInTheModelIsAStepThatIsNamed() {
        Set<String> changing = STEPS.entrySet().stream()
                .filter(step -> ROLE_CHANGE.matcher(step.getValue()).find())
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
        // A start is no row of the table, and `become` is what the steps are made of.
        changing.removeAll(Set.of("become", "forgetsAll"));
        Set<String> named = pairsOfTheModel().values().stream()
                .filter(step -> !step.startsWith("within "))
                .collect(Collectors.toCollection(TreeSet::new));
        named.remove("asksPromotion"); // it burns the term, and the role stays
        assertEquals(changing, named);
    }
}
