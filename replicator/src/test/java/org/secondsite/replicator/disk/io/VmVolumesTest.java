package org.secondsite.replicator.disk.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.Superblock;
import org.secondsite.replicator.disk.VolumeSettings;

/** A VM's disks at both sites: what an owner cuts is what its standby has. */
class VmVolumesTest {
    private static final VmId VM = new VmId("vm1");
    private static final int BYTES = 50 << 20;
    private static final long RAM_BYTES = 1 << 20;

    @TempDir
    Path directory;

    private final SplittableRandom dice = new SplittableRandom(8);
    private long number;

    @BeforeEach
    void makeImages() throws IOException {
        for (String site : List.of("a", "b")) {
            Files.createDirectories(directory.resolve(site));
            try (RandomAccessFile image = new RandomAccessFile(image(site).toFile(), "rw")) {
                image.setLength(BYTES);
            }
        }
        // Something everywhere, so that a copy takes more than one epoch; the standby's is older and different.
        for (int at = 0; at < BYTES / 2; at += 1 << 20) {
            put("a", at, 1 << 20, 3);
        }
        put("b", 7 << 20, 40 << 20, 9);
    }

    private Path image(String site) {
        return directory.resolve(site).resolve("d.raw");
    }

    private void put(String site, int at, int bytes, int value) throws IOException {
        byte[] content = new byte[bytes];
        Arrays.fill(content, (byte) value);
        try (RandomAccessFile file = new RandomAccessFile(image(site).toFile(), "rw")) {
            file.seek(at);
            file.write(content);
        }
    }

    private VolumeSettings settings(String site, String name) {
        return settings(site, name, 0);
    }

    private VolumeSettings settings(String site, String name, long copyBytesPerSecond) {
        Path place = directory.resolve(site);
        return new VolumeSettings(
                List.of(new VolumeSettings.Served(name, image(site), place.resolve("d.nbd"))),
                place.resolve("state"),
                Durability.DISK,
                VolumeSettings.USUAL_MEMORY_BYTES,
                copyBytesPerSecond);
    }

    private VmVolumes open(String site) throws IOException {
        return VmVolumes.open(VM, settings(site, "d"));
    }

    /** Takes an epoch from the owner to the standby. */
    private CarriedDisks epoch(VmVolumes owner, VmVolumes standby) throws IOException {
        owner.copyAhead();
        owner.cut();
        return ship(owner, standby);
    }

    private CarriedDisks ship(VmVolumes owner, VmVolumes standby) throws IOException {
        EpochId base = number == 0 ? EpochId.NONE : new EpochId(1, number);
        EpochHeader header = new EpochHeader(VM, new EpochId(1, ++number), base, RAM_BYTES, owner.cutDisks());
        List<VolumeChanges> changes = owner.take(header.epoch());
        try {
            standby.keep(header, changes);
        } finally {
            changes.forEach(VolumeChanges::close);
        }
        return header.disks();
    }

    private void write(NbdClient client, int times) throws IOException {
        for (int i = 0; i < times; i++) {
            byte[] content = new byte[1 + dice.nextInt(9000)];
            dice.nextBytes(content);
            client.write(i, dice.nextInt(BYTES - content.length), content);
            assertEquals(0, client.answer().error());
        }
    }

    private NbdClient client(String site) throws IOException {
        return NbdClient.connect(directory.resolve(site).resolve("d.nbd"), "vm1.d");
    }

    private void requireEqualImages() throws IOException {
        assertEquals(-1, Files.mismatch(image("a"), image("b")));
    }

    /** A first copy to its end, while the VM writes. */
    private void copy(VmVolumes owner, VmVolumes standby, NbdClient client) throws IOException {
        owner.beginCapture();
        boolean partial = false;
        for (CarriedDisks after = epoch(owner, standby); !after.isWhole(); after = epoch(owner, standby)) {
            partial = true;
            assertEquals(EpochId.NONE, standby.kept(), "a copy that is not complete is no epoch");
            write(client, 20);
        }
        assertTrue(partial, "the copy took one epoch");
    }

    @Test
    void aCopyBringsNoMoreThanItsLimitAllowsAndIsCompleteAllTheSame() throws Exception {
        int rate = 10 << 20;
        AtomicLong now = new AtomicLong(1);
        try (VmVolumes owner = VmVolumes.open(VM, settings("a", "d", rate), 16 << 20, now::get);
                VmVolumes standby = open("b")) {
            owner.beginCapture();
            long epochNanos = 50_000_000;
            for (int epochs = 1; !epoch(owner, standby).isWhole(); epochs++) {
                now.addAndGet(epochNanos);
                long left = owner.copyProgress().orElseThrow().missingBlocks().getFirst() * 4096L;
                long brought = (long) (rate + (1 << 20) + rate * (epochs * epochNanos / 1e9));
                assertTrue(left >= BYTES / 2 - brought, left + " bytes are left after " + epochs + " epochs");
            }
            // 25 MiB, of which 11 may come at once.
            assertTrue(now.get() >= 1_400_000_000L, "it took " + now + " ns");
            assertEquals(rate, owner.copyProgress().orElseThrow().limitBytesPerSecond());
            standby.activate();
            requireEqualImages();
        }
    }

    @Test
    void whenHalfOfTheMemoryIsTakenThatIsToldOnceForEachEpoch() throws Exception {
        AtomicInteger told = new AtomicInteger();
        try (VmVolumes owner = open("a");
                VmVolumes standby = open("b");
                NbdClient client = client("a")) {
            copy(owner, standby, client);
            owner.whenFilling(level -> told.incrementAndGet());
            for (int epoch = 1; epoch <= 3; epoch++) {
                for (int at = 0; at < 40; at++) {
                    client.write(at, at << 20, new byte[1 << 20]);
                    assertEquals(0, client.answer().error());
                    assertEquals(at < 31 ? epoch - 1 : epoch, told.get(), "after " + (at + 1) + " MiB");
                }
                epoch(owner, standby);
            }
        }
    }

    @Test
    void theStandbysImageIsTheOwnersAfterACopyUnderWritesADroppedEpochAndManyWhole() throws Exception {
        try (VmVolumes owner = open("a");
                VmVolumes standby = open("b");
                NbdClient client = client("a")) {
            copy(owner, standby, client);
            for (int i = 0; i < 30; i++) {
                write(client, 10);
                if (i % 3 == 0) {
                    owner.cut();
                    write(client, 10);
                    owner.giveBack();
                }
                epoch(owner, standby);
            }
            assertEquals(new EpochId(1, number), standby.kept());
            standby.activate();
            requireEqualImages();
            try (NbdClient there = client("b")) {
                write(there, 1);
            }
        }
    }

    @Test
    void aStandbyThatStartsAnewKnowsItsEpochAndIsNotServedUntilTheVmIsStartedThere() throws Exception {
        try (VmVolumes owner = open("a")) {
            try (VmVolumes standby = open("b");
                    NbdClient client = client("a")) {
                copy(owner, standby, client);
                write(client, 5);
                epoch(owner, standby);
            }
            try (VmVolumes again = open("b")) {
                assertEquals(new EpochId(1, number), again.kept());
                assertFalse(Files.exists(directory.resolve("b").resolve("d.nbd")));
                assertTrue(again.refusal().isPresent());
                again.activate();
                assertTrue(again.refusal().isEmpty());
            }
            requireEqualImages();
        }
    }

    @Test
    void aCopyThatWasBrokenOffIsNoImageAndIsNeverServed() throws Exception {
        try (VmVolumes owner = open("a")) {
            try (VmVolumes standby = open("b")) {
                owner.beginCapture();
                assertFalse(epoch(owner, standby).isWhole());
                assertThrows(IOException.class, standby::activate);
            }
            try (VmVolumes again = open("b")) {
                assertEquals(EpochId.NONE, again.kept());
                assertThrows(IOException.class, again::activate);
                assertFalse(Files.exists(directory.resolve("b").resolve("d.nbd")));
                assertThrows(IOException.class, () -> epoch(owner, again), "a delta upon nothing");
            }
        }
    }

    @Test
    void anImageThatFlushesDidNotWaitForIsServedInTheSameBootOnlyUntilItWasSynced() throws Exception {
        try (VmVolumes owner = open("a")) {
            owner.flushAtOnce();
        }
        // An orderly end has synced it.
        try (VmVolumes owner = open("a")) {
            assertTrue(owner.refusal().isEmpty());
        }
        Path superblock = directory.resolve("a/state/vm1.d.super");
        try (SuperblockFile file = SuperblockFile.open(superblock)) {
            file.write(file.current().orElseThrow().next(Superblock.State.DIRTY, new UUID(1, 1)));
        }
        try (VmVolumes afterPowerLoss = open("a")) {
            assertTrue(afterPowerLoss.refusal().orElse("").contains("flushes did not wait"));
            assertFalse(Files.exists(directory.resolve("a").resolve("d.nbd")));
        }
    }

    @Test
    void disksOfAnotherNameOrSizeAreRefusedByNameAndTheImageStaysAsItWas() throws Exception {
        try (VmVolumes owner = open("a");
                VmVolumes other = VmVolumes.open(VM, settings("b", "e"))) {
            owner.beginCapture();
            IOException refused = assertThrows(IOException.class, () -> epoch(owner, other));
            assertTrue(refused.getMessage().contains("disk d of " + BYTES), refused.getMessage());
            assertEquals(EpochId.NONE, other.kept());
        }
        assertEquals(9, Files.readAllBytes(image("b"))[8 << 20]);
    }

    @Test
    void onlyOneProcessHasThem() throws Exception {
        try (VmVolumes one = open("a")) {
            IOException refused =
                    assertThrows(IOException.class, () -> open("a").close());
            assertTrue(refused.getMessage().contains("another process"), refused.getMessage());
            assertTrue(one.refusal().isEmpty());
        }
    }

    @Test
    void startedColdTheImageIsAnOwnersAndOnlyIfItIsOneWholeEpoch() throws Exception {
        try (VmVolumes owner = open("a")) {
            try (VmVolumes standby = open("b");
                    NbdClient client = client("a")) {
                owner.beginCapture();
                epoch(owner, standby);
                write(client, 3);
            }
            IOException partial =
                    assertThrows(IOException.class, () -> ColdDisks.take(VM, settings("b", "d"), "tried"));
            assertTrue(partial.getMessage().contains("no whole epoch"), partial.getMessage());
            number = 0;
            try (VmVolumes standby = open("b");
                    NbdClient client = client("a")) {
                copy(owner, standby, client);
                write(client, 3);
                epoch(owner, standby);
            }
        }
        assertEquals(new EpochId(1, number), ColdDisks.take(VM, settings("b", "d"), "site a has burnt down"));
        requireEqualImages();
        try (VmVolumes cold = open("b");
                NbdClient client = client("b")) {
            assertTrue(cold.refusal().isEmpty());
            write(client, 1);
        }
        assertTrue(Files.readString(directory.resolve("b/state/vm1.cold")).contains("site a has burnt down"));
    }
}
