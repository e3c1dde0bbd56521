package org.secondsite.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * What is measured of one kind of thing: what each metric is called, what it means, and how its value is read. Values are
 * read when somebody asks ({@link Scrape#read}), never where things happen.
 *
 * <p>Names are in snake case without the common prefix, in base units; a counter is named without {@code _total}, which is
 * put behind it in what Prometheus gets.
 *
 * @param <T> the thing
 */
public final class MetricTable<T> {
    /** What all names begin with. */
    static final String PREFIX = "secondsite_";

    /** How a metric behaves. */
    enum Kind {
        COUNTER,
        GAUGE,
        HISTOGRAM
    }

    /** A metric with all its series. */
    record Family(String name, Kind kind, String help) {}

    /** A value as it is read. */
    sealed interface Value permits Scalar, Buckets {}

    record Scalar(double value) implements Value {}

    /**
     * One series of a thing.
     *
     * @param labels names and values that tell it from the others of the same family
     */
    record Row<T>(Family family, List<String> labels, Function<? super T, Value> reader) {}

    private final List<Row<T>> rows = new ArrayList<>();

    /** An empty table. */
    public MetricTable() {}

    List<Row<T>> rows() {
        return rows;
    }

    /** Adds what goes up and down. */
    public MetricTable<T> gauge(String name, String help, ToDoubleFunction<? super T> reader) {
        return add(Kind.GAUGE, name, help, List.of(), number(reader));
    }

    /** Adds what is yes or no: 1 or 0. */
    public MetricTable<T> flag(String name, String help, Predicate<? super T> reader) {
        return gauge(name, help, thing -> reader.test(thing) ? 1 : 0);
    }

    /** Adds a state: of each possible one, 1 if it is the present one. */
    public <E extends Enum<E>> MetricTable<T> state(
            String name, String help, E[] states, Function<? super T, E> reader) {
        Family family = new Family(PREFIX + name, Kind.GAUGE, help);
        for (E state : states) {
            rows.add(new Row<>(
                    family, List.of("state", word(state)), number(thing -> reader.apply(thing) == state ? 1 : 0)));
        }
        return this;
    }

    /** Adds what only grows. */
    public MetricTable<T> counter(String name, String help, ToDoubleFunction<? super T> reader) {
        return add(Kind.COUNTER, name, help, List.of(), number(reader));
    }

    /** Adds what only grows, by a label's value. */
    public MetricTable<T> counters(
            String name, String help, String label, Map<String, ToDoubleFunction<? super T>> readers) {
        Family family = new Family(PREFIX + name, Kind.COUNTER, help);
        new TreeMap<>(readers)
                .forEach((value, reader) -> rows.add(new Row<>(family, List.of(label, value), number(reader))));
        return this;
    }

    /** The same by the words of an enumeration. */
    public <E extends Enum<E>> MetricTable<T> counters(
            String name, String help, String label, E[] values, ToDoubleBiFunction<? super T, E> reader) {
        Family family = new Family(PREFIX + name, Kind.COUNTER, help);
        for (E value : values) {
            rows.add(new Row<>(
                    family, List.of(label, word(value)), number(thing -> reader.applyAsDouble(thing, value))));
        }
        return this;
    }

    /** Adds a distribution. */
    public MetricTable<T> histogram(String name, String help, Function<? super T, Buckets> reader) {
        return add(Kind.HISTOGRAM, name, help, List.of(), reader::apply);
    }

    private MetricTable<T> add(
            Kind kind, String name, String help, List<String> labels, Function<? super T, Value> reader) {
        rows.add(new Row<>(new Family(PREFIX + name, kind, help), labels, reader));
        return this;
    }

    private static <T> Function<T, Value> number(ToDoubleFunction<? super T> reader) {
        return thing -> new Scalar(reader.applyAsDouble(thing));
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
