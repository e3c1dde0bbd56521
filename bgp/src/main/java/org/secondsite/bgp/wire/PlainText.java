package org.secondsite.bgp.wire;

import java.util.Locale;

/**
 * Text that came from a peer, made fit for a log, a terminal and JSON: nothing in it moves the cursor, ends a line or turns
 * the direction of writing.
 */
public final class PlainText {
    private PlainText() {}

    /** The text with control characters, line and paragraph separators and bidirectional controls as {@code \\u001b}. */
    public static String of(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            if (isPlain(point)) {
                plain.appendCodePoint(point);
            } else if (point > 0xffff) {
                plain.append(String.format(Locale.ROOT, "\\u{%x}", point));
            } else {
                plain.append(String.format(Locale.ROOT, "\\u%04x", point));
            }
        });
        return plain.toString();
    }

    /** Whether the character only ever draws itself. */
    public static boolean isPlain(int point) {
        return switch (Character.getType(point)) {
            // C0, DEL, C1; bidirectional and other format controls; separators of lines; halves of characters.
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
