package org.secondsite.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** How much heap a parser takes. */
public final class Allocation {
    /** What does not depend on the input. */
    private static final long FIXED_BYTES = 1 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocation() {}

    /** Runs it, and fails if it takes more than 1 MiB and {@code factor} times its input. */
    public static void bounded(int factor, byte[] input, Runnable parser) {
        bounded(FIXED_BYTES, factor, input, parser);
    }

    /** The same with another allowance for what does not depend on the input's length. */
    public static void bounded(long fixedBytes, int factor, byte[] input, Runnable parser) {
        long bound = fixedBytes + (long) factor * input.length;
        if (taken(parser) > bound) {
            // Perhaps for classes that were loaded on the way: that happens once.
            long taken = taken(parser);
            assertTrue(taken <= bound, () -> taken + " bytes taken for an input of " + input.length);
        }
    }

    private static long taken(Runnable parser) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        parser.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }
}
