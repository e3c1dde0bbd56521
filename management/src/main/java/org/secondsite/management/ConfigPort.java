package org.secondsite.management;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What management needs of the gateway that it manages. Its methods may wait: for a disk, and for what is being done. */
public interface ConfigPort {
    /**
     * What runs, or is kept for the next start.
     *
     * @param revision its number
     * @param at since when it stands
     * @param text the gateway's file
     */
    record Running(int revision, Instant at, String text) {}

    /**
     * A change that is to be made.
     *
     * @param text the whole file
     * @param who asks for it
     * @param reason why; may be empty
     * @param basedOn the revision that it was made from
     * @param confirmWithin how long to wait for a confirmation before it is taken back; empty: it needs none
     * @param when from when on it counts
     */
    record Wanted(String text, String who, String reason, int basedOn, Optional<Duration> confirmWithin, When when) {}

    /** From when on a change counts. */
    enum When {
        /** Refused if something needs a restart. */
        NOW,
        /** All of it. */
        AT_NEXT_START
    }

    /**
     * What a change does to one thing.
     *
     * @param subject the thing, such as {@code session 10.1.0.1}
     * @param kind what kind of change that is
     * @param effect in words for an operator
     * @param needsRestart whether it counts from the next start only
     * @param differences each setting with its value before and after
     */
    record Effect(String subject, String kind, String effect, boolean needsRestart, List<String> differences) {
        /** Keeps the list as it is. */
        public Effect {
            differences = List.copyOf(differences);
        }
    }

    /**
     * What ran once.
     *
     * @param revision its number
     * @param at since when
     * @param who has asked for it
     * @param reason why; may be empty
     * @param differences what it changed
     * @param text the file
     */
    record Past(int revision, Instant at, String who, String reason, List<String> differences, String text) {
        /** Keeps the list as it is. */
        public Past {
            differences = List.copyOf(differences);
        }
    }

    /**
     * What waits to be confirmed.
     *
     * @param revision what runs for now
     * @param backTo what would run again
     * @param confirmBy when that would be
     */
    record Waiting(int revision, int backTo, Instant confirmBy) {}

    /**
     * What ran.
     *
     * @param revisions oldest first; the last one runs, or is kept for the next start; never empty
     * @param unconfirmed what waits to be confirmed
     */
    record History(List<Past> revisions, Optional<Waiting> unconfirmed) {
        /** Keeps the list as it is. */
        public History {
            revisions = List.copyOf(revisions);
        }
    }

    /** What runs. */
    Running running();

    /** What ran, and what waits to be confirmed. */
    History history();

    /**
     * What the gateway knows: an object of JSON with the members of {@code secondsite status --json}, and {@code vms} as
     * {@code secondsite vms --json} has it. Not older than a second.
     *
     * @throws RefusedChange if it does not tell
     */
    String status() throws RefusedChange;

    /**
     * What a file would do. Changes nothing.
     *
     * @throws RefusedChange if it is not in order
     */
    List<Effect> compare(String text) throws RefusedChange;

    /**
     * Makes a change.
     *
     * @return the revision that runs now
     * @throws RefusedChange if it is not made; nothing was changed then
     */
    int commit(Wanted wanted) throws RefusedChange;

    /**
     * What waits to be confirmed stays.
     *
     * @throws RefusedChange if nothing waits
     */
    void confirm(String who) throws RefusedChange;

    /** The revision that waits to be confirmed; empty: none does. */
    OptionalInt unconfirmed();

    /**
     * Goes back to the revision before; while something waits to be confirmed, to what that goes back to.
     *
     * @param reason why; may be empty
     * @throws RefusedChange as {@link #commit} does, or if there is none
     */
    void rollBack(String who, String reason) throws RefusedChange;

    /**
     * Hands a group over to its standby. Waits until it is done, some seconds at most.
     *
     * @param reason why; not empty
     * @throws RefusedChange if it is not done, or not known to be
     */
    void switchOver(String who, String group, String reason) throws RefusedChange;
}
