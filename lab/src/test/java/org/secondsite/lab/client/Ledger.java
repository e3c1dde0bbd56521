package org.secondsite.lab.client;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What clients were told by front ends that ask one store for every answer. The store counts what it answers, so each number is told
 * once, and all of them when nobody waits for an answer. Not for several threads.
 *
 * <p>An answer is "NUMBER VALUE": the connection's next number, and the store's value, which is larger than everything that anybody was
 * told before the question was asked.
 */
public final class Ledger {
    private static final int MAX_COMPLAINTS = 20;

    private final List<String> complaints = new ArrayList<>();
    private final BitSet values = new BitSet();
    private long highest;
    private long answers;

    /** A question that is about to be asked; what it is answered is later than all that has been told by now. */
    public record Question(int connection, long number, long toldBefore) {}

    /** A connection's next question, counted from 1. */
    public Question ask(int connection, long number) {
        return new Question(connection, number, highest);
    }

    /** The answer to it. */
    public void told(Question question, String answer) {
        String[] words = answer.split(" ", -1);
        if (words.length != 2 || !isNumber(words[0]) || !isNumber(words[1])) {
            complain("connection " + question.connection() + " was told '" + answer + "'");
            return;
        }
        long value = Long.parseLong(words[1]);
        if (Long.parseLong(words[0]) != question.number()) {
            complain("connection " + question.connection() + " was told " + words[0] + " where " + question.number()
                    + " was due");
        }
        if (value <= question.toldBefore()) {
            complain("connection " + question.connection() + " was told " + value + " after " + question.toldBefore());
        }
        if (values.get((int) value)) {
            complain("connection " + question.connection() + " was told " + value + ", as another was");
        }
        values.set((int) value);
        highest = Math.max(highest, value);
        answers++;
    }

    private static boolean isNumber(String word) {
        return word.matches("[0-9]{1,8}");
    }

    /** A connection broke, or never got its answer. */
    public void broken(int connection, String reason) {
        complain("connection " + connection + ": " + reason);
    }

    /**
     * Holds the store's own word against what was told, while nobody waits for an answer: it has counted every answer, and no other.
     *
     * @param stored what the store has counted
     */
    public void compare(long stored) {
        if (stored != answers || stored != highest) {
            complain("the store has counted " + stored + ", and clients were told " + answers + " times, up to "
                    + highest);
        }
    }

    private void complain(String what) {
        if (complaints.size() < MAX_COMPLAINTS) {
            complaints.add(what);
        }
    }

    /** How often anybody was told. */
    public long answers() {
        return answers;
    }

    /** What was wrong; none if all is well. */
    public List<String> complaints() {
        return List.copyOf(complaints);
    }
}
