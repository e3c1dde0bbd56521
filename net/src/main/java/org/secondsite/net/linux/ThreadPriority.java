package org.secondsite.net.linux;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The scheduling priority of a thread, which Java does not set on Linux. */
public final class ThreadPriority {
    private static final Logger LOG = LoggerFactory.getLogger(ThreadPriority.class);
    private static final int NICE = -10;

    private ThreadPriority() {}

    /**
     * Prefers the calling thread to others of this machine, for one that has little to do but in time: a nice value of -10.
     * Without the right to do so (CAP_SYS_NICE) it stays as it is, which is logged.
     */
    public static void prefer() {
        int answer = new Libc().setNice(NICE);
        if (answer < 0) {
            LOG.info("{} keeps its priority: errno {}", Thread.currentThread().getName(), -answer);
        }
    }
}
