package org.secondsite.witness.io.client;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.witness.SeatId;

/**
 * What a client of the witness needs to know.
 *
 * @param self the site of this gateway, or {@link org.secondsite.witness.AccessRule#OPERATOR}; the common name of its certificate
 * @param endpoints the witness nodes, at least one
 * @param tls the certificate of {@code self}, its key, and the authority of both ends
 * @param heartbeatMs how often to tell the witness that this gateway lives; 0 for an operator, who does not
 * @param answerTimeoutMs how long to wait for an answer; more than the witness's maximumGrantDelayMs and the round trip
 * @param rememberedTerm the highest term that the witness has told this gateway before; 0 if none is remembered. It vouches for what
 *     the witness has on its disk
 * @param heardTerms by group: the highest term that somebody else remembers of it, such as agents
 * @param seat where this gateway runs; none if nothing is remembered
 */
public record WitnessClientSettings(
        SiteId self,
        List<InetSocketAddress> endpoints,
        TlsFiles tls,
        int heartbeatMs,
        int answerTimeoutMs,
        long rememberedTerm,
        Map<GroupId, Long> heardTerms,
        SeatId seat) {
    /** Of a client that remembers nothing from before. */
    public WitnessClientSettings(
            SiteId self, List<InetSocketAddress> endpoints, TlsFiles tls, int heartbeatMs, int answerTimeoutMs) {
        this(self, endpoints, tls, heartbeatMs, answerTimeoutMs, 0, Map.of(), SeatId.NONE);
    }

    /** The same, of a gateway that remembers a term. */
    public WitnessClientSettings remembering(long term) {
        return new WitnessClientSettings(self, endpoints, tls, heartbeatMs, answerTimeoutMs, term, heardTerms, seat);
    }

    /** The same, of a gateway that others have told of terms of its groups. */
    public WitnessClientSettings hearing(Map<GroupId, Long> terms) {
        return new WitnessClientSettings(
                self, endpoints, tls, heartbeatMs, answerTimeoutMs, rememberedTerm, terms, seat);
    }

    /** The same, of a gateway that knows its seat. */
    public WitnessClientSettings at(SeatId its) {
        return new WitnessClientSettings(
                self, endpoints, tls, heartbeatMs, answerTimeoutMs, rememberedTerm, heardTerms, its);
    }

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if there is no endpoint or a time is out of range
     */
    public WitnessClientSettings {
        endpoints = List.copyOf(endpoints);
        heardTerms = Map.copyOf(heardTerms);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("a witness client needs at least one endpoint");
        }
        if (heartbeatMs < 0 || answerTimeoutMs < 1) {
            throw new IllegalArgumentException("heartbeatMs " + heartbeatMs + " must not be negative, answerTimeoutMs "
                    + answerTimeoutMs + " must be positive");
        }
    }
}
