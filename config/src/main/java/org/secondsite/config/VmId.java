package org.secondsite.config;

/** A protected virtual machine. Unique in a deployment. */
public record VmId(String name) implements Comparable<VmId> {
    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 of {@code a-z 0-9 -}
     */
    public VmId {
        Names.checked("VM", name);
    }

    @Override
    public int compareTo(VmId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
