package org.secondsite.appliance.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.net.life.io.ProcessEnd;

@Timeout(180)
class QueuedAppenderTest {
    /** Takes nothing until somebody reads, as a full pipe. */
    private static final class Pipe extends OutputStream {
        private final CountDownLatch read = new CountDownLatch(1);
        private final CountDownLatch reached = new CountDownLatch(1);
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

        @Override
        public void write(int octet) {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] octets, int start, int length) {
            reached.countDown();
            try {
                read.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            synchronized (taken) {
                taken.write(octets, start, length);
            }
        }

        List<String> lines() {
            synchronized (taken) {
                return taken.toString(UTF_8).lines().toList();
            }
        }
    }

    private final LoggerContext context = new LoggerContext();
    private final Pipe pipe = new Pipe();
    private final LogQueue queue = new LogQueue(pipe);
    private final QueuedAppender appender = new QueuedAppender(queue);
    private final Logger log = context.getLogger("test");

    @BeforeEach
    void start() {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%msg%n");
        encoder.start();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.start();
        log.setLevel(Level.INFO);
        log.addAppender(appender);
    }

    @AfterEach
    void stop() {
        pipe.read.countDown();
        context.stop();
    }

    /** What it is told of later is not told of before. */
    private void blockTheWriter() throws InterruptedException {
        log.info("first");
        pipe.reached.await();
    }

    @Test
    void whoLogsNeverWaitsAndWhatIsDroppedIsCounted() throws Exception {
        blockTheWriter();
        int lines = 20_000;
        for (int i = 0; i < lines; i++) {
            log.info("line {}", i);
        }
        long dropped = queue.dropped();
        assertTrue(dropped > lines / 2 && dropped < lines, () -> dropped + " dropped");
        pipe.read.countDown();
        queue.drained(10_000);
        log.info("the next");
        queue.drained(10_000);
        List<String> written = pipe.lines();
        assertEquals("first", written.getFirst());
        assertTrue(written.contains("line 0"));
        assertEquals("the next", written.getLast());
        assertTrue(
                written.contains(dropped + " lines of this log were dropped: it was not read in time"),
                () -> dropped + " dropped, in " + written.size() + " lines");
        assertEquals(lines - dropped + 3, written.size());
    }

    @Test
    void longLinesFillTheQueueByTheirOctets() throws Exception {
        blockTheWriter();
        String line = "x".repeat(100_000);
        for (int i = 0; i < 100; i++) {
            log.info(line);
        }
        assertTrue(queue.dropped() >= 75, () -> queue.dropped() + " dropped of ten megabytes");
    }

    @Test
    void lastWordsAreWaitedForIfTheyAreRead() {
        pipe.read.countDown();
        log.error(ProcessEnd.LAST_WORDS, "the end");
        assertEquals(List.of("the end"), pipe.lines());
    }

    @Test
    void theReasonIsTheLastLineAlthoughTheQueueWasFullAndOthersTalkOn() {
        for (int i = 0; i < 5_000; i++) {
            log.info("line {}", i);
        }
        Thread reader = Thread.ofPlatform().start(pipe.read::countDown);
        log.error(ProcessEnd.LAST_WORDS, "the end");
        log.info("somebody who does not know yet");
        queue.drained(10_000);
        assertEquals("the end", pipe.lines().getLast());
        assertDoesNotThrow(() -> reader.join());
    }

    @Test
    void whatIsPrintedGoesTheSameWay() {
        PrintStream printed = new PrintStream(queue.asStream(), true, UTF_8);
        for (int i = 0; i < 10_000; i++) {
            printed.println("printed " + i);
        }
        assertTrue(queue.dropped() > 0, "nobody waited");
        pipe.read.countDown();
        queue.drained(10_000);
        assertEquals("printed 0", pipe.lines().getFirst());
    }

    @Test
    void lastWordsThatNobodyReadsDoNotKeepAProcessAlive() {
        log.error(ProcessEnd.LAST_WORDS, "the end");
        assertEquals(List.of(), pipe.lines());
    }
}
