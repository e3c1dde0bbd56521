package org.secondsite.config;

/** A protection group: VMs that fail over together. */
public record GroupId(String name) implements Comparable<GroupId> {
    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 of {@code a-z 0-9 -}
     */
    public GroupId {
        Names.checked("group", name);
    }

    @Override
    public int compareTo(GroupId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
