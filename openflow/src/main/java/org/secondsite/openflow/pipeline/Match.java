package org.secondsite.openflow.pipeline;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Which frames a flow is about: all its conditions must hold. A frame without the field does not match. */
public final class Match {
    /** Every frame. */
    public static final Match ANY = new Match(new Field[0], new Condition[0]);

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
            if ((value.high() & ~mask.high()) != 0 || (value.low() & ~mask.low()) != 0) {
                throw new IllegalArgumentException("value " + value + " has bits outside of mask " + mask);
            }
        }

        private boolean isSame(Condition other) {
            return value.high() == other.value.high()
                    && value.low() == other.value.low()
                    && mask.high() == other.mask.high()
                    && mask.low() == other.mask.low();
        }
    }

    /** In the order of the fields, none twice; beside it the condition of each. */
    private final Field[] fields;

    private final Condition[] conditions;

    /** Matches are the keys of maps with thousands of flows. */
    private final int hash;

    private Match(Field[] fields, Condition[] conditions) {
        this.fields = fields;
        this.conditions = conditions;
        long mixed = 1;
        for (int i = 0; i < fields.length; i++) {
            Condition one = conditions[i];
            mixed = 31 * mixed + fields[i].number();
            mixed = 31 * mixed + one.value().high();
            mixed = 31 * mixed + one.value().low();
            mixed = 31 * mixed + one.mask().high();
            mixed = 31 * mixed + one.mask().low();
        }
        this.hash = Long.hashCode(mixed);
    }

    /** At most one per field, in the order of the fields. */
    public Map<Field, Condition> conditions() {
        Map<Field, Condition> ordered = new EnumMap<>(Field.class);
        for (int i = 0; i < fields.length; i++) {
            ordered.put(fields[i], conditions[i]);
        }
        return Collections.unmodifiableMap(ordered);
    }

    /** How many conditions there are. */
    public int size() {
        return fields.length;
    }

    /** The field of the condition with this index, in the order of the fields. */
    public Field field(int index) {
        return fields[index];
    }

    /** The condition with this index. */
    public Condition condition(int index) {
        return conditions[index];
    }

    /** What the field has to be, if it matters. */
    public Optional<Condition> of(Field field) {
        for (int i = 0; i < fields.length; i++) {
            if (fields[i] == field) {
                return Optional.of(conditions[i]);
            }
        }
        return Optional.empty();
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
        int at = 0;
        while (at < fields.length && fields[at].compareTo(field) < 0) {
            at++;
        }
        boolean isReplaced = at < fields.length && fields[at] == field;
        int rest = isReplaced ? at + 1 : at;
        int length = isReplaced ? fields.length : fields.length + 1;
        Field[] moreFields = Arrays.copyOf(fields, length);
        Condition[] moreConditions = Arrays.copyOf(conditions, length);
        System.arraycopy(fields, rest, moreFields, at + 1, fields.length - rest);
        System.arraycopy(conditions, rest, moreConditions, at + 1, fields.length - rest);
        moreFields[at] = field;
        moreConditions[at] = new Condition(value, mask);
        return new Match(moreFields, moreConditions);
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof Match match) || hash != match.hash || fields.length != match.fields.length) {
            return false;
        }
        for (int i = 0; i < fields.length; i++) {
            if (fields[i] != match.fields[i] || !conditions[i].isSame(match.conditions[i])) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        if (fields.length == 0) {
            return "any";
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < fields.length; i++) {
            Condition condition = conditions[i];
            text.append(i == 0 ? "" : ",").append(fields[i]).append('=').append(condition.value());
            if (!condition.mask().equals(fields[i].all())) {
                text.append('/').append(condition.mask());
            }
        }
        return text.toString();
    }
}
