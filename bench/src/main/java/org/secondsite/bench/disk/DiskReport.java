package org.secondsite.bench.disk;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.secondsite.bench.Figures;

/** Samples of fio by workload and contender, their medians, and the ratios to qemu-nbd's of the same run. */
final class DiskReport {
    private static final double LEAST_RATIO = 0.8;

    private final Map<DiskWorkload, Map<DiskContender, List<Double>>> samples = new EnumMap<>(DiskWorkload.class);

    void add(DiskWorkload workload, DiskContender contender, double figure) {
        samples.computeIfAbsent(workload, _ -> new EnumMap<>(DiskContender.class))
                .computeIfAbsent(contender, _ -> new ArrayList<>())
                .add(figure);
    }

    /** The median of the samples; NaN when there are none. */
    double median(DiskWorkload workload, DiskContender contender) {
        return Figures.median(samples.getOrDefault(workload, Map.of()).getOrDefault(contender, List.of()));
    }

    /** A contender's median by qemu-nbd's. */
    double ratio(DiskWorkload workload, DiskContender contender) {
        return median(workload, contender) / median(workload, DiskContender.QEMU_NBD);
    }

    /** What is less than it must be, in words; empty when all holds. */
    List<String> failures() {
        List<String> failures = new ArrayList<>();
        for (DiskWorkload workload : samples.keySet()) {
            for (DiskContender own : List.of(DiskContender.PROTECTED, DiskContender.HONEST)) {
                double ratio = ratio(workload, own);
                if (ratio < LEAST_RATIO) {
                    failures.add(String.format(
                            Locale.ROOT,
                            "%s, %s: ratio %.2f, must be %.1f",
                            workload.title(),
                            own.title(),
                            ratio,
                            LEAST_RATIO));
                }
            }
        }
        return failures;
    }

    /** A table in Markdown. */
    String table() {
        StringBuilder text = new StringBuilder("| what | unit |");
        for (DiskContender contender : DiskContender.values()) {
            text.append(' ').append(contender.title()).append(" |");
        }
        text.append(" ratio protected | ratio flushes wait |\n| --- | --- | --- | --- | --- | --- | --- |\n");
        for (DiskWorkload workload : samples.keySet()) {
            text.append("| ")
                    .append(workload.title())
                    .append(" | ")
                    .append(workload.unit())
                    .append(" |");
            for (DiskContender contender : DiskContender.values()) {
                text.append(' ')
                        .append(Figures.text(median(workload, contender)))
                        .append(" |");
            }
            text.append(String.format(
                    Locale.ROOT,
                    " **%.2f** | **%.2f** |%n",
                    ratio(workload, DiskContender.PROTECTED),
                    ratio(workload, DiskContender.HONEST)));
        }
        return text.toString();
    }

    /** All samples and what follows from them. */
    ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        samples.forEach((workload, byContender) -> {
            ObjectNode one = root.putObject(workload.label()).put("unit", workload.unit());
            byContender.forEach((contender, figures) -> {
                ObjectNode entry = one.putObject(contender.label());
                entry.put("median", median(workload, contender)).put("ratio", ratio(workload, contender));
                ArrayNode all = entry.putArray("samples");
                figures.forEach(all::add);
            });
        });
        ArrayNode failures = root.putArray("failures");
        failures().forEach(failures::add);
        return root;
    }
}
