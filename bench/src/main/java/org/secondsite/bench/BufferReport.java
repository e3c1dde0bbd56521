package org.secondsite.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The samples of a run of the data plane's benchmark, and what follows from them: medians, ratios to the kernel's own
 * figures of the same run, and whether each is what it must be. Of one thread.
 */
public final class BufferReport {
    private static final double DISTURBED = 0.1;

    private final Map<Workload, Map<Contender, List<Double>>> samples = new EnumMap<>(Workload.class);
    private final Map<Check, Map<Contender, List<Double>>> checks = new EnumMap<>(Check.class);
    private final List<Double> background = new ArrayList<>();

    /** Adds how many processors were busy with other things before a round. */
    public void addBackground(double processors) {
        background.add(processors);
    }

    /** Adds a sample of a workload. */
    public void add(Workload workload, Contender contender, double figure) {
        samples.computeIfAbsent(workload, _ -> new EnumMap<>(Contender.class))
                .computeIfAbsent(contender, _ -> new ArrayList<>())
                .add(figure);
    }

    /** Adds a sample of what a mode must hold by itself. */
    public void add(Check check, Contender mode, double figure) {
        checks.computeIfAbsent(check, _ -> new EnumMap<>(Contender.class))
                .computeIfAbsent(mode, _ -> new ArrayList<>())
                .add(figure);
    }

    /** The median of a workload's samples; NaN when there are none. */
    public double median(Workload workload, Contender contender) {
        return Figures.median(samples.getOrDefault(workload, Map.of()).getOrDefault(contender, List.of()));
    }

    /** A mode's median by that of its baseline; NaN when one is missing. */
    public double ratio(Workload workload, Contender mode) {
        return median(workload, mode) / median(workload, mode.baseline().orElseThrow());
    }

    /**
     * The figure of a check that counts: the worst sample of what must not happen at all, the median of a measure;
     * NaN when there is none.
     */
    public double figure(Check check, Contender mode) {
        List<Double> figures = checks.getOrDefault(check, Map.of()).getOrDefault(mode, List.of());
        return switch (check) {
            case LOST, DISORDERED ->
                figures.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
            case GARBAGE, RELEASE_START, COMMIT_TO_WIRE_P50, COMMIT_TO_WIRE_P99 -> Figures.median(figures);
        };
    }

    /** What was measured and is not what it must be, in words; empty when all holds. */
    public List<String> failures() {
        List<String> failures = new ArrayList<>();
        samples.forEach((workload, byContender) -> byContender.keySet().stream()
                .filter(mode -> mode.baseline().isPresent())
                .filter(mode -> !workload.holds(mode, ratio(workload, mode)))
                .forEach(mode -> failures.add(String.format(
                        Locale.ROOT,
                        "%s, %s: ratio %.2f, must be %s",
                        workload.title(),
                        mode.label(),
                        ratio(workload, mode),
                        workload.barText(mode)))));
        checks.forEach((check, byMode) -> byMode.keySet().stream()
                .filter(mode -> !check.holds(figure(check, mode)))
                .forEach(mode -> failures.add("%s, %s: %s %s, must be %s"
                        .formatted(
                                check.title(),
                                mode.label(),
                                Figures.text(figure(check, mode)),
                                check.unit(),
                                check.text()))));
        return failures;
    }

    /** A table in Markdown. */
    public String table() {
        StringBuilder text = new StringBuilder();
        text.append("| what | unit | bridge | transparent | ratio | routing | routed | ratio | must be |\n");
        text.append("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
        samples.keySet()
                .forEach(workload -> text.append(String.format(
                        Locale.ROOT,
                        "| %s | %s | %s | %s | %s | %s | %s | %s | %s |%n",
                        workload.title(),
                        workload.unit(),
                        Figures.text(median(workload, Contender.BRIDGE)),
                        Figures.text(median(workload, Contender.TRANSPARENT)),
                        ratioText(workload, Contender.TRANSPARENT),
                        Figures.text(median(workload, Contender.ROUTING)),
                        Figures.text(median(workload, Contender.ROUTED)),
                        ratioText(workload, Contender.ROUTED),
                        bars(workload))));
        text.append("\n| what | unit | transparent | routed | must be |\n| --- | --- | --- | --- | --- |\n");
        checks.keySet()
                .forEach(check -> text.append(String.format(
                        Locale.ROOT,
                        "| %s | %s | %s | %s | %s |%n",
                        check.title(),
                        check.unit(),
                        Figures.text(figure(check, Contender.TRANSPARENT)),
                        Figures.text(figure(check, Contender.ROUTED)),
                        check.text())));
        background.stream()
                .max(Double::compare)
                .filter(most -> most > DISTURBED)
                .ifPresent(most -> text.append(String.format(
                        Locale.ROOT, "%nDisturbed: other things kept up to %.2f processors busy.%n", most)));
        return text.toString();
    }

    /** All samples and what follows from them. */
    public ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode compared = root.putObject("workloads");
        samples.forEach((workload, byContender) -> {
            ObjectNode one = compared.putObject(workload.label()).put("unit", workload.unit());
            byContender.forEach((contender, figures) -> {
                ObjectNode entry = one.putObject(contender.label());
                entry.put("median", median(workload, contender));
                if (contender.baseline().isPresent()) {
                    entry.put("ratio", ratio(workload, contender));
                    entry.put("mustBe", workload.barText(contender));
                }
                list(entry.putArray("samples"), figures);
            });
        });
        ObjectNode held = root.putObject("checks");
        checks.forEach((check, byMode) -> {
            ObjectNode one =
                    held.putObject(check.name().toLowerCase(Locale.ROOT).replace('_', '-'));
            one.put("unit", check.unit()).put("mustBe", check.text());
            byMode.forEach((mode, figures) -> {
                ObjectNode entry = one.putObject(mode.label()).put("figure", figure(check, mode));
                list(entry.putArray("samples"), figures);
            });
        });
        list(root.putArray("processorsBusyWithOtherThings"), background);
        ArrayNode failures = root.putArray("failures");
        failures().forEach(failures::add);
        return root;
    }

    private String ratioText(Workload workload, Contender mode) {
        double ratio = ratio(workload, mode);
        return Double.isNaN(ratio) ? "-" : String.format(Locale.ROOT, "**%.2f**", ratio);
    }

    private static String bars(Workload workload) {
        String transparent = workload.barText(Contender.TRANSPARENT);
        String routed = workload.barText(Contender.ROUTED);
        return transparent.equals(routed) ? transparent : transparent + ", routed " + routed;
    }

    private static void list(ArrayNode into, List<Double> figures) {
        figures.forEach(into::add);
    }
}
