package org.secondsite.lab.io;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The lab's own authority and a certificate for each of its daemons, made anew for each lab. */
final class Certificates {
    private static final List<String> NAMES = List.of("a", "b", "witness");

    private Certificates() {}

    /** Writes {@code ca.crt}, and {@code NAME.crt} and {@code NAME.key} (PKCS#8) for each site and the witness. */
    static void write(Path directory) throws IOException {
        try {
            X509Bundle authority =
                    builder("lab authority").setIsCertificateAuthority(true).buildSelfSigned();
            Files.writeString(directory.resolve("ca.crt"), authority.getCertificatePEM());
            for (String name : NAMES) {
                X509Bundle bundle = builder(name).buildIssuedBy(authority);
                Files.writeString(directory.resolve(name + ".crt"), bundle.getCertificatePEM());
                Files.writeString(directory.resolve(name + ".key"), bundle.getPrivateKeyPEM());
            }
        } catch (Exception e) { // what the builder declares
            throw e instanceof IOException io ? io : new IOException("cannot make the lab's certificates", e);
        }
    }

    private static CertificateBuilder builder(String name) {
        return new CertificateBuilder().subject("CN=" + name).algorithm(CertificateBuilder.Algorithm.ecp256);
    }
}
