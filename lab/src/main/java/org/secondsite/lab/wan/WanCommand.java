package org.secondsite.lab.wan;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What the control socket understands, one command a line.
 *
 * <pre>
 *   set LINK KEY=VALUE …    keys as in {@link Impairment}: delayMs jitterMs loss duplicate corrupt reorder reorderMs rateMbit queueKiB
 *                           mtu blackhole
 *   cut LINK                nothing gets through, not even what is on the way
 *   heal LINK               undoes a cut; other conditions stay
 *   show                    conditions and counters as one line of JSON
 *
 *   LINK: a-b or a b (both ways), a>b (one way), a-w* (every port whose name begins so), all
 * </pre>
 */
public sealed interface WanCommand {
    /** Change conditions. */
    record Set(LinkSelection links, Map<Impairment, Double> values) implements WanCommand {}

    /** Let nothing through. */
    record Cut(LinkSelection links) implements WanCommand {}

    /** Undo a cut. */
    record Heal(LinkSelection links) implements WanCommand {}

    /** Tell all. */
    record Show() implements WanCommand {}

    /**
     * Reads one line.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    static WanCommand parse(String line) {
        List<String> words = new ArrayList<>(List.of(line.trim().split("\\s+", -1)));
        String verb = words.removeFirst();
        if (verb.equals("show") && words.isEmpty()) {
            return new Show();
        }
        if (words.isEmpty()) {
            throw new IllegalArgumentException(
                    "'" + line + "' is not a command: set LINK KEY=VALUE, cut LINK, heal LINK, show");
        }
        LinkSelection links = takeLink(words);
        if (verb.equals("set") && !words.isEmpty()) {
            return new Set(links, values(words));
        }
        if (!words.isEmpty()) {
            throw new IllegalArgumentException("'" + String.join(" ", words) + "' is too much for " + verb);
        }
        return switch (verb) {
            case "cut" -> new Cut(links);
            case "heal" -> new Heal(links);
            case "set" -> throw new IllegalArgumentException("set needs at least one KEY=VALUE");
            default ->
                throw new IllegalArgumentException("unknown command '" + verb + "', known are set, cut, heal, show");
        };
    }

    private static LinkSelection takeLink(List<String> words) {
        String first = words.removeFirst();
        if (!words.isEmpty() && words.getFirst().indexOf('=') < 0) {
            return LinkSelection.parse(first + "-" + words.removeFirst());
        }
        return LinkSelection.parse(first);
    }

    private static Map<Impairment, Double> values(List<String> words) {
        Map<Impairment, Double> values = new EnumMap<>(Impairment.class);
        for (String word : words) {
            String[] sides = word.split("=", 2);
            if (sides.length != 2) {
                throw new IllegalArgumentException("'" + word + "' is not KEY=VALUE");
            }
            try {
                values.put(Impairment.of(sides[0]), Double.valueOf(sides[1]));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + sides[1] + "' is not a number for " + sides[0], e);
            }
        }
        return values;
    }
}
