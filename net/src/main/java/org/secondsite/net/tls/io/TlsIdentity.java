package org.secondsite.net.tls.io;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.PemIdentity;
import org.secondsite.net.Causes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who one end of a connection is: TLS 1.3 (RFC 8446) by BoringSSL, both ends with a certificate of the same authority. The name in the
 * peer's certificate is for the caller to compare, {@link #commonName}; it is that of a site or a daemon, never a host name.
 *
 * <p>The files are read again for a new connection, or a fifth of a second later, when one of them has changed, so certificates are renewed without a restart.
 * While the new files are unusable, half written for instance, the old ones stay in use. Thread-safe.
 */
public final class TlsIdentity {
    private static final Logger LOG = LoggerFactory.getLogger(TlsIdentity.class);
    private static final String PROTOCOL = "TLSv1.3";

    /** The files are not looked at for each connection of a flood; nor is what is unusable read again at once. */
    private static final long LOOK_NANOS = 200_000_000L;

    private enum End {
        SERVER,
        CLIENT
    }

    private final End end;
    private final TlsFiles files;
    private List<FileTime> changed;
    private SslContext context;
    private boolean failed;
    private long lookedNanos;

    private TlsIdentity(End end, TlsFiles files) throws IOException {
        this.end = end;
        this.files = files;
        changed = changeTimes();
        context = build();
        lookedNanos = System.nanoTime();
    }

    /**
     * For the end that accepts connections.
     *
     * @throws IOException if a file cannot be read, or is not what it should be
     */
    public static TlsIdentity server(TlsFiles files) throws IOException {
        return new TlsIdentity(End.SERVER, files);
    }

    /**
     * For the end that opens connections.
     *
     * @throws IOException if a file cannot be read, or is not what it should be
     */
    public static TlsIdentity client(TlsFiles files) throws IOException {
        return new TlsIdentity(End.CLIENT, files);
    }

    /** The first handler of the next connection; with Netty's own time limit for the handshake, unless another is set. */
    public SslHandler newHandler(ByteBufAllocator allocator) {
        return current().newHandler(allocator);
    }

    /** The common name of the peer's verified certificate, or empty if it has none. */
    public static String commonName(SslHandler handler) {
        try {
            Certificate[] chain = handler.engine().getSession().getPeerCertificates();
            if (chain.length == 0 || !(chain[0] instanceof X509Certificate leaf)) {
                return "";
            }
            for (Rdn part : new LdapName(leaf.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    return part.getValue().toString();
                }
            }
            return "";
        } catch (SSLPeerUnverifiedException | InvalidNameException e) {
            return "";
        }
    }

    private synchronized SslContext current() {
        long now = System.nanoTime();
        if ((end == End.SERVER || failed) && now - lookedNanos < LOOK_NANOS) {
            return context;
        }
        lookedNanos = now;
        try {
            List<FileTime> times = changeTimes();
            if (!times.equals(changed)) {
                context = build();
                changed = times;
                LOG.info("read the renewed certificate {}", files.certificate());
            }
            failed = false;
        } catch (IOException e) {
            if (!failed) {
                LOG.warn("the certificate read before stays in use: {}", e.getMessage());
            }
            failed = true;
        }
        return context;
    }

    private List<FileTime> changeTimes() throws IOException {
        List<FileTime> times = new ArrayList<>();
        for (Path file : List.of(files.certificate(), files.key(), files.authority())) {
            times.add(Files.getLastModifiedTime(file));
        }
        return times;
    }

    private SslContext build() throws IOException {
        OpenSsl.ensureAvailability();
        try {
            SslContext built = builder()
                    .trustManager(files.authority().toFile())
                    .sslProvider(SslProvider.OPENSSL)
                    .protocols(PROTOCOL)
                    .build();
            requirePrivate(files.key());
            return built;
        } catch (IllegalArgumentException | IOException e) {
            throw new IOException(
                    "cannot use certificate " + files.certificate() + " with key " + files.key() + " and authority "
                            + files.authority() + ": " + Causes.words(e),
                    e);
        }
    }

    /** A key that every user of the machine can read proves nothing. A group, such as Debian's ssl-cert, may read it. */
    private static void requirePrivate(Path key) throws IOException {
        Set<PosixFilePermission> mode = Files.getPosixFilePermissions(key);
        if (mode.contains(PosixFilePermission.OTHERS_READ) || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException("key " + key + " is open to every user of this machine (mode "
                    + PosixFilePermissions.toString(mode) + "): chmod o= " + key
                    + ", and have a new key and certificate if anybody may have read it");
        }
    }

    private SslContextBuilder builder() throws IOException {
        Optional<PemIdentity> own = PemIdentity.read(files.certificate(), files.key());
        File certificate = files.certificate().toFile();
        File key = files.key().toFile();
        return switch (end) {
            case SERVER ->
                own.map(read -> SslContextBuilder.forServer(read.key(), read.chain()))
                        .orElseGet(() -> SslContextBuilder.forServer(certificate, key))
                        .clientAuth(ClientAuth.REQUIRE);
            case CLIENT -> {
                SslContextBuilder builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
                yield own.map(read -> builder.keyManager(read.key(), read.chain()))
                        .orElseGet(() -> builder.keyManager(certificate, key));
            }
        };
    }
}
