package org.secondsite.lab.plan;

import java.util.regex.Pattern;

/**
 * What can be chosen about a lab.
 *
 * @param name prefix of every namespace and file
 * @param delayMillis one-way delay on every path of the WAN
 * @param load what the guest does beside serving
 * @param hold whether the gateways hold output; without, a takeover is expected to lose connections
 */
public record LabOptions(String name, int delayMillis, Load load, boolean hold) {
    /** The name if none is given. */
    public static final String DEFAULT_NAME = "sslab";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]{0,19}");

    /** The guest's memory load. */
    public enum Load {
        /** Only the kernel's own. */
        IDLE(""),
        /** A working set of 4 MiB, written over and over. */
        BUSY("busy 1024 1000");

        private final String command;

        Load(String command) {
            this.command = command;
        }

        /** What to tell the guest's control port; empty if nothing. */
        public String command() {
            return command;
        }
    }

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException in words
     */
    public LabOptions {
        checkedName(name);
        if (delayMillis < 0 || delayMillis > 5_000) {
            throw new IllegalArgumentException("a delay of " + delayMillis + " ms is not between 0 and 5000");
        }
    }

    /**
     * A lab's name that is fit for namespaces and files.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static String checkedName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' is not a lab's name: 1 to 20 lower-case letters and digits, a letter first");
        }
        return name;
    }
}
