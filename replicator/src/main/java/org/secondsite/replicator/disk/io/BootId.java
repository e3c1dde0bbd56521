package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Which boot of this machine it is: what was written and not forced to the disk is there in the same boot only. */
final class BootId {
    // Source: random(4), /proc/sys/kernel/random/boot_id.
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {}

    /**
     * The present one.
     *
     * @throws IOException if the kernel does not tell
     */
    static UUID current() throws IOException {
        String text = Files.readString(FILE).strip();
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException unreadable) {
            throw new IOException(FILE + " says '" + text + "'", unreadable);
        }
    }
}
