package org.secondsite.net.life.io;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.secondsite.net.life.Ending;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/**
 * Ends this process at once, without shutdown hooks: they would close in good order what is not in order. The details and then
 * the reason are the last words of its log. Should the log take them only slowly, or not at all, the process ends without.
 *
 * <p>Nothing is undone: a data plane's rules stay in the kernel and keep the way closed, a hypervisor's VM stays as it is.
 */
public final class ProcessEnd implements Ending {
    /** The exit code: EX_SOFTWARE of sysexits.h, an internal fault. */
    public static final int EXIT_CODE = 70;

    /** Marks lines that are worth waiting for, as long as this process may take to end: it ends when they were logged. */
    public static final Marker LAST_WORDS = MarkerFactory.getMarker("LAST_WORDS");

    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnd.class);
    private static final int LAST_WORDS_MS = 700;

    private final String process;
    private final IntConsumer halt;
    private final AtomicBoolean ending = new AtomicBoolean();
    private final CountDownLatch begun = new CountDownLatch(1);

    /**
     * The end of this process.
     *
     * @param process its name in the log
     */
    public ProcessEnd(String process) {
        this(process, code -> Runtime.getRuntime().halt(code));
    }

    ProcessEnd(String process, IntConsumer halt) {
        this.process = process;
        this.halt = halt;
        // Started now: a process that ends may have no memory left for a thread.
        Thread.ofPlatform().name("last-resort").daemon().start(this::haltInAnyCase);
    }

    @Override
    public void end(String reason, Supplier<String> details) {
        if (!ending.compareAndSet(false, true)) {
            return;
        }
        begun.countDown();
        try {
            LOG.error("{}: {}", reason, details.get());
            LOG.error(LAST_WORDS, "{} ends, exit code {}: {}", process, EXIT_CODE, reason);
        } finally {
            halt.accept(EXIT_CODE);
        }
    }

    private void haltInAnyCase() {
        try {
            begun.await();
            TimeUnit.MILLISECONDS.sleep(LAST_WORDS_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        halt.accept(EXIT_CODE);
    }
}
