package org.secondsite.lab.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Does independent steps at the same time; most of them wait for other programs. */
final class Concurrently {
    private Concurrently() {}

    /** A step that may fail. */
    @FunctionalInterface
    interface Step<T> {
        void run(T subject) throws IOException;
    }

    /**
     * Does the step for each subject and waits for all.
     *
     * @throws IOException the first failure, the others suppressed in it
     */
    static <T> void each(String what, List<T> subjects, Step<T> step) throws IOException {
        IOException failed = null;
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name(what, 0).factory())) {
            List<Future<?>> futures = new ArrayList<>();
            for (T subject : subjects) {
                futures.add(threads.submit(() -> {
                    step.run(subject);
                    return null;
                }));
            }
            for (Future<?> future : futures) {
                failed = outcome(future, failed);
            }
        }
        if (failed != null) {
            throw failed;
        }
    }

    private static IOException outcome(Future<?> future, IOException before) throws IOException {
        try {
            future.get();
            return before;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        } catch (ExecutionException e) {
            IOException failure = e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
            if (before == null) {
                return failure;
            }
            before.addSuppressed(failure);
            return before;
        }
    }
}
