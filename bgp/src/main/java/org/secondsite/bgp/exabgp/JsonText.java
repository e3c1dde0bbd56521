package org.secondsite.bgp.exabgp;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.secondsite.bgp.wire.PlainText;

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
        text.codePoints().forEach(point -> {
            switch (point) {
                case '"' -> quoted.append("\\\"");
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (PlainText.isPlain(point)) {
                        quoted.appendCodePoint(point);
                    } else {
                        for (char unit : Character.toChars(point)) {
                            quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) unit));
                        }
                    }
                }
            }
        });
        return quoted.append('"').toString();
    }
}
