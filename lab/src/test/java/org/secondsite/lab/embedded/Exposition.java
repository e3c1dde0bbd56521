package org.secondsite.lab.embedded;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A strict reader of Prometheus' text exposition format 0.0.4, as far as it is written here: every family has HELP and TYPE
 * once, before its samples, which stand together; no series is there twice; counters are named so and are not negative;
 * buckets are cumulative and end with +Inf, which is the count. Whatever else is refused.
 */
final class Exposition {
    /** A metric with all its series; {@code labels} are the names that occur, without {@code le}. */
    record Family(String name, String type, String help, Set<String> labels) {}

    private record Bucket(double bound, double count) {}

    private static final Pattern HELP = Pattern.compile("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)");
    private static final Pattern TYPE = Pattern.compile("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)");
    private static final Pattern SAMPLE = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? ([^ ]+)");
    private static final Pattern LABEL =
            Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\\n]|\\\\[\\\\\"n])*)\"(,|$)");

    private final Map<String, Family> families = new LinkedHashMap<>();
    private final Map<String, Double> values = new LinkedHashMap<>();
    private final Map<String, List<Bucket>> buckets = new LinkedHashMap<>();
    private Family family;

    private Exposition() {}

    /**
     * Reads a scrape.
     *
     * @throws IllegalArgumentException if it breaks a rule, with the line
     */
    static Exposition parse(String text) {
        Exposition exposition = new Exposition();
        check(text.endsWith("\n"), "the last line does not end");
        String help = null;
        for (String line : text.lines().toList()) {
            Matcher helps = HELP.matcher(line);
            Matcher types = TYPE.matcher(line);
            if (helps.matches()) {
                check(help == null, line);
                help = line;
            } else if (types.matches()) {
                check(help != null, line + " without HELP");
                Matcher before = HELP.matcher(help);
                check(before.matches() && before.group(1).equals(types.group(1)), line + " behind " + help);
                exposition.begin(types.group(1), types.group(2), before.group(2));
                help = null;
            } else {
                check(help == null, line + " behind " + help);
                exposition.sample(line);
            }
        }
        check(help == null, "HELP at the end");
        exposition.families.values().forEach(each -> check(exposition.hasSeries(each), each + " is empty"));
        exposition.checkHistograms();
        return exposition;
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(what);
        }
    }

    private void begin(String name, String type, String help) {
        check(type.equals("counter") == name.endsWith("_total"), name + " is a " + type);
        family = new Family(name, type, help, new TreeSet<>());
        check(families.put(name, family) == null, name + " is there twice");
    }

    private void sample(String line) {
        Matcher sample = SAMPLE.matcher(line);
        check(family != null && sample.matches(), "not a sample: " + line);
        String suffix = sample.group(1).startsWith(family.name())
                ? sample.group(1).substring(family.name().length())
                : "of another family";
        boolean histogram = family.type().equals("histogram");
        check(
                histogram ? Set.of("_bucket", "_sum", "_count").contains(suffix) : suffix.isEmpty(),
                line + " behind " + family);
        Map<String, String> labels = labels(sample.group(2), line);
        double value = Double.parseDouble(sample.group(3));
        // What may be without a value says so.
        check(Double.isFinite(value) || (Double.isNaN(value) && family.help().contains("NaN")), line);
        check(!family.type().equals("counter") || value >= 0, line);
        check(values.put(series(sample.group(1), labels), value) == null, "twice: " + line);
        if (suffix.equals("_bucket")) {
            String bound = labels.remove("le");
            check(bound != null, line);
            buckets.computeIfAbsent(series(family.name(), labels), key -> new ArrayList<>())
                    .add(new Bucket(
                            bound.equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound), value));
        }
        check(!labels.containsKey("le"), line);
        family.labels().addAll(labels.keySet());
    }

    private static Map<String, String> labels(String text, String line) {
        Map<String, String> labels = new TreeMap<>();
        if (text != null) {
            Matcher label = LABEL.matcher(text);
            int end = 0;
            while (label.find(end) && label.start() == end) {
                check(labels.put(label.group(1), label.group(2)) == null, "a label twice: " + line);
                end = label.end();
                if (label.group(3).isEmpty()) {
                    break;
                }
            }
            check(end == text.length() && !text.endsWith(","), "labels: " + line);
        }
        return labels;
    }

    private static String series(String name, Map<String, String> labels) {
        return name + labels;
    }

    private boolean hasSeries(Family each) {
        return values.keySet().stream().anyMatch(series -> series.startsWith(each.name()));
    }

    private void checkHistograms() {
        Set<String> counted = new HashSet<>();
        buckets.forEach((series, all) -> {
            for (int i = 1; i < all.size(); i++) {
                check(all.get(i).bound() > all.get(i - 1).bound(), series + ": bounds " + all);
                check(all.get(i).count() >= all.get(i - 1).count(), series + ": not cumulative " + all);
            }
            Bucket last = all.getLast();
            int name = series.indexOf('{');
            String count = series.substring(0, name) + "_count" + series.substring(name);
            check(last.bound() == Double.POSITIVE_INFINITY, series + " has no +Inf");
            check(values.get(count) == last.count(), series + ": the last bucket is not the count");
            check(values.containsKey(series.substring(0, name) + "_sum" + series.substring(name)), series);
            counted.add(count);
        });
        values.keySet().stream()
                .filter(series -> {
                    Family of = families.get(
                            series.substring(0, series.indexOf('{')).replaceAll("_count$", ""));
                    return of != null && of.type().equals("histogram");
                })
                .forEach(series -> check(counted.contains(series), series + " without buckets"));
    }

    /** The families in the order of the text. */
    List<Family> families() {
        return List.copyOf(families.values());
    }

    /**
     * The value of a series.
     *
     * @param labels names and values in turn, all that it has
     * @throws IllegalArgumentException if it is not there
     */
    double value(String name, String... labels) {
        Map<String, String> named = new TreeMap<>();
        for (int i = 0; i < labels.length; i += 2) {
            named.put(labels[i], labels[i + 1]);
        }
        Double value = values.get(series(name, named));
        check(value != null, "no " + series(name, named) + " in " + values.keySet());
        return value;
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
