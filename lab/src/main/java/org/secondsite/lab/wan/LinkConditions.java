package org.secondsite.lab.wan;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What one direction does to frames. Immutable. */
public final class LinkConditions {
    /** A perfect wire. */
    public static final LinkConditions PERFECT = new LinkConditions(
            Arrays.stream(Impairment.values()).collect(Collectors.toMap(Function.identity(), Impairment::initial)),
            false);

    private final Map<Impairment, Double> values; // every impairment has one
    private final boolean cut;

    private LinkConditions(Map<Impairment, Double> values, boolean cut) {
        this.values = new EnumMap<>(values);
        this.cut = cut;
    }

    /** The value in the unit that the impairment's name ends with. */
    public double get(Impairment impairment) {
        return values.get(impairment);
    }

    /** Whether nothing gets through. */
    public boolean isCut() {
        return cut;
    }

    /**
     * These conditions with some changed.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public LinkConditions with(Map<Impairment, Double> changes) {
        Map<Impairment, Double> changed = new EnumMap<>(values);
        changes.forEach((impairment, value) -> changed.put(impairment, impairment.checked(value)));
        return new LinkConditions(changed, cut);
    }

    /** These conditions with the wire cut or whole; the other values stay. */
    public LinkConditions withCut(boolean nowCut) {
        return new LinkConditions(values, nowCut);
    }

    long nanos(Impairment inMilliseconds) {
        return Math.round(get(inMilliseconds) * 1e6);
    }

    /** One JSON object, keys as in commands. */
    String toJson() {
        StringBuilder text = new StringBuilder("{\"cut\":").append(cut);
        for (Impairment impairment : Impairment.values()) {
            text.append(String.format(Locale.ROOT, ",\"%s\":%s", impairment.key(), plain(get(impairment))));
        }
        return text.append('}').toString();
    }

    private static String plain(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }
}
