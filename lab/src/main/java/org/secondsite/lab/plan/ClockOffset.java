package org.secondsite.lab.plan;

import java.util.regex.Pattern;

/**
 * How far a process's wall clock is off, as libfaketime reads it: a sign, a number, and a unit of {@code s}, {@code m},
 * {@code h}, {@code d} or {@code y}.
 */
public record ClockOffset(String text) {
    private static final Pattern FORM = Pattern.compile("[+-][0-9]{1,9}[smhdy]");

    /** Right. */
    public static final ClockOffset NONE = new ClockOffset("+0s");

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException in words
     */
    public ClockOffset {
        if (!FORM.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not an offset such as +6h, -90s or +10y");
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
