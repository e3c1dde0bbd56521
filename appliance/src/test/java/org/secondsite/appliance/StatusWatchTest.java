package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What {@code status --watch} shows, and when it ends. */
class StatusWatchTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final class Over extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Watches so many pictures; null stands for a gateway that does not answer. */
    private static String watched(StatusWatch.Surface surface, String... pictures) throws Exception {
        Deque<String> left = new ArrayDeque<>();
        List.of(pictures).forEach(left::add);
        StringWriter text = new StringWriter();
        StatusWatch watch = new StatusWatch(
                () -> {
                    String next = left.remove();
                    if (next.isEmpty()) {
                        throw new IOException("no gateway answers");
                    }
                    return next;
                },
                new PrintWriter(text),
                surface,
                () -> {
                    if (left.isEmpty()) {
                        throw new Over();
                    }
                });
        assertThrows(Over.class, watch::run);
        return text.toString();
    }

    @Test
    void aPipeGetsOnePictureAfterTheOtherWithoutControlCharacters() throws Exception {
        assertEquals("one\ntwo\n", watched(StatusWatch.Surface.LINES, "one\n", "two\n"));
    }

    @Test
    void aTerminalIsWrittenOverLineByLine() throws Exception {
        assertEquals(
                "\033[H\033[J" + "\033[Hlong line\033[K\nmore\033[K\n\033[J" + "\033[Hshort\033[K\n\033[J",
                watched(StatusWatch.Surface.TERMINAL, "long line\nmore\n", "short\n"));
    }

    @Test
    void aGatewayThatIsStartedAnewEndsNothing() throws Exception {
        assertEquals(
                "one\nno gateway answers" + System.lineSeparator() + "two\n",
                watched(StatusWatch.Surface.LINES, "one\n", "", "two\n"));
    }

    @Test
    void aGatewayThatDoesNotAnswerAtFirstIsAnError() {
        StatusWatch watch = new StatusWatch(
                () -> {
                    throw new IOException("no gateway answers");
                },
                new PrintWriter(new StringWriter()),
                StatusWatch.Surface.LINES,
                () -> {
                    throw new Over();
                });
        assertThrows(IOException.class, watch::run);
    }

    @Test
    void itEndsWhenNobodyReadsAnyMore() throws Exception {
        Writer closedPipe = new Writer() {
            @Override
            public void write(char[] buffer, int offset, int length) throws IOException {
                throw new IOException("Broken pipe");
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        new StatusWatch(() -> "one\n", new PrintWriter(closedPipe), StatusWatch.Surface.LINES, () -> {
                    throw new Over();
                })
                .run();
    }

    private static String progress(String copy) {
        try {
            return StatusText.progress(JSON.readTree(copy));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aCopyIsABarWithFigures() {
        assertEquals(
                "[##########....................]  33 %  2.0 GiB left, 40.0 MiB/s, about 51 s, limited to 50.0 MiB/s, d1 2.0 GiB",
                progress(
                        "{\"phase\": \"UNDER_WAY\", \"leftBytes\": 2147483648, \"totalBytes\": 3221225472,"
                                + " \"bytesPerSecond\": 41943040, \"limitBytesPerSecond\": 52428800, \"secondsLeft\": 51,"
                                + " \"disks\": [{\"name\": \"d0\", \"leftBytes\": 0}, {\"name\": \"d1\", \"leftBytes\": 2147483648}]}"));
        assertEquals(
                "[..............................]   0 %  512.0 KiB left, standing still",
                progress(
                        "{\"leftBytes\": 524288, \"totalBytes\": 524288, \"bytesPerSecond\": 0, \"secondsLeft\": null}"));
        assertTrue(progress("{\"leftBytes\": 1, \"totalBytes\": 2, \"bytesPerSecond\": 1, \"secondsLeft\": 8000}")
                .contains("about 2 h 13 min"));
        assertTrue(progress("{\"leftBytes\": 0, \"totalBytes\": 9, \"bytesPerSecond\": 1, \"secondsLeft\": 0}")
                .startsWith("[##############################] 100 %"));
    }
}
