package org.secondsite.replicator.tunnel;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.secondsite.net.Sparing;

/** What happened to an end of the tunnel since it was opened, in numbers. */
final class Tally {
    private final Sparing<ResetCode> told = new Sparing<>();
    private final Map<ResetCode, Long> rejections = new EnumMap<>(ResetCode.class);
    private final Map<ResetCode, Long> breaks = new EnumMap<>(ResetCode.class);
    private String lastRejection = "";
    private long rejected;
    private long connections;
    private long answersIgnored;

    void connected() {
        connections++;
    }

    void broken(ResetCode code) {
        breaks.merge(code, 1L, Long::sum);
    }

    void answerIgnored() {
        answersIgnored++;
    }

    /** A connection was turned away. Returns what is to be told of it; empty if enough is told of its kind. */
    Optional<String> rejected(Reset reset, long now) {
        rejected++;
        rejections.merge(reset.code(), 1L, Long::sum);
        lastRejection = reset.toString();
        if (!told.mayTell(reset.code(), now)) {
            return Optional.empty();
        }
        long untold = told.takeUntold(reset.code());
        return Optional.of(reset.reason() + (untold == 0 ? "" : " (and " + untold + " more before)"));
    }

    TunnelStatus.Counters counters(Outgoing outgoing, Incoming incoming, long beaconsHeard, long beaconsDropped) {
        return new TunnelStatus.Counters(
                connections,
                rejected,
                outgoing.epochsSent(),
                outgoing.plainBytesSent(),
                outgoing.codedBytesSent(),
                incoming.epochsReceived(),
                answersIgnored,
                beaconsHeard,
                beaconsDropped);
    }

    Map<ResetCode, Long> rejections() {
        return rejections;
    }

    Map<ResetCode, Long> breaks() {
        return breaks;
    }

    String lastRejection() {
        return lastRejection;
    }
}
