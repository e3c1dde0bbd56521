package org.secondsite.openflow.session;

/** What an answer of the switch leads to. */
sealed interface Outcome {
    /** More answers are to come. */
    record Waiting() implements Outcome {}

    /** The switch has made us master. */
    record Granted() implements Outcome {}

    /** What is written is being committed: the switch may be asked what it then has. */
    record Committing() implements Outcome {}

    /** It is committed, and nothing of it was refused. */
    record Committed() implements Outcome {}

    /** The switch is to be read. */
    record Unread(String why) implements Outcome {}

    /** It does not work now. */
    record Failed(String reason) implements Outcome {}

    /** Another number is in the way of the term. */
    record Outranked(Obstacle obstacle, String reason) implements Outcome {}

    /** The one {@link Waiting}. */
    Outcome WAITING = new Waiting();

    /** The one {@link Committing}. */
    Outcome COMMITTING = new Committing();

    /** The one {@link Committed}. */
    Outcome COMMITTED = new Committed();

    /** The one {@link Granted}. */
    Outcome GRANTED = new Granted();
}
