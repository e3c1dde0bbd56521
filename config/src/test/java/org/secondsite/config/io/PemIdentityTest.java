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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates by {@code keytool}, keys by the JDK: files as a user brings them. */
final class PemIdentityTest {
    private static final int SHORT_RSA_BITS = 1024;

    private static String someCertificate;

    @TempDir
    private Path directory;

    private Path certificate;
    private Path key;

    /** Once: each call of keytool starts a virtual machine. */
    @BeforeAll
    static void makeCertificate(@TempDir Path once) throws Exception {
        Path store = once.resolve("store.p12");
        Path exported = once.resolve("a.crt");
        keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=a", "-keystore", store.toString());
        keytool("-exportcert", "-rfc", "-file", exported.toString(), "-keystore", store.toString());
        someCertificate = Files.readString(exported);
    }

    @BeforeEach
    void writeCertificate() throws IOException {
        certificate = Files.writeString(directory.resolve("a.crt"), someCertificate);
        key = directory.resolve("a.key");
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
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        if (algorithm.equals("RSA")) {
            generator.initialize(SHORT_RSA_BITS); // the usual length takes this compiler a quarter of a minute to find
        }
        KeyPair pair = generator.generateKeyPair();
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
