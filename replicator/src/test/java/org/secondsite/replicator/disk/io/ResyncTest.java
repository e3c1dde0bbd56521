package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.BlockSet;

/** What a standby lacks is copied, and nothing else; whatever dies on the way, it is one whole epoch, or known to be none. */
class ResyncTest {
    private static final int BYTES = (8 << 20) + 5000;
    private static final int FEW_BLOCKS = 40 * 16;

    @TempDir
    Path directory;

    private final SplittableRandom dice = new SplittableRandom(21);

    private TwoSites sites() throws IOException {
        return new TwoSites(directory, BYTES, dice);
    }

    private static void fill(Path image, int from, int length, int value) throws IOException {
        byte[] content = new byte[length];
        Arrays.fill(content, (byte) value);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(from);
            file.write(content);
        }
    }

    private static void requireEqual(TwoSites sites) throws IOException {
        assertEquals(-1, Files.mismatch(sites.ownerImage(), sites.standbyImage()));
    }

    /** The standby has the owner's disks, and both know of which epoch. */
    private static void protect(TwoSites sites) throws IOException {
        sites.beginChain();
        sites.copy();
        sites.acknowledge();
    }

    @ParameterizedTest(name = "{0} writes in between")
    @ValueSource(ints = {0, 1})
    void thereAndBackTenTimesWithAGuestThatWritesNothingOrAlmostNothingCopiesNothingOrAlmost(int writes)
            throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            protect(sites);
            assertTrue(
                    sites.ownerDisks().owner().broughtBlocks() >= (7 << 20) / BlockSet.BLOCK_BYTES, "the first copy");
            for (int i = 0; i < 10; i++) {
                sites.failOver();
                sites.write(writes);
                long before = sites.ownerDisks().owner().broughtBlocks();
                sites.beginChain();
                sites.copy();
                long brought = sites.ownerDisks().owner().broughtBlocks() - before;
                assertTrue(brought <= (long) writes * FEW_BLOCKS, brought + " blocks were brought, turn " + i);
                sites.acknowledge();
            }
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void aStandbyThatWasAwayGetsWhatWasWrittenMeanwhileAndKeepsItsEpochUntilItHasIt() throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            protect(sites);
            sites.killStandby();
            sites.write(2);
            EpochId before = sites.standbyDisks().kept();
            long brought = sites.ownerDisks().owner().broughtBlocks();
            sites.beginChain();
            assertEquals(before, sites.standbyDisks().kept());
            assertTrue(sites.epoch().isWhole(), "what fits into one epoch is brought by one");
            assertTrue(sites.ownerDisks().owner().broughtBlocks() - brought <= FEW_BLOCKS);
            assertEquals(sites.last(), sites.standbyDisks().kept());
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void anImageThatSomebodyHasChangedWhileNoAgentRanIsNotReliedOnButCompared() throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            protect(sites);
            sites.restartStandby(image -> {});
            assertEquals(sites.last(), sites.standbyDisks().kept(), "nobody has changed it");
            sites.restartStandby(image -> fill(image, 1 << 20, 100, 9));
            assertEquals(EpochId.NONE, sites.standbyDisks().kept());
            long brought = sites.ownerDisks().owner().broughtBlocks();
            protect(sites);
            assertTrue(
                    sites.ownerDisks().owner().broughtBlocks() - brought <= FEW_BLOCKS,
                    "what differs, and nothing else");

            sites.restartOwner(image -> fill(image, 3 << 20, 100, 8));
            protect(sites);
            assertTrue(sites.ownerDisks().owner().broughtBlocks() <= FEW_BLOCKS, "what differs, and nothing else");
            sites.failOver();
            requireEqual(sites);
        }
    }

    /** As a VM does that writes faster than its line carries, once its protection has been given up for that. */
    @Test
    void whatIsWrittenWhileNothingIsCarriedIsNamedByTheMapAlsoAfterAKill() throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            protect(sites);
            sites.write(5);
            sites.cut().changes().forEach(VolumeChanges::close);
            sites.ownerDisks().endCapture();
            sites.write(300);
            sites.killOwner();
            sites.write(300);
            sites.beginChain();
            sites.copy();
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void eightVmsOfOneAgentDoNotDisturbEachOther() throws Exception {
        List<CompletableFuture<Void>> vms = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Path place = Files.createDirectory(directory.resolve("vm" + i));
            SplittableRandom dice = new SplittableRandom(i);
            vms.add(CompletableFuture.runAsync(() -> thereAndBack(place, dice), command -> Thread.ofVirtual()
                    .start(command)));
        }
        for (CompletableFuture<Void> vm : vms) {
            vm.get(60, TimeUnit.SECONDS);
        }
    }

    private static void thereAndBack(Path place, SplittableRandom dice) {
        try (TwoSites sites = new TwoSites(place, BYTES, dice)) {
            for (int turn = 0; turn < 3; turn++) {
                sites.write(20);
                protect(sites);
                for (int i = 0; i < 5; i++) {
                    sites.write(5);
                    sites.epoch();
                }
                sites.failOver();
                requireEqual(sites);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatAFormerOwnerWroteSinceTheCommittedEpochIsOverwritten() throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            protect(sites);
            // Neither of it ever gets there: one part was shipped into the void, the other not even cut.
            sites.write(4);
            sites.cut().changes().forEach(changes -> changes.close());
            sites.write(4);
            sites.killOwner();
            sites.failOver();
            assertTrue(Files.mismatch(sites.ownerImage(), sites.standbyImage()) >= 0);
            sites.beginChain();
            sites.copy();
            assertTrue(sites.ownerDisks().owner().broughtBlocks() <= FEW_BLOCKS);
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void disksOfWhichNothingIsKnownAreComparedAndOnlyWhatDiffersIsCopied() throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            fill(sites.standbyImage(), 0, 7 << 20, 7);
            fill(sites.standbyImage(), 5 << 20, 1 << 20, 9);
            fill(sites.standbyImage(), BYTES - 100, 100, 9);
            sites.beginChain();
            sites.copy();
            long brought = sites.ownerDisks().owner().broughtBlocks();
            assertTrue(brought >= 256 && brought <= 256 + 6 * 32, brought + " blocks");
            sites.failOver();
            requireEqual(sites);
        }
    }

    /** More chunks than it is asked about ahead, and a standby that answers all of that at once. */
    @Test
    void aLargeDiskIsComparedToItsEndHoweverFastTheOtherSiteAnswers() throws Exception {
        int bytes = 300 << 20;
        try (TwoSites sites = new TwoSites(directory, bytes, dice)) {
            fill(sites.ownerImage(), bytes - (1 << 20), 1 << 20, 9);
            sites.beginChain();
            sites.copy();
            assertTrue(sites.isWhole());
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void anEndThatSaysNothingOfItsDisksGetsAllOfThem() throws Exception {
        try (TwoSites sites = sites()) {
            fill(sites.standbyImage(), 0, 7 << 20, 9);
            protect(sites);
            sites.beginChainSilently();
            sites.copy();
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void whatSomebodyWritesAfterTheStandbyHasSpokenEndsTheChain() throws Exception {
        try (TwoSites sites = sites()) {
            protect(sites);
            sites.failOver();
            sites.beginChain();
            sites.writeThere(sites.standbyClient(), 1);
            IOException refused = assertThrows(IOException.class, sites::epoch);
            assertTrue(refused.getMessage().contains("somebody has written"), refused.getMessage());
            sites.writeThere(sites.standbyClient(), 1);
            sites.beginChain();
            sites.copy();
            sites.failOver();
            requireEqual(sites);
        }
    }

    @Test
    void aChainUponWhatWasSaidForAnotherIsRefused() throws Exception {
        try (TwoSites sites = sites()) {
            protect(sites);
            sites.beginChain();
            TwoSites.Shipped first = sites.cut();
            sites.killStandby();
            EpochId kept = sites.standbyDisks().kept();
            assertThrows(IOException.class, () -> sites.keep(first));
            assertEquals(kept, sites.standbyDisks().kept(), "the image stays as it was");
        }
    }

    /** Random histories; at each step a standby is one whole epoch or none, and an activated one is what was cut. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverDiesAndComesBackAStandbyThatIsWholeIsTheOwnersImage(long seed) throws Exception {
        SplittableRandom fate = new SplittableRandom(seed);
        try (TwoSites sites = new TwoSites(directory, BYTES, new SplittableRandom(seed))) {
            fill(sites.ownerImage(), 0, 7 << 20, 7);
            protect(sites);
            for (int step = 0; step < 25; step++) {
                switch (fate.nextInt(8)) {
                    case 0 -> {
                        sites.killOwner();
                        sites.beginChain();
                    }
                    case 1 -> {
                        sites.killStandby();
                        sites.beginChain();
                    }
                    case 2 -> {
                        // A chain that breaks off in the middle of its copy.
                        sites.beginChain();
                        sites.epoch();
                        sites.write(5);
                        sites.beginChain();
                    }
                    case 3 -> {
                        sites.copy();
                        if (fate.nextBoolean()) {
                            sites.acknowledge();
                        }
                        sites.write(10);
                        if (fate.nextBoolean()) {
                            sites.killOwner();
                        }
                        sites.failOver();
                        sites.beginChain();
                    }
                    case 4 -> {
                        sites.ownerDisks().cut();
                        sites.write(2);
                        sites.ownerDisks().giveBack();
                    }
                    case 5 -> sites.acknowledge();
                    default -> {
                        sites.write(5);
                        sites.epoch();
                    }
                }
                assertTrue(
                        sites.standbyDisks().kept().equals(EpochId.NONE)
                                || sites.standbyDisks().kept().atMost(sites.last())
                                || sites.last().equals(EpochId.NONE),
                        "seed " + seed + " step " + step);
            }
            sites.copy();
            assertTrue(sites.isWhole());
            sites.failOver();
            requireEqual(sites);
            assertFalse(sites.ownerDisks().refusal().isPresent());
        }
    }
}
