package org.secondsite.replicator.codec;

/**
 * How well the versions that an encoder keeps serve it.
 *
 * @param hits pages of which a version was kept
 * @param misses pages of which none was
 * @param evictions versions dropped for lack of room
 * @param heldBytes the memory of the versions
 */
public record VersionCounters(long hits, long misses, long evictions, long heldBytes) {
    /** Nothing yet. */
    public static final VersionCounters ZERO = new VersionCounters(0, 0, 0, 0);

    /** Both together. */
    public VersionCounters plus(VersionCounters other) {
        return new VersionCounters(
                hits + other.hits, misses + other.misses, evictions + other.evictions, heldBytes + other.heldBytes);
    }

    /** Hits among all pages looked up, 0 if there was none. */
    public double hitRatio() {
        return hits + misses == 0 ? 0 : (double) hits / (hits + misses);
    }
}
