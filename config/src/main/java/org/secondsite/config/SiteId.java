package org.secondsite.config;

/** A data centre, and the one gateway that stands in it. */
public record SiteId(String name) implements Comparable<SiteId> {
    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if it is not 1 to 63 of {@code a-z 0-9 -}
     */
    public SiteId {
        Names.checked("site", name);
    }

    /** Whether a site can be called so. */
    public static boolean isName(String name) {
        return Names.isAllowed(name);
    }

    @Override
    public int compareTo(SiteId other) {
        return name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return name;
    }
}
