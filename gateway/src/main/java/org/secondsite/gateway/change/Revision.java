package org.secondsite.gateway.change;

import java.time.Instant;
import java.util.List;

/**
 * One configuration that a gateway ran, or runs.
 *
 * @param number counted from 1
 * @param at when it was committed
 * @param who asked for it, such as {@code uid 0}
 * @param reason why, in the asker's words; may be empty
 * @param differences what it changed, as text
 * @param text the file
 */
public record Revision(int number, Instant at, String who, String reason, List<String> differences, String text) {
    /** Copies the list. */
    public Revision {
        differences = List.copyOf(differences);
    }
}
