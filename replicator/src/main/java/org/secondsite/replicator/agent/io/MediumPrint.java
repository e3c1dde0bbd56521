package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.secondsite.replicator.agent.VmDisk;

/**
 * What tells two media apart that a guest can only read: the other site must have the same, for a guest that goes on there holds some of it
 * in its memory. Of a long one, samples, so that it costs little to look.
 */
final class MediumPrint {
    private static final int SAMPLE_BYTES = 64 << 10;
    private static final int SAMPLES = 64;
    private static final int SHOWN_BYTES = 8;

    private MediumPrint() {}

    /** Such as {@code medium cd0 of 374784 bytes, content 0123456789abcdef}; without content if that is in no file of this host. */
    static String of(VmDisk disk) {
        return "medium " + disk.names().getFirst() + " of " + disk.bytes() + " bytes"
                + content(disk.file()).map(", content "::concat).orElse("");
    }

    private static Optional<String> content(String file) {
        try {
            Path path = Path.of(file);
            return Files.isRegularFile(path) ? Optional.of(hash(path)) : Optional.empty();
        } catch (IOException | InvalidPathException unreadable) {
            return Optional.empty();
        }
    }

    private static String hash(Path path) throws IOException {
        MessageDigest digest = sha256();
        try (FileChannel file = FileChannel.open(path)) {
            long bytes = file.size();
            long step = Math.max(SAMPLE_BYTES, (bytes - SAMPLE_BYTES) / (SAMPLES - 1));
            ByteBuffer sample = ByteBuffer.allocate(SAMPLE_BYTES);
            for (long at = 0; at < bytes; at += step) {
                sample.clear();
                while (sample.hasRemaining() && file.read(sample, at + sample.position()) > 0) {
                    // On.
                }
                digest.update(sample.flip());
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, SHOWN_BYTES);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }
}
