package org.secondsite.net.tls;

import java.security.GeneralSecurityException;
import java.security.cert.CRLReason;
import java.security.cert.CertificateRevokedException;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;

/**
 * Which certificates no longer count, by the revocation lists of the authorities (RFC 5280 section 5).
 *
 * <p>A certificate whose issuer has no list here, or one that has ended, cannot be told from a revoked one: nobody new is let in by it. Who
 * is there already stays, unless a list names the certificate.
 */
public final class Revocations {
    private final Map<X500Principal, X509CRL> lists;

    private Revocations(Map<X500Principal, X509CRL> lists) {
        this.lists = lists;
    }

    /**
     * Takes lists in.
     *
     * @throws GeneralSecurityException if one is not signed by one of these authorities, or is not complete by itself
     */
    public static Revocations of(List<X509CRL> found, List<X509Certificate> authorities)
            throws GeneralSecurityException {
        if (found.isEmpty()) {
            throw new GeneralSecurityException("there is no revocation list in it");
        }
        Map<X500Principal, X509CRL> lists = new LinkedHashMap<>();
        for (X509CRL list : found) {
            requireSigned(list, authorities);
            if (list.getCriticalExtensionOIDs() != null
                    && !list.getCriticalExtensionOIDs().isEmpty()) {
                // RFC 5280 §5.2: one that is not understood, such as of an indirect or partial list, forbids its use.
                throw new GeneralSecurityException("the revocation list of '" + list.getIssuerX500Principal()
                        + "' is a partial or indirect one: extensions " + list.getCriticalExtensionOIDs());
            }
            lists.merge(list.getIssuerX500Principal(), list, Revocations::newer);
        }
        return new Revocations(lists);
    }

    private static void requireSigned(X509CRL list, List<X509Certificate> authorities) throws GeneralSecurityException {
        GeneralSecurityException why = new GeneralSecurityException(
                "the revocation list of '" + list.getIssuerX500Principal() + "' is of none of the authorities");
        for (X509Certificate authority : authorities) {
            if (authority.getSubjectX500Principal().equals(list.getIssuerX500Principal())) {
                try {
                    list.verify(authority.getPublicKey());
                    return;
                } catch (GeneralSecurityException e) {
                    why = e;
                }
            }
        }
        throw why;
    }

    private static X509CRL newer(X509CRL one, X509CRL other) {
        return one.getThisUpdate().toInstant().isAfter(other.getThisUpdate().toInstant()) ? one : other;
    }

    /** When the first of the lists ends; empty if none says so. */
    public Optional<Instant> end() {
        return lists.values().stream()
                .map(X509CRL::getNextUpdate)
                .filter(Objects::nonNull)
                .map(Date::toInstant)
                .min(Instant::compareTo);
    }

    /** Why a certificate is not to count for those who are there: the word of its issuer's list; empty if it has none to say. */
    public Optional<GeneralSecurityException> revoked(X509Certificate certificate) {
        X509CRL list = lists.get(certificate.getIssuerX500Principal());
        X509CRLEntry entry = list == null ? null : list.getRevokedCertificate(certificate.getSerialNumber());
        if (entry == null) {
            return Optional.empty();
        }
        CRLReason reason = entry.getRevocationReason() == null ? CRLReason.UNSPECIFIED : entry.getRevocationReason();
        return Optional.of(new CertificateRevokedException(
                entry.getRevocationDate(), reason, certificate.getIssuerX500Principal(), Map.of()));
    }

    /** Why a certificate is not to count for who comes now; empty if it counts. */
    public Optional<GeneralSecurityException> objection(X509Certificate certificate, Instant now) {
        X509CRL list = lists.get(certificate.getIssuerX500Principal());
        if (list == null) {
            return Optional.of(new GeneralSecurityException(
                    "there is no revocation list of its issuer '" + certificate.getIssuerX500Principal() + "'"));
        }
        Optional<GeneralSecurityException> revoked = revoked(certificate);
        if (revoked.isEmpty()
                && list.getNextUpdate() != null
                && now.isAfter(list.getNextUpdate().toInstant())) {
            return Optional.of(new GeneralSecurityException("the revocation list of its issuer has ended at "
                    + list.getNextUpdate().toInstant() + ": whether it is revoked is not known"));
        }
        return revoked;
    }
}
