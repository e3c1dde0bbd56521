package org.secondsite.net.tls;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * How long a connection may stand that two certificates have opened: as long as both would open it still. Pure; on event loops.
 *
 * <p>An end whose own certificate is about to end, and which has a renewed one, ends the connection before it must, so that the next one
 * is made while either would do: nothing is waited for that is not there.
 */
public final class Validity {
    /** So long before its end a certificate gives way to a renewed one, or in the last tenth of its life if that is shorter. */
    private static final Duration AHEAD = Duration.ofHours(1);

    private static final int LAST_PART = 10;

    private Validity() {}

    /**
     * Why a connection is to end now; empty if it goes on.
     *
     * @param own the certificate that this end has shown, null if it cannot be told
     * @param present the one that it would show now
     * @param peers the one that the other end has shown
     * @param revocations what is revoked, empty if nothing can be
     */
    public static Optional<GeneralSecurityException> end(
            X509Certificate own,
            X509Certificate present,
            X509Certificate peers,
            Optional<Revocations> revocations,
            Instant now) {
        if (now.isAfter(peers.getNotAfter().toInstant())) {
            return ended("the other end's", peers);
        }
        Optional<GeneralSecurityException> revoked = revocations.flatMap(lists -> lists.revoked(peers));
        if (revoked.isPresent() || own == null) {
            return revoked;
        }
        if (now.isAfter(own.getNotAfter().toInstant())) {
            return ended("this end's", own);
        }
        if (!Objects.equals(own, present) && now.isAfter(givesWay(own))) {
            return Optional.of(new GeneralSecurityException("this end's certificate, which ends at "
                    + own.getNotAfter().toInstant() + ", gives way to the renewed one"));
        }
        return revocations.flatMap(lists -> lists.revoked(own));
    }

    private static Optional<GeneralSecurityException> ended(String whose, X509Certificate certificate) {
        return Optional.of(new CertificateExpiredException(
                whose + " certificate has ended at " + certificate.getNotAfter().toInstant()));
    }

    private static Instant givesWay(X509Certificate own) {
        Instant end = own.getNotAfter().toInstant();
        Duration part = Duration.between(own.getNotBefore().toInstant(), end).dividedBy(LAST_PART);
        return end.minus(part.compareTo(AHEAD) < 0 ? part : AHEAD);
    }
}
