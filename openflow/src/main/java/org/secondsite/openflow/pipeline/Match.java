package org.secondsite.openflow.pipeline;

import java.net.InetAddress;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** Which frames a flow is about: all its conditions must hold. A frame without the field does not match. */
public final class Match {
    /** Every frame. */
    public static final Match ANY = new Match(Map.of());

    /**
     * The field's bits under {@code mask} have this value.
     *
     * @param value has no bit outside of {@code mask}
     * @param mask the bits that count
     */
    public record Condition(Bits value, Bits mask) {
        /**
         * Checks the shape.
         *
         * @throws IllegalArgumentException if the value has a bit that does not count
         */
        public Condition {
            if (!value.and(mask).equals(value)) {
                throw new IllegalArgumentException("value " + value + " has bits outside of mask " + mask);
            }
        }
    }

    private final Map<Field, Condition> conditions;

    /** Matches are the keys of maps with thousands of flows. */
    private final int hash;

    /** All these conditions; the map is copied. */
    public Match(Map<Field, Condition> conditions) {
        Map<Field, Condition> ordered = new EnumMap<>(Field.class);
        ordered.putAll(conditions);
        this.conditions = Collections.unmodifiableMap(ordered);
        this.hash = ordered.hashCode();
    }

    /** At most one per field, in the order of the fields. */
    public Map<Field, Condition> conditions() {
        return conditions;
    }

    /** This match, and the field has exactly this value. */
    public Match with(Field field, Bits value) {
        return with(field, value, field.all());
    }

    /** This match, and the field has exactly this value. */
    public Match with(Field field, long value) {
        return with(field, Bits.of(value));
    }

    /** This match, and the field is exactly this address. */
    public Match with(Field field, InetAddress address) {
        return with(field, Bits.of(address));
    }

    /** This match, and the field's bits under the mask have this value. */
    public Match with(Field field, Bits value, Bits mask) {
        Map<Field, Condition> more = new EnumMap<>(Field.class);
        more.putAll(conditions);
        more.put(field, new Condition(value, mask));
        return new Match(more);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Match match && hash == match.hash && conditions.equals(match.conditions);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        if (conditions.isEmpty()) {
            return "any";
        }
        StringBuilder text = new StringBuilder();
        conditions.forEach((field, condition) -> {
            text.append(text.isEmpty() ? "" : ",").append(field).append('=').append(condition.value());
            if (!condition.mask().equals(field.all())) {
                text.append('/').append(condition.mask());
            }
        });
        return text.toString();
    }
}
