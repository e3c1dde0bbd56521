package org.secondsite.config.yaml;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that somebody who mistyped most likely meant. */
final class Suggestion {
    private Suggestion() {}

    /** {@code "; did you mean 'x'?"}, or nothing when no allowed word is near. */
    static String among(Collection<String> allowed, String word) {
        Optional<String> nearest = allowed.stream()
                .min(Comparator.comparingInt((String a) -> distance(a, word)).thenComparing(a -> a));
        return nearest.filter(a -> distance(a, word) <= Math.max(1, word.length() / 3))
                .map(a -> "; did you mean '" + a + "'?")
                .orElse("");
    }

    /** Insertions, removals and replacements of letters between the two; the case does not count. */
    private static int distance(String first, String second) {
        String a = first.toLowerCase(Locale.ROOT);
        String b = second.toLowerCase(Locale.ROOT);
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
