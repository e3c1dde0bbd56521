package org.secondsite.management.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The digests of tokens, one a line: a name, and the SHA-256 of the token in hexadecimal digits. A token is drawn by chance, 128 bits or
 * more, so its plain digest says nothing of it. Read anew with each request, so that a token is revoked by taking its line out.
 */
final class Tokens {
    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);
    private static final Pattern LINE = Pattern.compile("(\\S+)\\s+([0-9a-fA-F]{64})");
    private static final Pattern HEADER = Pattern.compile("(Basic|Bearer) +(\\S+)", Pattern.CASE_INSENSITIVE);
    private static final int MAX_BYTES = 1 << 20;

    private final Path file;

    private record Digest(String name, String hex) {}

    Tokens(Path file) {
        this.file = file;
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it cannot be read, is open to others, or is not what it should be, with the line
     */
    void check() throws IOException {
        read();
    }

    /** Whose token a header of HTTP bears; empty: nobody's. */
    Optional<String> name(String authorization) {
        Matcher header = HEADER.matcher(authorization.strip());
        if (!header.matches()) {
            return Optional.empty();
        }
        try {
            String given = header.group(2);
            Optional<String> claimed = Optional.empty();
            if (header.group(1).toLowerCase(Locale.ROOT).equals("basic")) {
                String[] parts = new String(Base64.getDecoder().decode(given), StandardCharsets.UTF_8).split(":", 2);
                if (parts.length != 2) {
                    return Optional.empty();
                }
                claimed = Optional.of(parts[0]);
                given = parts[1];
            }
            return owner(claimed, HexFormat.of().formatHex(sha256(given)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.error("no token is taken: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Every line is compared, whichever is right. */
    private Optional<String> owner(Optional<String> claimed, String digest) throws IOException {
        byte[] given = digest.getBytes(StandardCharsets.US_ASCII);
        Optional<String> found = Optional.empty();
        for (Digest known : read()) {
            if (MessageDigest.isEqual(known.hex().getBytes(StandardCharsets.US_ASCII), given)
                    && claimed.map(known.name()::equals).orElse(true)) {
                found = Optional.of(known.name());
            }
        }
        return found;
    }

    private List<Digest> read() throws IOException {
        if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
            throw new IOException(file + " is open to every user of this machine: chmod o= " + file);
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException(file + " is larger than " + MAX_BYTES + " bytes");
        }
        List<Digest> digests = new ArrayList<>();
        int number = 0;
        for (String line : Files.readAllLines(file)) {
            number++;
            String text = line.strip();
            if (text.isEmpty() || text.startsWith("#")) {
                continue;
            }
            Matcher matcher = LINE.matcher(text);
            if (!matcher.matches()) {
                throw new IOException(file + ":" + number
                        + ": a line is a name, and the SHA-256 of a token as 64 hexadecimal digits");
            }
            digests.add(new Digest(matcher.group(1), matcher.group(2).toLowerCase(Locale.ROOT)));
        }
        return digests;
    }

    private static byte[] sha256(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
