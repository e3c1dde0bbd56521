package org.secondsite.pki;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.secondsite.config.TlsFiles;

/** A certificate authority in a directory of its own: {@code ca.crt}, and for each holder {@code NAME.crt} and {@code NAME.key}. */
public final class TestAuthority {
    private static final Duration LIFE = Duration.ofDays(365);

    /** The machines of a test installation need not agree on the time of day. */
    private static final Duration VALID_BEFORE = Duration.ofDays(1);

    private final Path directory;
    private final X509Bundle authority;
    private final AtomicLong written = new AtomicLong();

    /**
     * Makes the authority, and the directory if there is none. Its key is not kept.
     *
     * @throws Exception if a file cannot be written, or the machine lacks an algorithm
     */
    public TestAuthority(Path directory) throws Exception {
        this.directory = Files.createDirectories(directory);
        Instant now = Instant.now();
        authority = builder("SecondSite test authority", now.minus(VALID_BEFORE), now.plus(LIFE))
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(file(), authority.getCertificatePEM());
    }

    /** Its own certificate. */
    public Path file() {
        return TlsFiles.in(directory, "ca").authority();
    }

    /**
     * A certificate for a year. One that the holder has already is renewed, each file as a whole.
     *
     * @throws Exception if a file cannot be written
     */
    public TlsFiles issue(String commonName) throws Exception {
        Instant now = Instant.now();
        return issue(commonName, now.minus(VALID_BEFORE), now.plus(LIFE));
    }

    /**
     * The same, valid between two moments.
     *
     * @throws Exception if a file cannot be written
     */
    public TlsFiles issue(String commonName, Instant from, Instant to) throws Exception {
        X509Bundle leaf = builder(commonName, from, to).buildIssuedBy(authority);
        TlsFiles files = TlsFiles.in(directory, commonName);
        write(files.key(), leaf.getPrivateKeyPEM(), "rw-------");
        write(files.certificate(), leaf.getCertificatePEM(), "rw-r--r--");
        return files;
    }

    private static CertificateBuilder builder(String commonName, Instant from, Instant to) {
        return new CertificateBuilder()
                .subject("O=SecondSite test,CN=" + commonName)
                .algorithm(Algorithm.ecp256)
                .notBefore(from)
                .notAfter(to);
    }

    private void write(Path file, String text, String permissions) throws IOException {
        Path fresh = Files.createFile(
                file.resolveSibling(file.getFileName() + "." + written.incrementAndGet()),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions)));
        Files.writeString(fresh, text);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
