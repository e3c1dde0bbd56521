package org.secondsite.management.netconf.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.util.Set;
import org.apache.sshd.common.config.keys.AuthorizedKeyEntry;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.PublicKeyEntryResolver;

/**
 * Whose keys are taken: a file as OpenSSH has it (sshd(8), AUTHORIZED_KEYS), whose comments are the names. Read anew with each login, so a
 * key is revoked by taking its line out.
 */
final class AuthorizedKeys {
    private static final int MAX_BYTES = 1 << 20;

    private final Path file;

    AuthorizedKeys(Path file) {
        this.file = file;
    }

    /**
     * Reads the file.
     *
     * @throws IOException if it cannot be read, can be written by others, or is not what it should be
     */
    void check() throws IOException {
        var _ = find("", null);
    }

    /**
     * Whether a key is that of a name.
     *
     * @throws IOException as {@link #check}
     */
    boolean has(String name, PublicKey key) throws IOException {
        return find(name, key);
    }

    private boolean find(String name, PublicKey key) throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        if (permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(file + " can be written by every user of this machine: chmod o-w " + file);
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException(file + " is larger than " + MAX_BYTES + " bytes");
        }
        boolean found = false;
        int number = 0;
        for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
            number++;
            if (line.isBlank() || line.strip().startsWith("#")) {
                continue;
            }
            try {
                AuthorizedKeyEntry entry = AuthorizedKeyEntry.parseAuthorizedKeyEntry(line.strip());
                // What a line's options forbid is not known here: such a key is not taken.
                boolean plain = entry.getLoginOptions() == null
                        || entry.getLoginOptions().isEmpty();
                PublicKey known = entry.resolvePublicKey(null, PublicKeyEntryResolver.FAILING);
                found |= plain && name.equals(entry.getComment()) && KeyUtils.compareKeys(known, key);
            } catch (IllegalArgumentException | GeneralSecurityException | IOException e) {
                throw new IOException(
                        file + ":" + number
                                + ": a line is the type of a key (ecdsa-sha2-nistp256, rsa), the key, and a name: "
                                + e.getMessage(),
                        e);
            }
        }
        return found;
    }
}
