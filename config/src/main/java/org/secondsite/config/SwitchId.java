package org.secondsite.config;

/** An OpenFlow switch that a gateway programs. */
public record SwitchId(String name) implements Comparable<SwitchId> {
    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 of {@code a-z 0-9 -}
     */
    public SwitchId {
        Names.checked("switch", name);
    }

    @Override
    public int compareTo(SwitchId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
