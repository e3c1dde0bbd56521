package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.secondsite.bgp.wire.Prefix;

/** The words of a command line, read one after the other. Brackets and commas are words of their own. */
final class Words {
    private final List<String> words;
    private int next;

    private Words(List<String> words) {
        this.words = words;
    }

    /** A command that cannot be understood; never leaves {@link CommandParser}. */
    static final class SyntaxException extends Exception {
        private static final long serialVersionUID = 1L;

        SyntaxException(String reason) {
            super(reason);
        }
    }

    static Words of(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean quoted = false;
        String text = line.replace("\\n", " "); // ExaBGP's users write the lines of a flow route so
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (Character.isWhitespace(c) || "[](),;{}".indexOf(c) >= 0)) {
                if (!word.isEmpty()) {
                    words.add(word.toString());
                    word.setLength(0);
                }
                if (!Character.isWhitespace(c) && c != ';') {
                    words.add(String.valueOf(c));
                }
            } else {
                word.append(c);
            }
        }
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return new Words(words);
    }

    boolean hasNext() {
        return next < words.size();
    }

    /** The next word, without taking it; empty at the end. */
    String peek() {
        return hasNext() ? words.get(next) : "";
    }

    String take(String what) throws SyntaxException {
        if (!hasNext()) {
            throw new SyntaxException("the line ends where " + what + " is expected");
        }
        return words.get(next++);
    }

    /** Takes the word if it is the next. */
    boolean skip(String word) {
        if (peek().equals(word)) {
            next++;
            return true;
        }
        return false;
    }

    /** The words of {@code [ a b c ]}, or the one word that stands without brackets. */
    List<String> list(String what) throws SyntaxException {
        if (!skip("[")) {
            return List.of(take(what));
        }
        List<String> list = new ArrayList<>();
        while (!skip("]")) {
            String word = take("']'");
            if (!word.equals(",")) {
                list.add(word);
            }
        }
        return list;
    }

    long number(String what, long maximum) throws SyntaxException {
        return number(take(what), what, maximum);
    }

    static long number(String word, String what, long maximum) throws SyntaxException {
        try {
            long value = word.toLowerCase(Locale.ROOT).startsWith("0x")
                    ? Long.parseLong(word.substring(2), 16)
                    : Long.parseLong(word);
            if (value >= 0 && value <= maximum) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new SyntaxException("'" + word + "' is no number: " + what);
        }
        throw new SyntaxException(word + " is not within 0.." + maximum + ": " + what);
    }

    InetAddress address(String what) throws SyntaxException {
        return address(take(what), what);
    }

    static InetAddress address(String word, String what) throws SyntaxException {
        try {
            return Prefix.parseAddress(word);
        } catch (IllegalArgumentException e) {
            throw new SyntaxException(what + ": " + e.getMessage());
        }
    }

    /** A prefix; an address alone is a host route. */
    static Prefix prefix(String word) throws SyntaxException {
        try {
            if (word.indexOf('/') >= 0) {
                return Prefix.parse(word);
            }
            InetAddress host = Prefix.parseAddress(word);
            return new Prefix(host, host.getAddress().length * 8);
        } catch (IllegalArgumentException e) {
            throw new SyntaxException(e.getMessage());
        }
    }
}
