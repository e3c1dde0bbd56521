package org.secondsite.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.secondsite.replicator.trace.ReplayReport;

/** What a run of the codec's benchmark measured on one recording, and whether it is what it must be. */
public final class CodecReport {
    private static final double LEAST_IDLE_RATIO = 180;
    private static final double LEAST_BUSY_RATIO = 25;
    private static final double LEAST_GIGABYTES_PER_SECOND = 1;

    private final Map<CodecContender, ReplayReport> medians = new EnumMap<>(CodecContender.class);

    /** Takes the rounds of a contender; what counts are the median times. */
    public void add(CodecContender contender, List<ReplayReport> rounds) {
        medians.put(contender, ReplayReport.median(rounds));
    }

    /** What is not what it must be, in words; empty when all holds. */
    public List<String> failures() {
        List<String> failures = new ArrayList<>();
        ReplayReport own = medians.get(CodecContender.PAGE_CODEC);
        ReplayReport usual = medians.get(CodecContender.XOR_ZLIB);
        judge("idle", own.idle(), usual.idle(), LEAST_IDLE_RATIO, failures);
        judge("busy", own.busy(), usual.busy(), LEAST_BUSY_RATIO, failures);
        return failures;
    }

    private static void judge(
            String half, ReplayReport.Sum own, ReplayReport.Sum usual, double leastRatio, List<String> failures) {
        if (own.count() == 0) {
            return;
        }
        if (own.ratio() < leastRatio) {
            failures.add(String.format(Locale.ROOT, "%s: 1/%.1f, must be 1/%.0f", half, own.ratio(), leastRatio));
        }
        if (own.encodeGigabytesPerSecond() < LEAST_GIGABYTES_PER_SECOND) {
            failures.add(String.format(
                    Locale.ROOT,
                    "%s: %.2f GB/s, must be %.0f",
                    half,
                    own.encodeGigabytesPerSecond(),
                    LEAST_GIGABYTES_PER_SECOND));
        }
        if (own.codedBytes() >= usual.codedBytes() || own.encodeNanos() >= usual.encodeNanos()) {
            failures.add(half + ": not better than XOR + zlib-1 in bytes and time");
        }
    }

    /** A table in Markdown. */
    public String table() {
        StringBuilder text = new StringBuilder("| codec | idle bytes | idle | GB/s | busy bytes | busy | GB/s |\n");
        text.append("| --- | --- | --- | --- | --- | --- | --- |\n");
        medians.forEach((contender, report) -> text.append(String.format(
                Locale.ROOT,
                "| %s | %d | 1/%.1f | %.2f | %d | 1/%.1f | %.2f |%n",
                contender.title(),
                report.idle().codedBytes(),
                report.idle().ratio(),
                report.idle().encodeGigabytesPerSecond(),
                report.busy().codedBytes(),
                report.busy().ratio(),
                report.busy().encodeGigabytesPerSecond())));
        return text.toString();
    }

    /** All of it. */
    public ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode contenders = root.putObject("contenders");
        medians.forEach((contender, report) -> {
            ObjectNode one = contenders.putObject(contender.title());
            put(one.putObject("idle"), report.idle());
            put(one.putObject("busy"), report.busy());
        });
        ArrayNode failures = root.putArray("failures");
        failures().forEach(failures::add);
        return root;
    }

    private static void put(ObjectNode into, ReplayReport.Sum sum) {
        into.put("epochs", sum.count())
                .put("recordedBytes", sum.recordedBytes())
                .put("plainBytes", sum.plainBytes())
                .put("codedBytes", sum.codedBytes())
                .put("encodeNanos", sum.encodeNanos());
    }
}
