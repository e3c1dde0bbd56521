package org.secondsite.lab.io;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Runs work that has to clean up after itself also when the process is told to end (Ctrl-C, SIGTERM): the work's thread is
 * interrupted, and the process stays until the work has ended, a minute at most.
 */
public final class Interruptible {
    private static final int PATIENCE_SECONDS = 60;

    private Interruptible() {}

    /** Runs the body in this thread. */
    public static <T> T call(Callable<T> body) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        Thread worker = Thread.currentThread();
        Thread hook = new Thread(() -> interruptAndWait(worker, ended), "clean-up");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            return body.call();
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the process is ending, and the hook was waiting for this
            }
        }
    }

    private static void interruptAndWait(Thread worker, CountDownLatch ended) {
        worker.interrupt();
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("could not clean up within " + PATIENCE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
