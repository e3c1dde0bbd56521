package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps a section of {@code docs/openflow.md} equal to the tables in the code. Run with {@code SECONDSITE_RENDER=true} to write it. */
class SessionDocumentTest {
    private static final Path DOCUMENT = Path.of("../docs/openflow.md");
    private static final String HEADING = "## States of a session\n";

    @Test
    void theDocumentShowsTheTables() throws IOException {
        String document = Files.readString(DOCUMENT);
        int begin = document.indexOf(HEADING);
        int end = document.indexOf("\n## ", begin);
        String rendered = document.substring(0, begin) + HEADING + render() + document.substring(end);
        if ("true".equals(System.getenv("SECONDSITE_RENDER"))) {
            Files.writeString(DOCUMENT, rendered);
        }
        assertEquals(rendered, Files.readString(DOCUMENT), "docs/openflow.md is stale");
    }

    @Test
    void everyStepIsReachedAndLeft() {
        Set<Step> reached = EnumSet.of(Step.IDLE);
        for (int i = 0; i < Step.values().length; i++) {
            Stream.of(Occasion.values())
                    .filter(occasion -> occasion.in().stream().anyMatch(reached::contains))
                    .forEach(occasion -> reached.add(occasion.next()));
        }
        assertEquals(EnumSet.allOf(Step.class), reached);
        for (Step step : Step.values()) {
            assertTrue(
                    Stream.of(Occasion.values())
                            .anyMatch(occasion -> occasion.in().contains(step) && occasion.next() != step),
                    step + " is never left");
        }
    }

    private static String render() {
        return """

                Rendered from `StateChange` and `Occasion` by `SessionDocumentTest`; do not edit. Nothing has a deadline once the switch is known: as
                long as it answers echoes it is waited for, and said to be slow.

                """
                + states(State.values(), State::waitsFor)
                + changes(StateChange.values(), StateChange::words, StateChange::in, StateChange::next)
                + "\nA switch that is `CONNECTED`:\n\n"
                + states(Step.values(), Step::waitsFor)
                + changes(Occasion.values(), Occasion::words, Occasion::in, Occasion::next);
    }

    private static <S> String states(S[] states, Function<S, String> waitsFor) {
        return "| state | waits for |\n| --- | --- |\n"
                + Stream.of(states)
                        .map(state -> "| `%s` | %s |\n".formatted(state, waitsFor.apply(state)))
                        .collect(Collectors.joining());
    }

    private static <S, E> String changes(
            E[] events, Function<E, String> words, Function<E, Set<S>> in, Function<E, S> next) {
        return "\n| what happens | in | what follows |\n| --- | --- | --- |\n"
                + Stream.of(events)
                        .map(event -> "| %s | %s | `%s` |\n"
                                .formatted(
                                        words.apply(event),
                                        in.apply(event).stream()
                                                .map(state -> "`" + state + "`")
                                                .collect(Collectors.joining(" ")),
                                        next.apply(event)))
                        .collect(Collectors.joining());
    }
}
