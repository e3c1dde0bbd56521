package org.secondsite.pki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509CRLEntry;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PkiCommandTest {
    @TempDir
    private Path directory;

    @Test
    void writesWhatTheDaemonsRead() {
        assertEquals(0, PkiCommand.execute("--directory", directory.toString(), "a", "witness"));
        for (String file :
                new String[] {"ca.crt", "ca.key", "ca.crl", "a.crt", "a.key", "witness.crt", "witness.key"}) {
            assertTrue(Files.exists(directory.resolve(file)), file);
        }
    }

    @Test
    void theAuthorityIsKeptForItsOwnerAloneAndRenewsAndRevokes() throws Exception {
        assertEquals(0, PkiCommand.execute("--directory", directory.toString(), "a"));
        String authority = Files.readString(directory.resolve("ca.crt"));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("ca.key"))));
        BigInteger first = serial("a.crt");
        assertEquals(0, PkiCommand.execute("renew", "--directory", directory.toString(), "a"));
        BigInteger second = serial("a.crt");
        assertNotEquals(first, second);
        assertEquals(Set.of(), revoked());
        assertEquals(0, PkiCommand.execute("renew", "--revoke", "--directory", directory.toString(), "a"));
        assertEquals(Set.of(first, second), revoked(), "what it had is revoked, what it has is not");
        BigInteger third = serial("a.crt");
        assertEquals(0, PkiCommand.execute("--directory", directory.toString(), "b"));
        assertEquals(0, PkiCommand.execute("revoke", "--directory", directory.toString(), "a"));
        assertEquals(Set.of(first, second, third), revoked());
        assertEquals(authority, Files.readString(directory.resolve("ca.crt")), "it is the same authority still");
        assertEquals(1, PkiCommand.execute("revoke", "--directory", directory.toString(), "nobody"));
        assertEquals(1, PkiCommand.execute("renew", "--directory", directory.toString(), "nobody"));
    }

    private BigInteger serial(String file) throws Exception {
        try (InputStream in = Files.newInputStream(directory.resolve(file))) {
            return ((X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in))
                    .getSerialNumber();
        }
    }

    private Set<BigInteger> revoked() throws Exception {
        try (InputStream in = Files.newInputStream(directory.resolve("ca.crl"))) {
            var entries = ((X509CRL) CertificateFactory.getInstance("X.509").generateCRL(in)).getRevokedCertificates();
            return entries == null
                    ? Set.of()
                    : entries.stream().map(X509CRLEntry::getSerialNumber).collect(Collectors.toSet());
        }
    }
}
