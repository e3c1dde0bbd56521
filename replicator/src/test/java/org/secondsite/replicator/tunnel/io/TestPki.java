package org.secondsite.replicator.tunnel.io;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.secondsite.config.TlsFiles;

/** A certificate authority in a folder. */
public final class TestPki {
    private final Path folder;
    private final X509Bundle authority;
    private final Path authorityFile;

    public TestPki(Path folder, String name) throws Exception {
        this.folder = folder;
        this.authority = new CertificateBuilder()
                .subject("CN=" + name)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        this.authorityFile = Files.writeString(folder.resolve(name + ".pem"), authority.getCertificatePEM());
    }

    /** Files of one end: a certificate with that common name, valid for a day from the given moment on. */
    public TlsFiles issue(String commonName, Instant from) throws Exception {
        X509Bundle leaf = new CertificateBuilder()
                .subject("CN=" + commonName)
                .notBefore(from)
                .notAfter(from.plus(Duration.ofDays(1)))
                .buildIssuedBy(authority);
        String stem = commonName + "-" + System.nanoTime();
        return new TlsFiles(
                Files.writeString(folder.resolve(stem + ".pem"), leaf.getCertificatePEM()),
                Files.writeString(folder.resolve(stem + ".key"), leaf.getPrivateKeyPEM()),
                authorityFile);
    }

    public TlsFiles issue(String commonName) throws Exception {
        return issue(commonName, Instant.now().minus(Duration.ofHours(1)));
    }
}
