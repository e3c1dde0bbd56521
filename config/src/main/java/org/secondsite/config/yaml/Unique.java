package org.secondsite.config.yaml;

import java.util.HashMap;
import java.util.Map;

/** Values that may stand once only, and where each was seen first. */
final class Unique<T> {
    private final Map<T, String> firstSeen = new HashMap<>();

    /** Reports {@code value} under {@code key} of {@code section} if it was seen before; {@code null} was reported already. */
    void add(T value, Section section, String key) {
        if (value == null) {
            return;
        }
        String earlier = firstSeen.putIfAbsent(value, section.path());
        if (earlier != null) {
            section.problem(key, Values.shown(value) + " is taken by " + earlier);
        }
    }
}
