package org.secondsite.gateway.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Recollection;
import org.secondsite.gateway.group.SiteEvent;

class MemberFileTest {
    private static final Recollection.Known SOME = new Recollection.Known(Map.of(
            new GroupId("web"),
            new Recollection.OfGroup(
                    (5L << 32) + 17,
                    Map.of(
                            new VmId("db-1"), Recollection.Copy.OLDER,
                            new VmId("db-2"), Recollection.Copy.ONLY,
                            new VmId("db-3"), Recollection.Copy.DOUBTFUL),
                    Set.of(new VmId("db-4"), new VmId("db-5"))),
            new GroupId("shop"),
            new Recollection.OfGroup(0, Map.of())));

    @TempDir
    private Path directory;

    private final BlockingQueue<SiteEvent> told = new LinkedBlockingQueue<>();

    private Path file() {
        return directory.resolve("gateway.term.members");
    }

    private SiteEvent next() throws InterruptedException {
        return told.poll(30, TimeUnit.SECONDS);
    }

    private void write(Recollection.Known what) throws InterruptedException {
        try (MemberFile file = MemberFile.open(file(), told::add)) {
            file.keep(1, what);
            assertEquals(new SiteEvent.Written(1), next());
        }
    }

    @Test
    void whatWasKeptIsThereAfterARestart() throws Exception {
        write(SOME);
        assertEquals(SOME, MemberFile.read(file()));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
        write(new Recollection.Known(Map.of()));
        assertEquals(new Recollection.Known(Map.of()), MemberFile.read(file()));
    }

    @Test
    void aFileThatIsNotThereIsLostAndNoObstacle() {
        Recollection.Lost lost = assertInstanceOf(Recollection.Lost.class, MemberFile.read(file()));
        assertTrue(lost.reason().contains("gateway.term.members is not there"), lost.reason());
    }

    @Test
    void whatIsCutOffOrChangedAnywhereIsLostAndPutAside() throws Exception {
        write(SOME);
        byte[] whole = Files.readAllBytes(file());
        for (int length = 0; length < whole.length; length++) {
            isLost(Arrays.copyOf(whole, length));
        }
        for (int at = 0; at < whole.length; at++) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            isLost(changed);
            changed[at] ^= (byte) 0x81; // no ASCII
            isLost(changed);
        }
    }

    private void isLost(byte[] content) throws IOException {
        Files.write(file(), content);
        Recollection.Lost lost = assertInstanceOf(Recollection.Lost.class, MemberFile.read(file()));
        assertTrue(lost.reason().contains("damaged"), lost.reason());
        assertTrue(Files.notExists(file()));
        assertEquals(content.length, Files.size(directory.resolve("gateway.term.members.damaged")));
    }

    @Test
    void aPlaceThatIsNoFileIsLost() throws IOException {
        Files.createDirectory(file());
        assertInstanceOf(Recollection.Lost.class, MemberFile.read(file()));
    }

    /** The place is taken by what cannot be replaced; then it is free. */
    @Test
    void whatTheDiskDoesNotTakeIsSaidAndWrittenLater() throws Exception {
        Path obstacle = Files.createDirectories(file().resolve("obstacle"));
        try (MemberFile file = MemberFile.open(file(), told::add)) {
            file.keep(1, SOME);
            assertInstanceOf(SiteEvent.Unwritten.class, next());
            Files.delete(obstacle);
            Files.delete(file());
            assertEquals(new SiteEvent.Written(1), next());
        }
        assertEquals(SOME, MemberFile.read(file()));
    }
}
