package org.secondsite.bgp.exabgp;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** JSON of maps, lists, strings, numbers and booleans, spaced as ExaBGP spaces it. */
final class JsonText {
    private JsonText() {}

    static String of(Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> map ->
                map.isEmpty()
                        ? "{ }"
                        : map.entrySet().stream()
                                .map(entry -> quoted(String.valueOf(entry.getKey())) + ": " + of(entry.getValue()))
                                .collect(Collectors.joining(", ", "{ ", " }"));
            case List<?> list ->
                list.isEmpty() ? "[]" : list.stream().map(JsonText::of).collect(Collectors.joining(", ", "[ ", " ]"));
            case Number number -> number.toString();
            case Boolean bool -> bool.toString();
            default -> quoted(value.toString());
        };
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c < 0x20) {
                        quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        quoted.append(c);
                    }
                }
            }
        }
        return quoted.append('"').toString();
    }
}
