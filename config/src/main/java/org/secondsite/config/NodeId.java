package org.secondsite.config;

/** A node of a witness that has several. */
public record NodeId(String name) implements Comparable<NodeId> {
    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 of {@code a-z 0-9 -}
     */
    public NodeId {
        Names.checked("node", name);
    }

    @Override
    public int compareTo(NodeId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
