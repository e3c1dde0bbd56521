package org.secondsite.gateway;

import java.util.Map;
import java.util.TreeMap;

/** What became of the session with one router or switch. Conductor thread only. */
final class Session {
    private final Map<String, Long> events = new TreeMap<>();
    private String state;
    private boolean up;
    private long timesUp;

    Session(String state) {
        this.state = state;
    }

    void up(String newState) {
        up = true;
        timesUp++;
        state = newState;
    }

    void down(String newState) {
        up = false;
        state = newState;
    }

    /** Something that does not end or begin it. */
    void note(String newState) {
        state = newState;
    }

    void count(String event) {
        events.merge(event, 1L, Long::sum);
    }

    /** Its state in words. */
    String state() {
        return state;
    }

    boolean up() {
        return up;
    }

    /** How often it came up. */
    long timesUp() {
        return timesUp;
    }

    /** How often something was counted under the name. */
    long events(String event) {
        return events.getOrDefault(event, 0L);
    }
}
