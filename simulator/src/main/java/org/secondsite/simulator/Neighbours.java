package org.secondsite.simulator;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Request;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.desk.Connection;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/**
 * Another group of two other sites at the same witness, of which nothing is seen but what it means there: its terms come from the same counter,
 * and one of its gateways may lie.
 */
final class Neighbours {
    private static final GroupId GROUP = new GroupId("neighbours");
    private static final SiteId C = new SiteId("c");
    private static final SiteId D = new SiteId("d");

    /** Of all groups that the witness has, this one is the last, so that its connections have numbers of their own. */
    private static final long FIRST_CONNECTION = 1L << 40;

    static final GroupSettings SETTINGS = new GroupSettings(GROUP, C, D, C);

    private int wanted;
    private long connections = FIRST_CONNECTION;

    /** How many grants they have from now on. The first, if there is none yet, is by enrolling. */
    Optional<Request> want(int grants) {
        wanted = grants;
        return grants == 0 ? Optional.empty() : Optional.of(new Request.Enroll(SETTINGS));
    }

    static boolean concerns(LogEntry entry) {
        return entry.record().group().equals(GROUP);
    }

    /** What they ask for next when they were granted that. */
    Optional<Request> next(LogEntry granted) {
        if (!concerns(granted) || --wanted <= 0) {
            return Optional.empty();
        }
        long term = granted.record().term();
        return Optional.of(new Request.Change(GROUP, term, C, C, Set.of(C), "d is still away"));
    }

    /** What a gateway of theirs says that lies about terms, in the order in which a witness is told. */
    static List<Message.ToWitness> lie(long term) {
        return List.of(
                new Message.Hello(MessageCodec.OLDEST_VERSION, C, FIRST_CONNECTION),
                new Message.Term(term),
                new Message.TermOf(World.GROUP, term),
                new Message.Seat(SeatId.NONE));
    }

    /** Its next connection. */
    Connection connection() {
        return new Connection(++connections, C, "a neighbour");
    }
}
