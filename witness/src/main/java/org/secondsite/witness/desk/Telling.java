package org.secondsite.witness.desk;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.secondsite.config.GroupId;
import org.secondsite.witness.LogEntry;

/** Which records clients are told: all that they may see, in force, and no one of a group of which grants were forgotten, or may be. */
final class Telling {
    private static final long READ_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Clientele clientele;
    private final InForce inForce;
    private final CounterDoubt doubt;
    private final FirstCalls calls;

    Telling(Clientele clientele, InForce inForce, CounterDoubt doubt, FirstCalls calls) {
        this.clientele = clientele;
        this.inForce = inForce;
        this.doubt = doubt;
        this.calls = calls;
    }

    /** A record is in force. */
    void recorded(LogEntry entry) {
        for (DeskClient client : clientele.all()) {
            if (client.toldCurrent || client.told.contains(entry.record().group())) {
                clientele.tell(client, entry);
            }
        }
    }

    /** Whether a client may take the record for what is in force. To an operator it is no evidence, but what to begin with. */
    boolean isEvidence(DeskClient client, LogEntry entry) {
        return client.isOperator() || (!doubt.isBehind(entry) && calls.vouchFor(entry));
    }

    /** What is in force was read for a client that has started. Not what was read is told: a change may have passed by. */
    void current(DeskClient client, List<LogEntry> read, long nowNanos) {
        Set<GroupId> certain =
                read.stream().map(entry -> entry.record().group()).collect(Collectors.toSet());
        List<LogEntry> its = inForce.byTerm().stream()
                .filter(entry -> certain.contains(entry.record().group()))
                .filter(entry -> clientele.maySee(client.connection, entry))
                .toList();
        its.stream()
                .filter(entry -> isEvidence(client, entry))
                .filter(entry -> client.told.add(entry.record().group()) || client.toldCurrent)
                .forEach(entry -> clientele.tell(client, entry));
        Optional<LogEntry> waits =
                its.stream().filter(entry -> !isEvidence(client, entry)).findFirst();
        client.toldCurrent |= waits.isEmpty();
        if (waits.isPresent()) {
            if (!doubt.isBehind(waits.get()) && !calls.vouchFor(waits.get())) {
                clientele.noticeOnce(client, calls.words(waits.get().sites()));
            }
            readAgain(client, nowNanos);
        }
    }

    /** What is in force cannot be told to this client now. */
    static void readAgain(DeskClient client, long nowNanos) {
        client.readAgainNanos = OptionalLong.of(nowNanos + READ_AGAIN_NANOS);
    }
}
