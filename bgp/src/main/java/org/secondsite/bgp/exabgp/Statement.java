package org.secondsite.bgp.exabgp;

import java.util.ArrayList;
import java.util.List;

/**
 * One statement of a configuration file: words up to a semicolon, or words and a block.
 *
 * <pre>
 * words ;
 * words { statement … }
 * </pre>
 *
 * <p>A bracket is a word of its own; what is quoted is one word. From {@code #} to the end of the line is a comment.
 *
 * @param line where it begins, from 1
 * @param source all but the first word, as it is written, with its quotation marks
 * @param block what stands in its braces, empty without
 * @param hasBlock whether it has braces
 */
record Statement(int line, List<String> words, String source, List<Statement> block, boolean hasBlock) {
    private static final int MAX_DEPTH = 32;

    /** Copies the lists. */
    Statement {
        words = List.copyOf(words);
        block = List.copyOf(block);
    }

    /** A text that is no configuration file. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(int line, String reason) {
            super("line " + line + ": " + reason);
        }
    }

    /** The word that says what it is. */
    String kind() {
        return words.getFirst();
    }

    /** The words behind the first. */
    List<String> rest() {
        return words.subList(1, words.size());
    }

    /** All of it as it would stand on one line: {@code a b { c d ; }}. */
    String text() {
        StringBuilder text = new StringBuilder(String.join(" ", words));
        if (hasBlock) {
            text.append(" { ");
            block.forEach(statement -> text.append(statement.text()).append(' '));
            return text.append("}").toString();
        }
        return text.append(" ;").toString();
    }

    /** The words of it and of its block, one behind the other, without braces. */
    String flat() {
        StringBuilder text = new StringBuilder(String.join(" ", words));
        block.forEach(statement -> text.append(' ').append(statement.flat()));
        return text.toString();
    }

    /** Reads a whole file. */
    static List<Statement> parse(String text) throws MalformedException {
        Reader reader = new Reader(text);
        List<Statement> all = reader.statements(0);
        if (reader.has()) {
            throw new MalformedException(reader.line(), "'}' without '{'");
        }
        return all;
    }

    /** A word; {@code raw} is how it is written, and {@code apart} whether there is a blank before it. */
    private record Token(String word, String raw, int line, boolean quoted, boolean apart) {
        boolean is(String mark) {
            return !quoted && word.equals(mark);
        }
    }

    private static final class Reader {
        private final List<Token> tokens = new ArrayList<>();
        private int next;

        Reader(String text) {
            int line = 1;
            for (String row : text.split("\n", -1)) {
                tokenize(row, line++);
            }
        }

        private void tokenize(String row, int line) {
            StringBuilder word = new StringBuilder();
            StringBuilder raw = new StringBuilder();
            boolean quoted = false;
            boolean apart = true;
            for (int i = 0; i <= row.length(); i++) {
                char c = i < row.length() ? row.charAt(i) : '\n';
                int close = c == '"' || c == '\'' ? row.indexOf(c, i + 1) : -1;
                if (close >= 0) {
                    word.append(row, i + 1, close);
                    raw.append(row, i, close + 1);
                    quoted = true;
                    i = close;
                    continue;
                }
                boolean comment = c == '#';
                boolean blank = comment || Character.isWhitespace(c);
                boolean mark = "{};[](),".indexOf(c) >= 0;
                if (!blank && !mark) {
                    word.append(c);
                    raw.append(c);
                    continue;
                }
                if (!raw.isEmpty()) {
                    tokens.add(new Token(word.toString(), raw.toString(), line, quoted, apart));
                    word.setLength(0);
                    raw.setLength(0);
                    quoted = false;
                    apart = false;
                }
                if (mark) {
                    tokens.add(new Token(String.valueOf(c), String.valueOf(c), line, false, apart));
                }
                apart = blank;
                if (comment) {
                    return;
                }
            }
        }

        boolean has() {
            return next < tokens.size();
        }

        int line() {
            return tokens.isEmpty()
                    ? 1
                    : tokens.get(Math.min(next, tokens.size() - 1)).line();
        }

        /** Up to a closing brace, which is left, or the end. */
        List<Statement> statements(int depth) throws MalformedException {
            if (depth > MAX_DEPTH) {
                throw new MalformedException(line(), "too many braces in each other");
            }
            List<Statement> all = new ArrayList<>();
            while (has() && !tokens.get(next).is("}")) {
                if (tokens.get(next).is(";")) {
                    next++; // an empty statement, as behind a block
                } else {
                    all.add(statement(depth));
                }
            }
            return all;
        }

        private Statement statement(int depth) throws MalformedException {
            int line = line();
            List<String> words = new ArrayList<>();
            StringBuilder source = new StringBuilder();
            while (has()) {
                Token token = tokens.get(next++);
                if (token.is(";")) {
                    return new Statement(line, words, source.toString(), List.of(), false);
                }
                if (token.is("{") && !words.isEmpty()) {
                    List<Statement> block = statements(depth + 1);
                    if (!has()) {
                        throw new MalformedException(line, "'}' is missing behind '" + words.getFirst() + " {'");
                    }
                    next++;
                    return new Statement(line, words, source.toString(), block, true);
                }
                if (token.is("{") || token.is("}")) {
                    throw new MalformedException(
                            token.line(), "'" + token.word() + "' is not expected here; is a ';' missing?");
                }
                if (!words.isEmpty()) {
                    source.append(token.apart() && !source.isEmpty() ? " " : "").append(token.raw());
                }
                words.add(token.word());
            }
            throw new MalformedException(line, "';' is missing at the end");
        }
    }
}
