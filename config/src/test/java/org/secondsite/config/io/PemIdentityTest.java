package org.secondsite.config.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates by {@code keytool}, keys by the JDK: files as a user brings them. */
final class PemIdentityTest {
    @TempDir
    private Path directory;

    private Path certificate;
    private Path key;

    @BeforeEach
    void someCertificate() throws Exception {
        certificate = directory.resolve("a.crt");
        key = directory.resolve("a.key");
        Path store = directory.resolve("store.p12");
        keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=a", "-keystore", store.toString());
        keytool("-exportcert", "-rfc", "-file", certificate.toString(), "-keystore", store.toString());
    }

    private static void keytool(String command, String... arguments) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                command,
                "-alias",
                "a",
                "-storepass",
                "not-secret");
        builder.command().addAll(List.of(arguments));
        assertEquals(0, builder.inheritIO().start().waitFor());
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + label + "-----\n";
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void readsKeysOfEveryKindAfterWhateverStandsBefore(String algorithm) throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance(algorithm).generateKeyPair();
        Files.writeString(
                key,
                "Bag Attributes: of no interest\n"
                        + pem("PRIVATE KEY", pair.getPrivate().getEncoded()));

        PemIdentity read = PemIdentity.read(certificate, key).orElseThrow();

        assertEquals(pair.getPrivate(), read.key());
        assertEquals("CN=a", read.chain().getFirst().getSubjectX500Principal().getName());
    }

    @Test
    void aChainKeepsItsOrder() throws Exception {
        byte[] der = KeyPairGenerator.getInstance("EC")
                .generateKeyPair()
                .getPrivate()
                .getEncoded();
        Files.writeString(key, pem("PRIVATE KEY", der));
        Files.writeString(certificate, Files.readString(certificate).repeat(2));

        assertEquals(2, PemIdentity.read(certificate, key).orElseThrow().chain().size());
    }

    @Test
    void leavesOtherFormsToOthers() throws Exception {
        byte[] der = KeyPairGenerator.getInstance("EC")
                .generateKeyPair()
                .getPrivate()
                .getEncoded();
        for (String other : new String[] {
            "",
            "no key",
            pem("EC PRIVATE KEY", der),
            pem("ENCRYPTED PRIVATE KEY", der),
            pem("PRIVATE KEY", new byte[] {5, 0})
        }) {
            Files.writeString(key, other);
            assertTrue(PemIdentity.read(certificate, key).isEmpty(), other);
        }
        Files.writeString(key, "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n");
        assertTrue(PemIdentity.read(certificate, key).isEmpty());
        Files.writeString(key, pem("PRIVATE KEY", der));
        Files.writeString(certificate, "no certificate");
        assertTrue(PemIdentity.read(certificate, key).isEmpty());
    }

    @Test
    void aMissingFileIsAnError() {
        assertThrows(NoSuchFileException.class, () -> PemIdentity.read(directory.resolve("none"), key));
        assertThrows(IOException.class, () -> PemIdentity.read(certificate, directory.resolve("none")));
    }
}
