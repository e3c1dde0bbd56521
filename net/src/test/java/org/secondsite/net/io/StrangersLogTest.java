package org.secondsite.net.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import org.junit.jupiter.api.Test;

class StrangersLogTest {
    private final LoggerContext context = new LoggerContext();
    private final Logger logger = context.getLogger("test");
    private final ListAppender<ILoggingEvent> written = new ListAppender<>();
    private final StrangersLog log = new StrangersLog(logger);

    @Test
    void aFloodIsAFewLinesAndEachKindHasItsOwn() {
        written.setContext(context);
        written.start();
        logger.addAppender(written);
        long start = System.nanoTime();
        for (int i = 0; i < 100_000; i++) {
            log.tell("rubbish", "{} says rubbish", i);
        }
        log.tell("silence", "{} says nothing", 1);
        long seconds = (System.nanoTime() - start) / 1_000_000_000L;
        List<String> lines =
                written.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
        assertEquals("0 says rubbish", lines.getFirst());
        assertEquals("1 says nothing", lines.getLast());
        // Each line beyond the first ten may have one with a count.
        assertTrue(lines.size() <= 11 + 2 * (seconds + 1), lines.toString());
    }
}
