package org.secondsite.bench.disk;

import java.util.List;
import java.util.Locale;

/** What fio does to an export. */
enum DiskWorkload {
    RANDOM_WRITE("4 KiB written at random, 16 at once", "IO/s", "randwrite", "4k", 16, false),
    SEQUENTIAL_WRITE("1 MiB written in order, 4 at once", "B/s", "write", "1m", 4, false),
    FLUSHED_WRITE("4 KiB at random, one at once, each flushed", "IO/s", "randwrite", "4k", 1, true),
    RANDOM_READ("4 KiB read at random, 16 at once", "IO/s", "randread", "4k", 16, false),
    SEQUENTIAL_READ("1 MiB read in order, 4 at once", "B/s", "read", "1m", 4, false);

    private final String title;
    private final String unit;
    private final String pattern;
    private final String blockSize;
    private final int depth;
    private final boolean flushed;

    DiskWorkload(String title, String unit, String pattern, String blockSize, int depth, boolean flushed) {
        this.title = title;
        this.unit = unit;
        this.pattern = pattern;
        this.blockSize = blockSize;
        this.depth = depth;
        this.flushed = flushed;
    }

    String title() {
        return title;
    }

    String unit() {
        return unit;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether what counts are bytes. */
    boolean countsBytes() {
        return unit.equals("B/s");
    }

    /** Where fio's report has the figures: at "read" or "write". */
    String direction() {
        return pattern.endsWith("read") ? "read" : "write";
    }

    /** fio's arguments for a NBD export of so many MiB. */
    List<String> fio(String uri, int mebibytes, double seconds) {
        return List.of(
                "fio",
                "--name=" + label(),
                "--ioengine=nbd",
                "--uri=" + uri,
                "--rw=" + pattern,
                "--bs=" + blockSize,
                "--iodepth=" + depth,
                // fio's NBD engine knows FLUSH as this alone.
                "--fsync=" + (flushed ? 1 : 0),
                "--size=" + mebibytes + "m",
                "--time_based",
                "--ramp_time=300ms",
                "--runtime=" + Math.round(seconds * 1000) + "ms",
                "--randrepeat=1",
                "--norandommap",
                "--output-format=json");
    }
}
