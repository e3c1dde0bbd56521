package org.secondsite.lab.io;

import java.util.concurrent.ThreadLocalRandom;

/** Names that no other run has, with a prefix by which whoever runs the tests can find what they left. */
final class TestNames {
    private static final String PREFIX = System.getenv().getOrDefault("SECONDSITE_TEST_PREFIX", "sst");
    private static final int RADIX = 36;
    private static final int FOUR_DIGITS = RADIX * RADIX * RADIX;

    private TestNames() {}

    /** A lab's name. */
    static String lab() {
        return PREFIX + Integer.toString(ThreadLocalRandom.current().nextInt(FOUR_DIGITS, FOUR_DIGITS * RADIX), RADIX);
    }

    /** The beginning of the names of a test's own namespaces. */
    static String namespaces(String purpose) {
        return PREFIX + "-lab-" + purpose + "-" + lab().substring(PREFIX.length()) + "-";
    }
}
