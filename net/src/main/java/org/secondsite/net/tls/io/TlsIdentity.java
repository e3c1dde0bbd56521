package org.secondsite.net.tls.io;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.concurrent.Future;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
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
 * <p>The files are read again for a new connection, or a fifth of a second later, and once a second while there are connections, when one of
 * them has changed: certificates are renewed and revoked without a restart. While the new files are unusable, half written for instance, the
 * old ones stay in use. A connection lives as long as the certificates that opened it ({@link ConnectionWatch}). Thread-safe.
 */
public final class TlsIdentity {
    private static final Logger LOG = LoggerFactory.getLogger(TlsIdentity.class);
    private static final String PROTOCOL = "TLSv1.3";

    /** The files are not looked at for each connection of a flood; nor is what is unusable read again at once. */
    private static final long LOOK_NANOS = 200_000_000L;

    /** For those who are connected. */
    private static final long IDLE_LOOK_NANOS = 900_000_000L;

    private enum End {
        SERVER,
        /** Whose clients may prove themselves in another way. */
        LENIENT_SERVER,
        CLIENT
    }

    private final End end;
    private final TlsFiles files;
    private final AtomicBoolean looking = new AtomicBoolean();
    private List<FileTime> changed;
    private boolean failed;
    private volatile Loaded loaded;
    private volatile long lookedNanos;

    /** What was read from the files. */
    private record Loaded(SslContext context, TlsMaterial material) {}

    private TlsIdentity(End end, TlsFiles files) throws IOException {
        this.end = end;
        this.files = files;
        changed = changeTimes();
        loaded = build();
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
     * For the end that accepts connections also of those who show no certificate; a wrong one is refused all the same.
     *
     * @throws IOException if a file cannot be read, or is not what it should be
     */
    public static TlsIdentity lenientServer(TlsFiles files) throws IOException {
        return new TlsIdentity(End.LENIENT_SERVER, files);
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
        Loaded shown = current();
        SslHandler handler = shown.context().newHandler(allocator);
        handler.handshakeFuture().addListener((Future<Channel> done) -> {
            if (done.isSuccess()) {
                ConnectionWatch.begin(
                        this, handler, done.getNow(), shown.material().own());
            }
        });
        return handler;
    }

    /** What the files say now. */
    TlsMaterial material() {
        return loaded.material();
    }

    /** Looks at the files on another thread, if that was not done just now: an event loop waits for no disk. */
    void lookSoon() {
        if (System.nanoTime() - lookedNanos >= IDLE_LOOK_NANOS && looking.compareAndSet(false, true)) {
            Thread.ofVirtual().name("certificates").start(() -> {
                try {
                    current();
                } finally {
                    looking.set(false);
                }
            });
        }
    }

    /** The common name of the peer's verified certificate, or empty if it has none. */
    public static String commonName(SslHandler handler) {
        try {
            Certificate[] chain = handler.engine().getSession().getPeerCertificates();
            return chain.length == 0 || !(chain[0] instanceof X509Certificate leaf) ? "" : commonName(leaf);
        } catch (SSLPeerUnverifiedException e) {
            return "";
        }
    }

    /** When the first of the certificates ends that the peer has come with; empty if it has none. */
    public static Optional<Instant> certificateEnd(SslHandler handler) {
        try {
            List<X509Certificate> chain = Stream.of(
                            handler.engine().getSession().getPeerCertificates())
                    .filter(X509Certificate.class::isInstance)
                    .map(X509Certificate.class::cast)
                    .toList();
            return TlsMaterial.end(chain);
        } catch (SSLPeerUnverifiedException e) {
            return Optional.empty();
        }
    }

    /** The common name of a certificate, or empty if it has none. */
    static String commonName(X509Certificate leaf) {
        try {
            for (Rdn part : new LdapName(leaf.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    return part.getValue().toString();
                }
            }
            return "";
        } catch (InvalidNameException e) {
            return "";
        }
    }

    private synchronized Loaded current() {
        long now = System.nanoTime();
        if ((end != End.CLIENT || failed) && now - lookedNanos < LOOK_NANOS) {
            return loaded;
        }
        lookedNanos = now;
        try {
            List<FileTime> times = changeTimes();
            if (!times.equals(changed)) {
                loaded = build();
                changed = times;
                LOG.info("read the changed files of certificate {}", files.certificate());
            }
            failed = false;
        } catch (IOException e) {
            if (!failed) {
                LOG.error("the certificate and revocation lists read before stay in use: {}", e.getMessage());
            }
            failed = true;
        }
        return loaded;
    }

    private List<FileTime> changeTimes() throws IOException {
        List<FileTime> times = new ArrayList<>();
        for (Path file : List.of(files.certificate(), files.key(), files.authority())) {
            times.add(Files.getLastModifiedTime(file));
        }
        if (files.crl().isPresent()) {
            times.add(Files.getLastModifiedTime(files.crl().get()));
        }
        return times;
    }

    private Loaded build() throws IOException {
        OpenSsl.ensureAvailability();
        try {
            TlsMaterial material = TlsMaterial.read(files);
            SslContextBuilder builder =
                    builder().sslProvider(SslProvider.OPENSSL).protocols(PROTOCOL);
            if (material.revocations().isPresent()) {
                builder.trustManager(RevokingTrust.of(
                        material.authorities(), material.revocations().get()));
            } else {
                builder.trustManager(files.authority().toFile());
            }
            SslContext built = builder.build();
            requirePrivate(files.key());
            return new Loaded(built, material);
        } catch (IllegalArgumentException | IOException e) {
            throw new IOException(
                    "cannot use certificate " + files.certificate() + " with key " + files.key() + " and authority "
                            + files.authority()
                            + files.crl()
                                    .map(list -> " and revocation list " + list)
                                    .orElse("") + ": " + Causes.words(e),
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
            case SERVER, LENIENT_SERVER ->
                own.map(read -> SslContextBuilder.forServer(read.key(), read.chain()))
                        .orElseGet(() -> SslContextBuilder.forServer(certificate, key))
                        .clientAuth(end == End.SERVER ? ClientAuth.REQUIRE : ClientAuth.OPTIONAL);
            case CLIENT -> {
                SslContextBuilder builder = SslContextBuilder.forClient().endpointIdentificationAlgorithm(null);
                yield own.map(read -> builder.keyManager(read.key(), read.chain()))
                        .orElseGet(() -> builder.keyManager(certificate, key));
            }
        };
    }
}
