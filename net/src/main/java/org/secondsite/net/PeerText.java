package org.secondsite.net;

import java.util.regex.Pattern;

/** Texts that another end has sent, and that will stand in logs, timelines and on terminals. */
public final class PeerText {
    /** C0, DEL and C1; what is invisible or turns the direction of a line; separators of lines and paragraphs. */
    private static final Pattern FORGES_LINES = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

    private PeerText() {}

    /** The text in one line: letters, digits and signs stay, and whatever could forge a line, or command a terminal, is a space. */
    public static String line(String text) {
        return FORGES_LINES.matcher(text).replaceAll(" ");
    }
}
