package org.secondsite.bgp.fsm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The table itself, against what RFC 4271 §8.2.2 asks of all rows. */
class TransitionTableTest {
    private static final Path DOCUMENT = Path.of("docs/fsm.md");

    @Test
    void startEventsActInIdleOnly() {
        for (State state : State.values()) {
            for (Event event : Event.values()) {
                if (event.isStart()) {
                    assertEquals(
                            state == State.IDLE,
                            TransitionTable.row(state, event).isPresent(),
                            state + " " + event);
                }
            }
        }
    }

    @Test
    void idleIgnoresEverythingElse() {
        for (Event event : Event.values()) {
            assertEquals(event.isStart(), TransitionTable.row(State.IDLE, event).isPresent());
        }
    }

    @Test
    void everyOtherStateAnswersEveryOtherEvent() {
        for (State state : State.values()) {
            for (Event event : Event.values()) {
                if (state != State.IDLE && !event.isStart()) {
                    assertTrue(TransitionTable.row(state, event).isPresent(), state + " " + event);
                }
            }
        }
    }

    @Test
    void everyFallToIdleReleasesTheConnection() {
        forEachRow((state, event, row) -> {
            if (row.next() == State.IDLE) {
                assertTrue(row.steps().contains(Step.RELEASE), state + " " + event);
            }
        });
    }

    @Test
    void onlyOpenConfirmLeadsToEstablishedAndOnlyByKeepalive() {
        forEachRow((state, event, row) -> {
            if (row.next() == State.ESTABLISHED && state != State.ESTABLISHED) {
                assertEquals(State.OPEN_CONFIRM, state);
                assertEquals(Event.KEEPALIVE_MSG, event);
            }
        });
    }

    @Test
    void aNotificationIsNeverAnsweredByOne() {
        forEachRow((state, event, row) -> {
            if (event == Event.NOTIF_MSG || event == Event.NOTIF_MSG_VER_ERR) {
                assertTrue(
                        !row.steps().contains(Step.NOTIFY) && !row.steps().contains(Step.NOTIFY_FSM_ERROR),
                        state + " " + event);
            }
        });
    }

    @Test
    void nothingIsSentBeforeTheOpen() {
        for (State state : List.of(State.CONNECT, State.ACTIVE)) {
            for (Event event : Event.values()) {
                TransitionTable.row(state, event)
                        .ifPresent(row -> assertTrue(
                                !row.steps().contains(Step.NOTIFY)
                                        && !row.steps().contains(Step.NOTIFY_FSM_ERROR),
                                state + " " + event));
            }
        }
    }

    /** {@code docs/fsm.md} is made from the table; run with {@code -Ddocs.write=true} to write it anew. */
    @Test
    void theDocumentIsTheTable() throws IOException {
        String rendered = render();
        if (Boolean.getBoolean("docs.write")) {
            Files.createDirectories(DOCUMENT.getParent());
            Files.writeString(DOCUMENT, rendered);
        }
        assertEquals(Files.readString(DOCUMENT), rendered, "stale: run this test with -Ddocs.write=true");
    }

    private static String render() {
        StringBuilder text = new StringBuilder("""
                # The BGP state machine

                Made from `TransitionTable` by `TransitionTableTest`; events as in RFC 4271 §8.1, 29 from RFC 9687.
                A pair that is not listed is ignored. `NOTIFY` sends the NOTIFICATION that belongs to the event.

                """);
        for (State state : State.values()) {
            text.append("## ").append(state.text()).append("\n\n| event | does | goes to |\n| --- | --- | --- |\n");
            for (Event event : Event.values()) {
                Optional<TransitionTable.Row> row = TransitionTable.row(state, event);
                if (row.isPresent()) {
                    List<String> steps = row.get().steps().stream()
                            .map(step -> step.name().toLowerCase(Locale.ROOT).replace('_', ' '))
                            .toList();
                    text.append(String.format(
                            Locale.ROOT,
                            "| %s%s | %s | %s |%n",
                            event.number() == 0 ? "" : event.number() + " ",
                            event.text(),
                            steps.isEmpty() ? "–" : String.join(", ", steps),
                            row.get().next().text()));
                }
            }
            text.append('\n');
        }
        return text.toString().stripTrailing() + "\n";
    }

    private interface RowCheck {
        void check(State state, Event event, TransitionTable.Row row);
    }

    private static void forEachRow(RowCheck check) {
        for (State state : State.values()) {
            for (Event event : Event.values()) {
                TransitionTable.row(state, event).ifPresent(row -> check.check(state, event, row));
            }
        }
    }
}
