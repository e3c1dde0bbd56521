package org.secondsite.appliance.log;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import ch.qos.logback.core.encoder.Encoder;
import org.secondsite.net.life.io.ProcessEnd;

/**
 * Has the log written by a {@link LogQueue}, so that nobody who logs waits. Only the last words of a process ({@link
 * ProcessEnd#LAST_WORDS}) are waited for, as long as they may take.
 */
public final class QueuedAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {
    private static final long LAST_WORDS_MS = 600;

    private final LogQueue queue;
    private Encoder<ILoggingEvent> encoder;

    /** To the standard error stream. Logback makes one. */
    public QueuedAppender() {
        this(LogQueue.STDERR);
    }

    QueuedAppender(LogQueue queue) {
        this.queue = queue;
    }

    /** Logback sets it. */
    public void setEncoder(Encoder<ILoggingEvent> encoder) {
        this.encoder = encoder;
    }

    @Override
    protected void append(ILoggingEvent event) {
        byte[] line = encoder.encode(event);
        if (event.getMarkerList() != null && event.getMarkerList().contains(ProcessEnd.LAST_WORDS)) {
            queue.sayLast(line, LAST_WORDS_MS);
        } else {
            queue.say(line);
        }
    }
}
