package org.secondsite.lab.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.Site;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.BlockSet;
import org.secondsite.replicator.disk.io.BlockFile;
import org.secondsite.replicator.disk.io.NbdServer;
import org.secondsite.replicator.disk.io.Volume;

/**
 * A real guest on a disk that the product serves; judged by what its client was told and by the disk itself. {@code
 * -Dsecondsite.away.seconds=N} for a server that is dead, and then stopped, for so long.
 */
@Tag("lab")
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RecordGuestTest {
    private static final int AWAY_SECONDS = Integer.getInteger("secondsite.away.seconds", 3);

    private final LabPaths paths = new LabPaths(TestNames.lab());
    private final Path image = paths.disk(Site.A);
    private final Path socket = paths.diskSocket(Site.A);

    @BeforeEach
    void copyImage() throws IOException {
        Files.createDirectories(paths.disks());
        Files.createDirectories(socket.getParent());
        copy(RecordGuest.files(Guest.DISK).disk().orElseThrow(), image);
    }

    @AfterEach
    void remove() throws IOException {
        Lab.down(paths.name());
    }

    private static Path copy(Path from, Path to) throws IOException {
        Commands.run("cp", "--sparse=always", from.toString(), to.toString());
        return to;
    }

    @Test
    void aGuestOnlyWaitsWhileItsDiskServerIsDeadOrHangsAndEveryToldRecordIsThereAfterItsOwnDeath() throws IOException {
        DiskServerProcess server = DiskServerProcess.start(image, socket);
        long told;
        try (RecordGuest guest = RecordGuest.boot(Guest.DISK, paths, Site.A)) {
            assertEquals(0, guest.foundAtBoot());
            guest.awaitRecords(20, 30);
            for (int awayMs : new int[] {0, AWAY_SECONDS > 3 ? AWAY_SECONDS * 1_000 : 500}) {
                server.close();
                Waiting.pause(awayMs);
                server = DiskServerProcess.start(image, socket);
                guest.awaitRecords(20, 60);
            }
            server.signal("STOP");
            Waiting.pause(AWAY_SECONDS * 1_000);
            server.signal("CONT");
            guest.awaitRecords(20, 60);
            try (GuestMonitor monitor = guest.monitor()) {
                assertTrue(monitor.runs());
            }
            assertEquals(List.of(), guest.troubles());
            told = guest.told();
        } finally {
            server.close();
        }
        DiskJudge.Finding found = DiskJudge.judge(image, told);
        assertEquals(List.of(), found.complaints());
        goesOnCold(image, found.records());
    }

    /** Boots another guest on a disk, without anything of the first one's memory. */
    private void goesOnCold(Path disk, long records) throws IOException {
        Path cold = paths.diskSocket(Site.B);
        Files.createDirectories(cold.getParent());
        try (DiskServerProcess server = DiskServerProcess.start(disk, cold);
                RecordGuest guest = RecordGuest.boot(Guest.DISK, paths, Site.B)) {
            assertEquals(records, guest.foundAtBoot());
            guest.awaitRecords(5, 30);
            assertTrue(guest.told() > records);
            assertTrue(server.isAlive());
            assertEquals(List.of(), guest.troubles());
        }
    }

    @Test
    void epochsAppliedToACopyHoldEveryRecordToldBeforeTheCutAndWithSomeThrownAwayTheJudgeComplains()
            throws IOException {
        Path standby = copy(image, paths.disks().resolve("standby.raw"));
        Path holed = copy(image, paths.disks().resolve("holed.raw"));
        LinkedBlockingQueue<String> failures = new LinkedBlockingQueue<>();
        long told = 0;
        int thrownAway = 0;
        try (BlockMemory memory = new BlockMemory(256 << 20);
                Volume volume = new Volume("vm1.disk0", BlockFile.open(image), false, memory)) {
            volume.beginCapture();
            volume.flushAtOnce();
            try (NbdServer server = NbdServer.open(socket, volume, failures::add);
                    RecordGuest guest = RecordGuest.boot(Guest.DISK, paths, Site.A)) {
                guest.load("pour 64 20000");
                for (int epoch = 0; epoch < 30; epoch++) {
                    guest.awaitRecords(10, 30);
                    told = guest.told();
                    try (BlockSet cut = volume.cut()) {
                        apply(cut, standby);
                        if (epoch >= 10 && epoch < 15) {
                            thrownAway++;
                        } else {
                            apply(cut, holed);
                        }
                    }
                }
                assertEquals(0, server.refused());
                // How the guest ends is no matter: it may have an answer unread.
                assertTrue(failures.isEmpty(), failures::toString);
            }
        }
        assertTrue(told >= 300, "told of " + told);
        assertEquals(5, thrownAway);
        assertEquals(List.of(), DiskJudge.judge(standby, told).complaints());
        List<String> complaints = DiskJudge.judge(holed, told).complaints();
        assertFalse(complaints.isEmpty(), "blocks were thrown away and the judge did not see it");
        System.out.println("thrown away: " + complaints);
    }

    private static void apply(BlockSet cut, Path to) throws IOException {
        try (PageSet pages = cut.pages();
                RandomAccessFile file = new RandomAccessFile(to.toFile(), "rw")) {
            for (BlockRange range : cut.zeroRanges()) {
                file.seek(range.first() * (long) BlockSet.BLOCK_BYTES);
                for (int block = 0; block < range.count(); block++) {
                    file.write(new byte[BlockSet.BLOCK_BYTES]);
                }
            }
            for (int i = 0; i < pages.count(); i++) {
                file.seek((long) pages.number(i) * BlockSet.BLOCK_BYTES);
                file.write(pages.content(i).toArray(JAVA_BYTE));
            }
        }
    }

    @Test
    void aGuestSeesNoErrorWhenTheDisksImageHasNoRoomAndGoesOnWhenItHas() throws IOException {
        Path small = Files.createDirectories(paths.disks().resolve("small"));
        Commands.run("mount", "-t", "tmpfs", "-o", "size=14m", "tmpfs", small.toString());
        try {
            Path cramped = copy(image, small.resolve("image.raw"));
            long told;
            try (DiskServerProcess server = DiskServerProcess.start(cramped, socket);
                    RecordGuest guest = RecordGuest.boot(Guest.DISK, paths, Site.A);
                    GuestMonitor monitor = guest.monitor()) {
                guest.awaitRecords(20, 30);
                guest.load("pour 256 0");
                Waiting.until("QEMU to halt the guest", 60, () -> !monitor.runs());
                assertEquals(
                        "io-error",
                        monitor.execute("query-status").path("status").asText());
                Commands.run("mount", "-o", "remount,size=256m", small.toString());
                Waiting.until("the guest to run on", 30, () -> {
                    monitor.execute("cont");
                    Waiting.pause(500);
                    return monitor.runs();
                });
                guest.awaitRecords(20, 60);
                assertEquals(List.of(), guest.troubles());
                assertTrue(server.isAlive());
                told = guest.told();
            }
            assertEquals(List.of(), DiskJudge.judge(cramped, told).complaints());
        } finally {
            Commands.run("umount", small.toString());
        }
    }

    @Test
    void pagesOfTheWebGuestComeFromItsDiskAndAreRightAlsoWhenItsServerDiesMeanwhile() throws IOException {
        copy(RecordGuest.files(Guest.WEB).disk().orElseThrow(), image);
        DiskServerProcess server = DiskServerProcess.start(image, socket);
        try (RecordGuest guest = RecordGuest.boot(Guest.WEB, paths, Site.A)) {
            WebLoad load = WebLoad.startHere(guest.web(), 4, 6);
            Waiting.until("pages", 60, () -> load.pages() >= 100);
            server.close();
            server = DiskServerProcess.start(image, socket);
            int before = load.pages();
            Waiting.until("more pages", 60, () -> load.pages() >= before + 100);
            WebLoad.Result result = load.end();
            assertEquals(List.of(), result.complaints());
            assertEquals(List.of(), guest.troubles());
            blocksThrownAwayAreSeen(guest);
        } finally {
            server.close();
        }
    }

    /** Of every page, so that some of them are not in the guest's memory. */
    private void blocksThrownAwayAreSeen(RecordGuest guest) throws IOException {
        ThrownAway.blocksOfMounted(
                image,
                IntStream.range(0, WebPages.NUMBER)
                        .mapToObj(page -> "/www/" + WebPages.name(page))
                        .toList());
        WebLoad load = WebLoad.startHere(guest.web(), 4, 7);
        Waiting.until("pages", 60, () -> load.pages() >= 100);
        WebLoad.Result result = load.end();
        assertFalse(result.complaints().isEmpty(), "blocks of pages were thrown away, and no client saw it");
    }
}
