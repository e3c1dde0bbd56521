package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.BlockSet;

/** A standby's images under kill -9 of a real process. */
class StandbyVolumesTest {
    private static final int B = BlockSet.BLOCK_BYTES;
    private static final int BLOCKS = 256;
    private static final int BYTES = BLOCKS * B - 1000;
    private static final EpochId START = new EpochId(7, 0);
    private static final long PART_BYTES = 1 << 20;

    @TempDir
    Path directory;

    @BeforeEach
    void makeImages() throws IOException {
        for (StandbyVolumes.Image image : images(directory)) {
            Files.write(image.image(), new byte[BYTES]);
        }
        StandbyVolumes.declare(directory, images(directory), START);
    }

    private static List<StandbyVolumes.Image> images(Path directory) {
        return List.of(
                new StandbyVolumes.Image("vm1.d0", new UUID(0, 1), directory.resolve("d0.raw")),
                new StandbyVolumes.Image("vm1.d1", new UUID(0, 2), directory.resolve("d1.raw")));
    }

    private static StandbyVolumes open(Path directory) throws IOException {
        StandbyVolumes.Found found =
                StandbyVolumes.open(directory, "vm1", images(directory), PART_BYTES, 4 * PART_BYTES);
        return assertInstanceOf(StandbyVolumes.Found.Whole.class, found, found.toString())
                .volumes();
    }

    /** The changes of an epoch are a function of its number. */
    private static List<VolumeChanges> changes(long number, byte[][] model) {
        SplittableRandom dice = new SplittableRandom(number);
        return List.of(changes(0, dice, model), changes(1, dice, model));
    }

    private static VolumeChanges changes(int volume, SplittableRandom dice, byte[][] model) {
        int first = dice.nextInt(BLOCKS - 70);
        int count = 65;
        fill(model[volume], first, count, 0);
        try (PageSet.Builder blocks = PageSet.builder()) {
            for (int block = dice.nextInt(20); block < BLOCKS; block += 1 + dice.nextInt(20)) {
                int value = dice.nextInt(4);
                byte[] content = new byte[B];
                Arrays.fill(content, (byte) value);
                blocks.add(block, MemorySegment.ofArray(content), 0);
                fill(model[volume], block, 1, value);
            }
            return new VolumeChanges(volume, List.of(new BlockRange(first, count)), blocks.build());
        }
    }

    private static void fill(byte[] image, int first, int count, int value) {
        Arrays.fill(image, first * B, Math.min(image.length, (first + count) * B), (byte) value);
    }

    private static byte[][] modelAt(EpochId epoch) {
        byte[][] model = {new byte[BYTES], new byte[BYTES]};
        for (long number = 1; number <= epoch.number(); number++) {
            changes(number, model).forEach(VolumeChanges::close);
        }
        return model;
    }

    private void assertImagesAre(EpochId epoch) throws IOException {
        byte[][] model = modelAt(epoch);
        assertArrayEquals(model[0], Files.readAllBytes(images(directory).get(0).image()), "d0 at " + epoch);
        assertArrayEquals(model[1], Files.readAllBytes(images(directory).get(1).image()), "d1 at " + epoch);
    }

    @Test
    void afterAKillAtAnyMomentTheImagesAreOneWholeEpochNotOlderThanTheLastAcknowledged() throws Exception {
        long seed = 20261129;
        SplittableRandom dice = new SplittableRandom(seed);
        for (int kill = 0; kill < 6; kill++) {
            EpochId acknowledged = runAndKill(dice.nextInt(20, 150));
            try (StandbyVolumes volumes = open(directory)) {
                assertTrue(
                        acknowledged.atMost(volumes.kept()),
                        "seed " + seed + ", kill " + kill + ": " + volumes.kept() + " < " + acknowledged);
                assertImagesAre(volumes.kept());
            }
        }
    }

    /** Has a process keep epochs one after the other until it is killed; what it said was the last to be durable. */
    private EpochId runAndKill(int afterLines) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Keeper.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        EpochId last = START;
        try (BufferedReader lines = process.inputReader(StandardCharsets.US_ASCII)) {
            for (int i = 0; i < afterLines; i++) {
                String line = lines.readLine();
                if (line == null) {
                    throw new IllegalStateException("the keeper ended by itself");
                }
                if (line.matches("\\d+")) {
                    last = new EpochId(START.term(), Long.parseLong(line));
                }
            }
            // Not by the Process itself, which would close the stream that still has what was said.
            process.toHandle().destroyForcibly();
            String more = lines.readLine();
            while (more != null && more.matches("\\d+")) {
                last = new EpochId(START.term(), Math.max(last.number(), Long.parseLong(more)));
                more = lines.readLine();
            }
        }
        process.waitFor();
        return last;
    }

    /** The process that is killed. */
    static final class Keeper {
        private Keeper() {}

        @SuppressWarnings("SystemOut") // it is how it acknowledges
        public static void main(String[] arguments) throws Exception {
            byte[][] ignored = {new byte[BYTES], new byte[BYTES]};
            StandbyVolumes volumes = open(Path.of(arguments[0]));
            while (true) {
                EpochId epoch = volumes.kept().next();
                List<VolumeChanges> changes = changes(epoch.number(), ignored);
                volumes.keep(epoch, volumes.kept(), changes);
                changes.forEach(VolumeChanges::close);
                System.out.println(epoch.number());
            }
        }
    }

    @Test
    void anEpochThatDoesNotContinueWhatIsKeptIsNotKept() throws Exception {
        try (StandbyVolumes volumes = open(directory)) {
            byte[][] model = {new byte[BYTES], new byte[BYTES]};
            List<VolumeChanges> changes = changes(1, model);
            volumes.keep(START.next(), START, changes);
            assertThrows(IOException.class, () -> volumes.keep(new EpochId(7, 3), new EpochId(7, 2), changes));
            changes.forEach(VolumeChanges::close);
            volumes.awaitApplied();
            assertImagesAre(new EpochId(7, 1));
        }
    }

    @Test
    void theJournalIsFreedWhenTheImagesHaveWhatItSays() throws Exception {
        try (StandbyVolumes volumes = open(directory)) {
            for (int i = 1; i <= 40; i++) {
                byte[][] model = {new byte[BYTES], new byte[BYTES]};
                List<VolumeChanges> changes = changes(i, model);
                volumes.keep(new EpochId(7, i), new EpochId(7, i - 1), changes);
                changes.forEach(VolumeChanges::close);
                volumes.awaitApplied();
            }
        }
        assertTrue(journalBytes() <= 5 * PART_BYTES, journalBytes() + " bytes");
        try (StandbyVolumes volumes = open(directory)) {
            assertEquals(new EpochId(7, 40), volumes.kept());
            assertEquals(0, journalBytes());
        }
    }

    /** A kill between the superblocks of two volumes: the one is at an epoch that the other has yet to reach. */
    @Test
    void aVolumeWhoseSuperblockIsAStepBehindIsBroughtUpByTheJournal() throws Exception {
        Path before = directory.resolve("before");
        Files.copy(directory.resolve("vm1.d1.super"), before);
        try (StandbyVolumes volumes = open(directory)) {
            for (int i = 1; i <= 3; i++) {
                byte[][] model = {new byte[BYTES], new byte[BYTES]};
                List<VolumeChanges> changes = changes(i, model);
                volumes.keep(new EpochId(7, i), new EpochId(7, i - 1), changes);
                changes.forEach(VolumeChanges::close);
            }
        }
        Files.copy(before, directory.resolve("vm1.d1.super"), StandardCopyOption.REPLACE_EXISTING);
        Files.write(images(directory).get(1).image(), new byte[BYTES]);
        try (StandbyVolumes volumes = open(directory)) {
            assertEquals(new EpochId(7, 3), volumes.kept());
        }
        assertImagesAre(new EpochId(7, 3));
    }

    private long journalBytes() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().contains(".journal-"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    @Test
    void imagesThatAreNotTheVmsOrAreNoWholeEpochAreRefusedWithTheReason() throws Exception {
        Path other = directory.resolve("d0.raw");
        Files.write(other, new byte[BYTES + B]);
        assertEquals("vm1.d0: the image has " + (BYTES + B) + " bytes where " + BYTES + " are known", refusal());
        Files.write(other, new byte[BYTES]);
        StandbyVolumes.declare(directory, images(directory).subList(0, 1), new EpochId(7, 5));
        assertEquals("journal of vm1: it ends at 7/0, and a volume is at 7/5", refusal());
        Files.delete(directory.resolve("vm1.d0.super"));
        assertEquals("vm1.d0: nothing is known of this image", refusal());
    }

    private String refusal() throws IOException {
        return assertInstanceOf(
                        StandbyVolumes.Found.Unusable.class, StandbyVolumes.open(directory, "vm1", images(directory)))
                .reason();
    }
}
