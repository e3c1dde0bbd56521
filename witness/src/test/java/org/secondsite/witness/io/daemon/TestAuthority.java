package org.secondsite.witness.io.daemon;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;

/** A certificate authority that writes PEM files for names. */
final class TestAuthority {
    private final Path directory;
    private final X509Bundle root;

    /** The files of one holder. */
    record Holder(Path certificate, Path key) {}

    TestAuthority(Path directory) throws Exception {
        this.directory = Files.createDirectories(directory);
        root = new CertificateBuilder()
                .subject("CN=test authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(authority(), root.getCertificatePEM());
    }

    Path authority() {
        return directory.resolve("authority.pem");
    }

    Holder issue(String commonName) throws Exception {
        X509Bundle bundle =
                new CertificateBuilder().subject("O=Test,CN=" + commonName).buildIssuedBy(root);
        Path certificate = directory.resolve(commonName + ".pem");
        Path key = directory.resolve(commonName + ".key");
        Files.writeString(certificate, bundle.getCertificatePEM());
        Files.writeString(key, bundle.getPrivateKeyPEM());
        return new Holder(certificate, key);
    }
}
