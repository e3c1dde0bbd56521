package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.Superblock;
import org.secondsite.replicator.disk.VolumeSettings;

/** Images that are copies of disks which a VM has of its own. */
class MirroredImagesTest {
    private static final VmId VM = new VmId("vm1");
    private static final int BYTES = (4 << 20) + 512;
    private static final int CHUNK = 64 << 10;

    @TempDir
    Path directory;

    private long number;

    @BeforeEach
    void makeImage() throws IOException {
        try (RandomAccessFile image = new RandomAccessFile(image().toFile(), "rw")) {
            image.setLength(BYTES);
        }
    }

    private Path image() {
        return directory.resolve("d.raw");
    }

    private VmVolumes open(DiskAttachment attachment) throws IOException {
        return VmVolumes.open(
                VM,
                new VolumeSettings(
                        List.of(new VolumeSettings.Served("d", image(), directory.resolve("d.nbd"), attachment)),
                        directory.resolve("state"),
                        Durability.DISK,
                        VolumeSettings.USUAL_MEMORY_BYTES,
                        0));
    }

    private NbdClient client() throws IOException {
        return NbdClient.connect(directory.resolve("d.nbd"), "vm1.d");
    }

    private static void write(NbdClient client, long offset, byte[] content) throws IOException {
        client.write(1, offset, content);
        assertEquals(0, client.answer().error());
    }

    private static void zero(NbdClient client, long offset, int length) throws IOException {
        client.zero(1, offset, length);
        assertEquals(0, client.answer().error());
    }

    private static byte[] content(int bytes, int value) {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) value);
        return content;
    }

    /** How many blocks were changed since it was last asked, those that became zeros included. */
    private long changed(VmVolumes volumes) throws IOException {
        volumes.cut();
        long blocks = 0;
        for (VolumeChanges each : volumes.take(new EpochId(1, ++number))) {
            blocks += each.blocks().count();
            blocks += each.zeros().stream().mapToLong(BlockRange::count).sum();
            each.close();
        }
        return blocks;
    }

    @Test
    void whatIsWrittenOverTheSameIsNoChangeUntilTheCopyIsWhole() throws IOException {
        byte[] content = content(1 << 20, 7);
        try (VmVolumes volumes = open(DiskAttachment.TAP);
                NbdClient client = client()) {
            write(client, 1 << 20, content);
            volumes.beginCapture();
            volumes.mirrors().begins("d");
            write(client, 1 << 20, content);
            zero(client, 2 << 20, 2 << 20);
            assertEquals(0, changed(volumes));

            content[5 * CHUNK] = 1;
            write(client, 1 << 20, content);
            assertEquals(CHUNK / 4096, changed(volumes), "the chunk in which it differs");
            zero(client, (1 << 20) - 4096, 8192);
            assertEquals(1, changed(volumes), "the block that was no zeros");

            volumes.mirrors().isWhole("d");
            write(client, 1 << 20, content);
            assertEquals(256, changed(volumes));
        }
    }

    @RepeatedTest(3)
    void whicheverWayItIsWrittenTheImageIsWhatWasWritten() throws IOException {
        long seed = System.nanoTime();
        SplittableRandom dice = new SplittableRandom(seed);
        byte[] reference = new byte[BYTES];
        try (VmVolumes volumes = open(DiskAttachment.TAP);
                NbdClient client = client()) {
            volumes.mirrors().begins("d");
            for (int i = 0; i < 200; i++) {
                int length = 1 + dice.nextInt(dice.nextBoolean() ? 9000 : 300_000);
                int offset = dice.nextInt(BYTES - length);
                if (dice.nextBoolean()) {
                    byte[] content = content(length, dice.nextInt(3));
                    write(client, offset, content);
                    System.arraycopy(content, 0, reference, offset, length);
                } else {
                    zero(client, offset, length);
                    Arrays.fill(reference, offset, offset + length, (byte) 0);
                }
            }
        }
        assertArrayEquals(reference, Files.readAllBytes(image()), "seed " + seed);
    }

    private Superblock.State state() throws IOException {
        try (SuperblockFile file = SuperblockFile.open(directory.resolve("state/vm1.d.super"))) {
            return file.current().orElseThrow().state();
        }
    }

    @Test
    void anImageOfWhichNothingIsKnownIsACopyAndIsServedAfterALossOfPowerBecauseNobodyReliesOnIt() throws IOException {
        try (VmVolumes volumes = open(DiskAttachment.TAP)) {
            assertTrue(volumes.mirrors().isMirror("d"));
            assertEquals(BYTES, volumes.mirrors().bytes("d"));
            volumes.flushAtOnce();
            assertEquals(Superblock.State.MIRROR, state());
            volumes.becomeHonest();
            assertEquals(Superblock.State.MIRROR, state());
        }
        try (SuperblockFile file = SuperblockFile.open(directory.resolve("state/vm1.d.super"))) {
            file.write(file.current().orElseThrow().next(Superblock.State.MIRROR, new UUID(1, 1)));
        }
        try (VmVolumes afterPowerLoss = open(DiskAttachment.TAP)) {
            assertTrue(afterPowerLoss.refusal().isEmpty());
            assertTrue(afterPowerLoss.mirrors().isMirror("d"));
        }
        try (VmVolumes otherwiseDeclared = open(DiskAttachment.SERVE)) {
            assertTrue(otherwiseDeclared.mirrors().isMirror("d"), "it may not be whole");
        }
    }

    @Test
    void anImageFromWhichTheVmWasStartedIsNoCopyAnyMore() throws Exception {
        try (VmVolumes volumes = open(DiskAttachment.TAP)) {
            CarriedDisks whole = volumes.disks();
            volumes.keep(new EpochHeader(VM, new EpochId(2, 1), EpochId.NONE, 1 << 20, whole), List.of());
            assertEquals(Superblock.State.CONSISTENT, state());
            volumes.activate();
            assertFalse(volumes.mirrors().isMirror("d"));
        }
        try (VmVolumes again = open(DiskAttachment.TAP)) {
            assertFalse(again.mirrors().isMirror("d"));
        }
    }
}
