package org.secondsite.net.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.pki.TestAuthority;

class ValidityTest {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration YEAR = Duration.ofDays(365);

    private final Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);

    @TempDir
    private Path directory;

    private TestAuthority authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory);
    }

    @Test
    void aConnectionStandsWhileBothCertificatesDo() throws Exception {
        X509Certificate own = certificate("a", YEAR);
        X509Certificate peers = certificate("b", HOUR);
        assertEquals(Optional.empty(), end(own, own, peers, now));
        assertEquals(Optional.empty(), end(own, own, peers, now.plus(HOUR)));
        assertInstanceOf(
                CertificateExpiredException.class,
                end(own, own, peers, now.plus(HOUR).plusSeconds(1)).orElseThrow());
        assertInstanceOf(
                CertificateExpiredException.class,
                end(peers, peers, own, now.plus(HOUR).plusSeconds(1)).orElseThrow());
    }

    @Test
    void anEndWithARenewedCertificateLetsGoInTimeAndOneWithoutHoldsOnToTheLast() throws Exception {
        X509Certificate own = certificate("a", YEAR);
        X509Certificate renewed = certificate("a", YEAR.multipliedBy(2));
        X509Certificate peers = certificate("b", YEAR.multipliedBy(2));
        Instant early = now.plus(YEAR).minus(HOUR.multipliedBy(2));
        Instant late = now.plus(YEAR).minus(HOUR.dividedBy(2));
        assertEquals(Optional.empty(), end(own, renewed, peers, early));
        assertEquals(Optional.empty(), end(own, own, peers, late));
        assertTrue(end(own, renewed, peers, late).orElseThrow().getMessage().contains("gives way to the renewed one"));
    }

    @Test
    void whatIsRevokedEndsWhoeverHasIt() throws Exception {
        X509Certificate own = certificate("a", YEAR);
        X509Certificate peers = certificate("b", YEAR);
        authority.revoke("b");
        assertInstanceOf(
                CertificateRevokedException.class, end(own, own, peers, now).orElseThrow());
        assertInstanceOf(
                CertificateRevokedException.class, end(peers, peers, own, now).orElseThrow());
    }

    /** That nobody new is let in is another matter. */
    @Test
    void aListThatHasEndedEndsNoConnection() throws Exception {
        X509Certificate own = certificate("a", YEAR);
        X509Certificate peers = certificate("b", YEAR);
        authority.renewList(now.minus(YEAR), now.minus(HOUR));
        assertEquals(Optional.empty(), end(own, own, peers, now));
        assertTrue(lists().objection(peers, now).orElseThrow().getMessage().contains("has ended at"));
    }

    private Optional<GeneralSecurityException> end(
            X509Certificate own, X509Certificate present, X509Certificate peers, Instant at) throws Exception {
        return Validity.end(own, present, peers, Optional.of(lists()), at);
    }

    private Revocations lists() throws Exception {
        try (InputStream in = Files.newInputStream(authority.list())) {
            return Revocations.of(
                    List.of((X509CRL) CertificateFactory.getInstance("X.509").generateCRL(in)),
                    List.of(read(authority.file())));
        }
    }

    private X509Certificate certificate(String name, Duration life) throws Exception {
        return read(authority.issue(name, now.minus(HOUR), now.plus(life)).certificate());
    }

    private static X509Certificate read(Path file) throws Exception {
        try (InputStream in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }
}
