package org.secondsite.pki;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.cert.X509CRLEntryHolder;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.PemIdentity;

/**
 * A certificate authority in a directory of its own: {@code ca.crt}, its key {@code ca.key}, what is revoked {@code ca.crl}, what was issued
 * {@code ca.issued}, and for each holder {@code NAME.crt} and {@code NAME.key}. Key and register are their owner's alone.
 */
public final class TestAuthority {
    private static final Duration LIFE = Duration.ofDays(365);

    /** The machines of a test installation need not agree on the time of day. */
    private static final Duration VALID_BEFORE = Duration.ofDays(1);

    private static final String CLOSED = "rw-------";
    private static final String OPEN = "rw-r--r--";

    private final Path directory;
    private final X509Certificate certificate;
    private final PrivateKey key;
    private final AtomicLong written = new AtomicLong();

    /**
     * Makes an authority, in place of one that is there, and the directory if there is none.
     *
     * @throws Exception if a file cannot be written, or the machine lacks an algorithm
     */
    public TestAuthority(Path directory) throws Exception {
        this.directory = Files.createDirectories(directory);
        Instant now = Instant.now();
        X509Bundle made = builder("SecondSite test authority", now.minus(VALID_BEFORE), now.plus(LIFE))
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        certificate = made.getCertificate();
        key = made.getKeyPair().getPrivate();
        write(keyFile(), made.getPrivateKeyPEM(), CLOSED);
        write(file(), made.getCertificatePEM(), OPEN);
        write(register(), "", CLOSED);
        writeList(Map.of(), now.minus(VALID_BEFORE), now.plus(LIFE));
    }

    private TestAuthority(Path directory, PemIdentity identity) {
        this.directory = directory;
        certificate = identity.chain().getFirst();
        key = identity.key();
    }

    /**
     * The authority that is in a directory.
     *
     * @throws IOException if there is none, or its key was not kept
     */
    public static TestAuthority existing(Path directory) throws IOException {
        TlsFiles files = TlsFiles.in(directory, "ca");
        if (!Files.exists(files.key())) {
            throw new IOException("there is no authority's key " + files.key());
        }
        return new TestAuthority(
                directory,
                PemIdentity.read(files.authority(), files.key())
                        .orElseThrow(() -> new IOException(files.key() + " is no private key")));
    }

    /** Its own certificate. */
    public Path file() {
        return TlsFiles.in(directory, "ca").authority();
    }

    /** What it has revoked, RFC 5280 section 5. */
    public Path list() {
        return directory.resolve("ca.crl");
    }

    private Path keyFile() {
        return TlsFiles.in(directory, "ca").key();
    }

    /** A line of each certificate: serial number and holder. */
    private Path register() {
        return directory.resolve("ca.issued");
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
        X509Bundle leaf = builder(commonName, from, to)
                .buildIssuedBy(X509Bundle.fromRootCertificateAuthority(
                        certificate, new KeyPair(certificate.getPublicKey(), key)));
        TlsFiles files = TlsFiles.in(directory, commonName);
        synchronized (this) {
            String issued = leaf.getCertificate().getSerialNumber().toString(16) + " " + commonName + "\n";
            write(register(), Files.readString(register()) + issued, CLOSED);
        }
        write(files.key(), leaf.getPrivateKeyPEM(), CLOSED);
        write(files.certificate(), leaf.getCertificatePEM(), OPEN);
        return files;
    }

    /** Certificates that may be revoked together, by their serial numbers. */
    public record Revocation(List<BigInteger> serials) {}

    /**
     * What a holder was issued until now.
     *
     * @throws IOException if the register cannot be read, or the holder was issued none
     */
    public synchronized Revocation issuedTo(String commonName) throws IOException {
        List<BigInteger> serials = new ArrayList<>();
        for (String line : Files.readAllLines(register())) {
            String[] words = line.split(" ", 2);
            if (words[1].equals(commonName)) {
                serials.add(new BigInteger(words[0], 16));
            }
        }
        if (serials.isEmpty()) {
            throw new IOException("'" + commonName + "' was issued no certificate by the authority in " + directory);
        }
        return new Revocation(serials);
    }

    /**
     * Revokes whatever a holder was issued until now. The new list is good for a year.
     *
     * @throws Exception if a file cannot be written, or the holder was issued none
     */
    public void revoke(String commonName) throws Exception {
        revoke(issuedTo(commonName));
    }

    /**
     * Revokes some certificates. The new list is good for a year.
     *
     * @throws Exception if a file cannot be written
     */
    public synchronized void revoke(Revocation which) throws Exception {
        Map<BigInteger, Date> revoked = revoked();
        Instant now = Instant.now();
        which.serials().forEach(serial -> revoked.putIfAbsent(serial, Date.from(now)));
        writeList(revoked, now.minus(VALID_BEFORE), now.plus(LIFE));
    }

    /**
     * Writes the list anew, with what it has, good between two moments.
     *
     * @throws Exception if the file cannot be read or written
     */
    public synchronized void renewList(Instant from, Instant to) throws Exception {
        writeList(revoked(), from, to);
    }

    private Map<BigInteger, Date> revoked() throws IOException {
        Map<BigInteger, Date> revoked = new TreeMap<>();
        try (PEMParser parser = new PEMParser(new StringReader(Files.readString(list())))) {
            X509CRLHolder before = (X509CRLHolder) parser.readObject();
            for (Object entry : before.getRevokedCertificates()) {
                X509CRLEntryHolder one = (X509CRLEntryHolder) entry;
                revoked.put(one.getSerialNumber(), one.getRevocationDate());
            }
        }
        return revoked;
    }

    private void writeList(Map<BigInteger, Date> revoked, Instant from, Instant to) throws Exception {
        JcaX509v2CRLBuilder builder = new JcaX509v2CRLBuilder(certificate.getSubjectX500Principal(), Date.from(from));
        builder.setNextUpdate(Date.from(to));
        revoked.forEach((serial, date) -> builder.addCRLEntry(serial, date, CRLReason.cessationOfOperation));
        X509CRLHolder list = builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key));
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(list.getEncoded());
        write(list(), "-----BEGIN X509 CRL-----\n" + base64 + "\n-----END X509 CRL-----\n", OPEN);
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
