package org.secondsite.config;

/** A machine with a hypervisor, by the name in the certificate of the agent beside it. */
public record HostId(String name) implements Comparable<HostId> {
    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 of {@code a-z 0-9 -}
     */
    public HostId {
        Names.checked("host", name);
    }

    @Override
    public int compareTo(HostId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
