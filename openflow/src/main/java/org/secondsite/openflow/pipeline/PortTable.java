package org.secondsite.openflow.pipeline;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The ports of a switch, and which of them a configured name means.
 *
 * <p>The protocol has room for 15 bytes of a port's name (OpenFlow 1.4.1 §7.2.1: {@code OFP_MAX_PORT_NAME_LEN} with its
 * NUL), so {@code GigabitEthernet1/0/1} and {@code GigabitEthernet1/0/2} arrive as the same. A name that fits several ports
 * means none of them; such a port can be configured by its number.
 *
 * <p>Not for use by several threads.
 */
public final class PortTable {
    private static final int MAX_NAME_BYTES = 15;

    /** Numbers above are reserved, such as LOCAL; OpenFlow 1.4.1 §7.2.1: {@code OFPP_MAX}. */
    private static final long MAX_NUMBER = 0xffff_ff00L;

    private final Map<Integer, String> names = new TreeMap<>(Integer::compareUnsigned);

    /** The same the other way round: a fence asks for a thousand names. */
    private final Map<String, SortedSet<Integer>> numbers = new HashMap<>();

    /** What a configured name means. */
    public sealed interface Meaning {
        /** This port. */
        record Port(int number) implements Meaning {}

        /** No port that there is. */
        record Missing() implements Meaning {}

        /** One of these, and nobody can tell which. */
        record Ambiguous(List<Integer> numbers) implements Meaning {}
    }

    /** Ports with these numbers by their names. */
    public static PortTable of(Map<String, Integer> numbers) {
        PortTable table = new PortTable();
        numbers.forEach((name, number) -> table.put(number, name));
        return table;
    }

    /** The port is there under this name; answers whether that is news. */
    public boolean put(int number, String name) {
        String cut = cut(name);
        String before = names.put(number, cut);
        if (cut.equals(before)) {
            return false;
        }
        forget(before, number);
        numbers.computeIfAbsent(cut, _ -> new TreeSet<>(Integer::compareUnsigned))
                .add(number);
        return true;
    }

    /** The port is gone; answers whether it was there. */
    public boolean remove(int number) {
        String before = names.remove(number);
        forget(before, number);
        return before != null;
    }

    private void forget(String name, int number) {
        if (name != null
                && numbers.get(name).remove(number)
                && numbers.get(name).isEmpty()) {
            numbers.remove(name);
        }
    }

    /** Forgets all. */
    public void clear() {
        names.clear();
        numbers.clear();
    }

    /** How many there are. */
    public int size() {
        return names.size();
    }

    /** Which port is meant: by its name as the protocol cuts it, else by its number. */
    public Meaning meaning(String configured) {
        SortedSet<Integer> named = numbers.get(cut(configured));
        if (named != null) {
            return named.size() > 1 ? new Meaning.Ambiguous(List.copyOf(named)) : new Meaning.Port(named.first());
        }
        return byNumber(configured);
    }

    @Override
    public String toString() {
        return names.toString();
    }

    private Meaning byNumber(String configured) {
        try {
            long number = Long.parseLong(configured);
            if (number > 0 && number <= MAX_NUMBER && names.containsKey((int) number)) {
                return new Meaning.Port((int) number);
            }
        } catch (NumberFormatException e) {
            // A name, of a port that is not there.
        }
        return new Meaning.Missing();
    }

    private static String cut(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        return bytes.length <= MAX_NAME_BYTES
                ? name
                : new String(Arrays.copyOf(bytes, MAX_NAME_BYTES), StandardCharsets.UTF_8);
    }
}
