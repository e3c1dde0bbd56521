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
    public static final Match ANY = new Match(new Field[0], new long[0]);

    /** How many numbers a condition takes: the two of its value, and the two of its mask. */
    private static final int STRIDE = 4;

    private static final long MIXER = 0x9e37_79b9_7f4a_7c15L;

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
    }

    /** In the order of the fields, none twice. */
    private final Field[] fields;

    /** Of each field four numbers: a switch has tens of thousands of matches, and they come and go at once. */
    private final long[] numbers;

    private final int hash;

    private Match(Field[] fields, long[] numbers) {
        this.fields = fields;
        this.numbers = numbers;
        long mixed = fields.length;
        for (Field field : fields) {
            mixed = mixed(mixed, field.number());
        }
        for (long number : numbers) {
            mixed = mixed(mixed, number);
        }
        this.hash = Long.hashCode(mixed);
    }

    private static long mixed(long before, long number) {
        long product = (before ^ number) * MIXER;
        return product ^ product >>> Integer.SIZE;
    }

    /** At most one per field, in the order of the fields. */
    public Map<Field, Condition> conditions() {
        Map<Field, Condition> ordered = new EnumMap<>(Field.class);
        for (int i = 0; i < fields.length; i++) {
            ordered.put(fields[i], condition(i));
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
        int at = index * STRIDE;
        return new Condition(new Bits(numbers[at], numbers[at + 1]), new Bits(numbers[at + 2], numbers[at + 3]));
    }

    /** Whether all bits of the field with this index count. */
    public boolean isExact(int index) {
        int at = index * STRIDE;
        Bits all = fields[index].all();
        return numbers[at + 2] == all.high() && numbers[at + 3] == all.low();
    }

    /** Bits 127..64 of the value of the condition with this index; whoever writes thousands wants no object of each. */
    public long valueHigh(int index) {
        return numbers[index * STRIDE];
    }

    /** Bits 63..0 of the same. */
    public long valueLow(int index) {
        return numbers[index * STRIDE + 1];
    }

    /** Bits 127..64 of its mask. */
    public long maskHigh(int index) {
        return numbers[index * STRIDE + 2];
    }

    /** Bits 63..0 of its mask. */
    public long maskLow(int index) {
        return numbers[index * STRIDE + 3];
    }

    /** What the field has to be, if it matters. */
    public Optional<Condition> of(Field field) {
        for (int i = 0; i < fields.length; i++) {
            if (fields[i] == field) {
                return Optional.of(condition(i));
            }
        }
        return Optional.empty();
    }

    /** A match of all of this and more: for several fields at once. */
    public Builder and() {
        return new Builder(this);
    }

    /** This match, and the field has exactly this value. */
    public Match with(Field field, Bits value) {
        return and().with(field, value).build();
    }

    /** This match, and the field has exactly this value. */
    public Match with(Field field, long value) {
        return and().with(field, value).build();
    }

    /** This match, and the field is exactly this address. */
    public Match with(Field field, InetAddress address) {
        return and().with(field, address).build();
    }

    /** This match, and the field's bits under the mask have this value. */
    public Match with(Field field, Bits value, Bits mask) {
        return and().with(field, new Condition(value, mask)).build();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Match match
                && hash == match.hash
                && Arrays.equals(numbers, match.numbers)
                && Arrays.equals(fields, match.fields);
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
            Condition condition = condition(i);
            text.append(i == 0 ? "" : ",").append(fields[i]).append('=').append(condition.value());
            if (!condition.mask().equals(fields[i].all())) {
                text.append('/').append(condition.mask());
            }
        }
        return text.toString();
    }

    /** Puts a match together, field by field in any order. Not for use by several threads. */
    public static final class Builder {
        private static final int TYPICAL_FIELDS = 6;
        private static final int MORE_FIELDS = 5;

        private Field[] fields;
        private long[] numbers;
        private int size;

        /** Of every frame so far. */
        public Builder() {
            fields = new Field[TYPICAL_FIELDS];
            numbers = new long[TYPICAL_FIELDS * STRIDE];
        }

        private Builder(Match match) {
            size = match.fields.length;
            fields = Arrays.copyOf(match.fields, size + MORE_FIELDS);
            numbers = Arrays.copyOf(match.numbers, (size + MORE_FIELDS) * STRIDE);
        }

        /** The field has exactly this value too. */
        public Builder with(Field field, long value) {
            return with(field, 0, value, field.all());
        }

        /** The field has exactly this value too. */
        public Builder with(Field field, Bits value) {
            return with(field, value.high(), value.low(), field.all());
        }

        /** The field is exactly this address too. */
        public Builder with(Field field, InetAddress address) {
            return with(field, Bits.of(address));
        }

        /** Whether there is a condition for the field. */
        public boolean has(Field field) {
            int at = place(field);
            return at < size && fields[at] == field;
        }

        /** The field too, instead of what was said of it before. */
        public Builder with(Field field, Condition condition) {
            return with(field, condition.value().high(), condition.value().low(), condition.mask());
        }

        private Builder with(Field field, long high, long low, Bits mask) {
            if ((high & ~mask.high()) != 0 || (low & ~mask.low()) != 0) {
                throw new IllegalArgumentException(new Bits(high, low) + " has bits outside of mask " + mask);
            }
            int at = place(field);
            if (at == size || fields[at] != field) {
                makeRoom(at);
                fields[at] = field;
            }
            int from = at * STRIDE;
            numbers[from] = high;
            numbers[from + 1] = low;
            numbers[from + 2] = mask.high();
            numbers[from + 3] = mask.low();
            return this;
        }

        /** Of every frame again: for many matches one after the other. */
        public Builder clear() {
            size = 0;
            return this;
        }

        /** The match. */
        public Match build() {
            return new Match(Arrays.copyOf(fields, size), Arrays.copyOf(numbers, size * STRIDE));
        }

        private int place(Field field) {
            int at = size;
            while (at > 0 && fields[at - 1].compareTo(field) >= 0) {
                at--;
            }
            return at;
        }

        private void makeRoom(int at) {
            if (size == fields.length) {
                fields = Arrays.copyOf(fields, 2 * size);
                numbers = Arrays.copyOf(numbers, 2 * size * STRIDE);
            }
            System.arraycopy(fields, at, fields, at + 1, size - at);
            System.arraycopy(numbers, at * STRIDE, numbers, (at + 1) * STRIDE, (size - at) * STRIDE);
            size++;
        }
    }
}
