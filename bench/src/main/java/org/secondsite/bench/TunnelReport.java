package org.secondsite.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What {@code secondsite bench tunnel} has measured: a row for each way and contender, of which the median counts. */
public final class TunnelReport {
    /** The plain contender: one TCP stream of iperf3. */
    public static final String TCP = "iperf3";

    private static final double MEGABITS = 8e-6;
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A sample.
     *
     * @param bytesPerSecond of content that arrived
     * @param p50Ms from sent to committed, median; 0 where there is no such thing
     * @param p99Ms the same, 99th percentile
     * @param processorSecondsPerGigabyte of both ends together; 0 where it was not measured
     * @param garbagePerGigabyte bytes of garbage of the sending end for each gigabyte carried
     */
    public record Sample(
            double bytesPerSecond,
            double p50Ms,
            double p99Ms,
            double processorSecondsPerGigabyte,
            double garbagePerGigabyte) {}

    private record Row(String way, String contender, List<Sample> samples) {
        double median() {
            double[] all = samples.stream()
                    .mapToDouble(Sample::bytesPerSecond)
                    .sorted()
                    .toArray();
            return all[all.length / 2];
        }

        /** The sample that has the median. */
        Sample typical() {
            return samples.stream()
                    .filter(sample -> sample.bytesPerSecond() == median())
                    .findFirst()
                    .orElseThrow();
        }
    }

    private final List<Row> rows = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    /** Adds what one contender reached on one way. */
    public void add(String way, String contender, List<Sample> samples) {
        rows.add(new Row(way, contender, List.copyOf(samples)));
    }

    /** The median goodput in bytes a second. */
    public Optional<Double> goodput(String way, String contender) {
        return rows.stream()
                .filter(row -> row.way().equals(way) && row.contender().equals(contender))
                .map(Row::median)
                .findFirst();
    }

    /** Notes that a contender has to reach so many times what one plain TCP stream does on that way. */
    public void require(String way, String contender, double ratio) {
        Optional<Double> ours = goodput(way, contender);
        Optional<Double> plain = goodput(way, TCP);
        if (ours.isPresent() && plain.isPresent() && ours.get() < ratio * plain.get()) {
            failures.add(String.format(
                    Locale.ROOT,
                    "%s at %s: %.2f of plain TCP, wanted %.1f",
                    contender,
                    way,
                    ours.get() / plain.get(),
                    ratio));
        }
    }

    /** What does not hold, in words. */
    public List<String> failures() {
        return List.copyOf(failures);
    }

    /** A table for people. */
    public String table() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-14s %-10s %10s %8s %8s %8s %8s %9s%n",
                "RTT, loss",
                "",
                "Mbit/s",
                "of TCP",
                "p50 ms",
                "p99 ms",
                "CPU s/GB",
                "MB/GB"));
        for (Row row : rows) {
            Sample sample = row.typical();
            double plain = goodput(row.way(), TCP).orElse(Double.NaN);
            text.append(String.format(
                    Locale.ROOT,
                    "%-14s %-10s %10.1f %8.2f %8.1f %8.1f %8.2f %9.1f%n",
                    row.way(),
                    row.contender(),
                    row.median() * MEGABITS,
                    row.median() / plain,
                    sample.p50Ms(),
                    sample.p99Ms(),
                    sample.processorSecondsPerGigabyte(),
                    sample.garbagePerGigabyte() / 1e6));
        }
        return text.toString();
    }

    /** All samples. */
    public ObjectNode json() {
        ObjectNode json = JSON.createObjectNode();
        for (Row row : rows) {
            ObjectNode node = json.withArray("rows").addObject();
            node.put("way", row.way()).put("contender", row.contender());
            node.set("samples", JSON.valueToTree(row.samples()));
        }
        json.set("failures", JSON.valueToTree(failures));
        return json;
    }
}
