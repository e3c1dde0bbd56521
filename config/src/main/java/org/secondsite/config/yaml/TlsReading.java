package org.secondsite.config.yaml;

import org.secondsite.config.TlsFiles;

/** The {@code tls} section, the same in every file that has one. */
final class TlsReading {
    private TlsReading() {}

    static TlsFiles read(Section root) {
        Section tls = root.section("tls");
        return new TlsFiles(tls.file("certificate"), tls.file("key"), tls.file("authority"), tls.optionalFile("crl"));
    }
}
