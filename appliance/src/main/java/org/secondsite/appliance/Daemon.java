package org.secondsite.appliance;

import java.util.concurrent.CountDownLatch;
import org.secondsite.appliance.log.LogQueue;
import org.secondsite.net.linux.HangUp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a daemon running until it is asked to end by a signal, and closes it then. SIGHUP never ends it: it is to read its file again.
 */
public final class Daemon {
    private static final Logger LOG = LoggerFactory.getLogger(Daemon.class);

    private Daemon() {}

    /**
     * Serves.
     *
     * @param reload what to do at SIGHUP
     */
    public static void serve(String name, AutoCloseable daemon, Runnable reload) throws InterruptedException {
        HangUp.then(() -> reload(name, reload));
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                daemon.close();
                            } catch (Exception e) {
                                LOG.warn("{} did not close cleanly", name, e);
                            }
                            LogQueue.drain();
                            closed.countDown();
                        },
                        "shutdown"));
        LOG.info("{} is running, pid {}", name, ProcessHandle.current().pid());
        closed.await();
    }

    private static void reload(String name, Runnable reload) {
        LOG.info("{} is told to read its file again (SIGHUP)", name);
        try {
            reload.run();
        } catch (RuntimeException e) {
            LOG.error("{} goes on as it is: its file could not be read again", name, e);
        }
    }
}
