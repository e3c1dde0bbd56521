package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;

/** A standby whose journal has no room, on a file system that is really full. */
@Tag("lab")
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JournalRoomLabTest {
    private static final int BYTES = 4 << 20;

    @TempDir
    Path directory;

    private static void run(String... command) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor(), String.join(" ", command));
    }

    @Test
    void anEpochThatHasNoRoomIsNotKeptTheOneBeforeStaysAndWithRoomItGoesOn() throws Exception {
        Path state = Files.createDirectories(directory.resolve("b0/state"));
        run("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", state.toString());
        try (TwoSites sites = new TwoSites(directory, BYTES, new SplittableRandom(5))) {
            sites.write(100);
            sites.beginChain();
            sites.copy();
            EpochId kept = sites.standbyDisks().kept();
            assertEquals(sites.last(), kept, "a copy goes past the journal");
            sites.acknowledge();

            sites.write(5);
            IOException full = assertThrows(IOException.class, sites::epoch);
            assertTrue(full.getMessage().contains("cannot be allocated, errno 28"), full.getMessage());
            assertEquals(kept, sites.standbyDisks().kept());
            sites.write(5);
            assertTrue(sites.ownerDisks().refusal().isEmpty(), "the VM goes on");

            run("mount", "-o", "remount,size=256m", state.toString());
            sites.beginChain();
            sites.copy();
            assertEquals(sites.last(), sites.standbyDisks().kept());
            sites.failOver();
            assertEquals(-1, Files.mismatch(sites.ownerImage(), sites.standbyImage()));
        } finally {
            run("umount", state.toString());
        }
    }
}
