package org.secondsite.appliance;

import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a daemon running until it is asked to end by a signal, and closes it then. */
public final class Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private Daemon() {}

    public static void serve(String name, AutoCloseable daemon) throws InterruptedException {
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                daemon.close();
                            } catch (Exception e) {
                                LOG.warn("{} did not close cleanly", name, e);
                            }
                            closed.countDown();
                        },
                        "shutdown"));
        LOG.info("{} is running, pid {}", name, ProcessHandle.current().pid());
        closed.await();
    }
}
