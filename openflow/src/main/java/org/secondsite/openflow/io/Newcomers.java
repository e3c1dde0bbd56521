package org.secondsite.openflow.io;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Connections that have not said yet which switch they are. When there are too many the oldest goes: a switch says it within milliseconds,
 * and whoever floods the port takes the place of others like him. On the loop's thread only.
 */
final class Newcomers {
    /** Each takes about a kilobyte, and a TLS engine where that is configured. */
    static final int MAX_WAITING = 256;

    private final Set<SessionHandler> waiting = new LinkedHashSet<>();

    /** A connection has been made. */
    void arrived(SessionHandler handler) {
        waiting.add(handler);
        if (waiting.size() > MAX_WAITING) {
            SessionHandler oldest = waiting.iterator().next();
            waiting.remove(oldest);
            oldest.end("it has not said which switch it is, and " + MAX_WAITING + " others came after it");
        }
    }

    /** It has said so, or is gone. */
    void settled(SessionHandler handler) {
        waiting.remove(handler);
    }
}
