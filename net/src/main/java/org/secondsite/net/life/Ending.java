package org.secondsite.net.life;

import java.util.function.Supplier;

/** Ends what cannot go on without a thread that failed or hangs: a process, or one of several gateways in it. */
@FunctionalInterface
public interface Ending {
    /**
     * Called once, by the thread that failed or by the watchdog. What it ends must let nothing out from here on.
     *
     * @param reason why, in one line
     * @param details stack traces, to be logged before the reason; asked for only after the end is sure to come, as it may fail
     */
    void end(String reason, Supplier<String> details);
}
