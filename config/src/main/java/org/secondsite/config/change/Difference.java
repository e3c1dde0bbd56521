package org.secondsite.config.change;

import java.util.Optional;

/**
 * One setting that differs.
 *
 * @param path its place, such as {@code bgp.neighbors[10.1.0.1].holdTimeSeconds}, by the keys of the file
 * @param before what it was, as text; empty: it was not there
 * @param after what it is to be, as text; empty: it is not there any more
 */
public record Difference(String path, Optional<String> before, Optional<String> after) {
    /** {@code path: before -> after}. A secret shows that it differs, and not what it is. */
    @Override
    public String toString() {
        if (before.isEmpty()) {
            return "+ " + path + ": " + after.orElse("");
        }
        return after.map(text -> "~ " + path + ": " + before.get() + " -> " + text)
                .orElseGet(() -> "- " + path + ": " + before.get());
    }
}
