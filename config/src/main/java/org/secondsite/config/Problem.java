package org.secondsite.config;

import java.util.Comparator;

/**
 * One thing that is wrong with a configuration file.
 *
 * @param file the file as the operator named it
 * @param line counted from 1
 * @param column counted from 1
 * @param path the place in the document, such as {@code groups[0].vms[1].mac}; empty for the whole document
 * @param message what is wrong, and where it helps, what would be right
 */
public record Problem(String file, int line, int column, String path, String message) implements Comparable<Problem> {
    private static final Comparator<Problem> IN_FILE_ORDER = Comparator.comparing(Problem::file)
            .thenComparingInt(Problem::line)
            .thenComparingInt(Problem::column)
            .thenComparing(Problem::path)
            .thenComparing(Problem::message);

    @Override
    public int compareTo(Problem other) {
        return IN_FILE_ORDER.compare(this, other);
    }

    /** {@code gateway-a.yaml:12:5 groups[0].vms[1].mac: '…' is not a MAC address like 52:54:00:12:34:56}. */
    @Override
    public String toString() {
        return file + ":" + line + ":" + column + (path.isEmpty() ? "" : " " + path) + ": " + message;
    }
}
