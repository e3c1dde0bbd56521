package org.secondsite.lab.wan;

/**
 * Which directions a command is about.
 *
 * @param one a port, or the beginning of the names of several and {@code "*"}
 * @param other likewise
 * @param oneWay only {@code one}→{@code other}, not back
 */
public record LinkSelection(String one, String other, boolean oneWay) {
    /** Every direction. */
    public static final LinkSelection ALL = new LinkSelection("*", "*", false);

    /**
     * Reads {@code a-b} (both ways), {@code a>b} (one way), {@code a-w*} (to every port of such a name) or {@code all}.
     *
     * @throws IllegalArgumentException if the text is none of them
     */
    public static LinkSelection parse(String text) {
        if (text.equals("all")) {
            return ALL;
        }
        boolean oneWay = text.indexOf('>') >= 0;
        String[] ends = text.split(oneWay ? ">" : "-", -1);
        if (ends.length != 2 || ends[0].isEmpty() || ends[1].isEmpty() || ends[0].equals(ends[1])) {
            throw new IllegalArgumentException("'" + text + "' is not a-b (both ways), a>b (one way) or all");
        }
        return new LinkSelection(ends[0], ends[1], oneWay);
    }

    boolean includes(String from, String to) {
        return (matches(one, from) && matches(other, to)) || (!oneWay && matches(one, to) && matches(other, from));
    }

    private static boolean matches(String pattern, String port) {
        return pattern.endsWith("*")
                ? port.startsWith(pattern.substring(0, pattern.length() - 1))
                : pattern.equals(port);
    }

    @Override
    public String toString() {
        return equals(ALL) ? "all" : one + (oneWay ? ">" : "-") + other;
    }
}
