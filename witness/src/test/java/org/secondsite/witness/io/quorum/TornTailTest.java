package org.secondsite.witness.io.quorum;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.Request;
import org.secondsite.witness.StoreStanding;

/** Ratis's own segment files, as a power failure or a bad disk would leave them. */
@Timeout(180)
class TornTailTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final int GRANTS = 12;
    private static final int SECTOR_OCTETS = 512;

    @TempDir
    private Path directory;

    private QuorumRecordStore open(String name) throws Exception {
        TlsFiles tls = new TestAuthority(directory.resolve("pki")).issue("witness");
        QuorumSettings settings = new QuorumSettings(
                "w1",
                Map.of("w1", new InetSocketAddress(InetAddress.getLoopbackAddress(), 1)),
                directory.resolve(name),
                150);
        if (!Files.exists(directory.resolve(name))) {
            QuorumRecordStore.initialize(settings);
        }
        QuorumRecordStore store = QuorumRecordStore.open(settings, TlsIdentity.client(tls));
        while (store.standing().role() != StoreStanding.Role.LEADER) {
            Thread.sleep(5);
        }
        return store;
    }

    private static OwnershipRecord grant(QuorumRecordStore store, int times) throws Exception {
        OwnershipRecord current = store.submit(new Request.Enroll(new GroupSettings(WEB, A, B, A)))
                .get(10, TimeUnit.SECONDS)
                .current();
        for (int i = 0; i < times; i++) {
            Set<SiteId> inSync = current.solo() ? Set.of(A, B) : Set.of(A);
            current = store.submit(
                            new Request.Change(WEB, current.term(), A, A, inSync, "é".repeat(300) + " change " + i))
                    .get(10, TimeUnit.SECONDS)
                    .current();
        }
        return current;
    }

    /** The open segment of a store that is running: what a power failure would find. */
    private byte[] segmentOfARunningStore(String name) throws Exception {
        try (QuorumRecordStore store = open(name)) {
            assertEquals(GRANTS + 1, grant(store, GRANTS).term());
            return Files.readAllBytes(segment(name));
        }
    }

    private Path segment(String name) throws IOException {
        try (Stream<Path> files = Files.find(directory.resolve(name), 5, (file, attributes) -> file.getFileName()
                .toString()
                .startsWith("log_in"))) {
            return files.findFirst().orElseThrow();
        }
    }

    private static int end(byte[] file) {
        int end = file.length;
        while (file[end - 1] == 0) {
            end--;
        }
        return end;
    }

    @Test
    void wholeSegmentIsLeftAlone() throws Exception {
        byte[] whole = segmentOfARunningStore("whole");
        assertTrue(end(whole) < whole.length, "the segment is preallocated");
        assertEquals(-1, TornTail.tornAt(whole));
    }

    @Test
    void lastAppendWithoutOneOfItsSectorsIsCutOff() throws Exception {
        byte[] whole = segmentOfARunningStore("torn");
        int end = end(whole);
        int lastSector = (end - 1) / SECTOR_OCTETS * SECTOR_OCTETS;
        byte[] torn = whole.clone();
        Arrays.fill(torn, lastSector, end, (byte) 0);
        int at = TornTail.tornAt(torn);
        assertTrue(at > 0 && at < lastSector, at + " of " + lastSector);
        byte[] cut = Arrays.copyOf(torn, at);
        assertEquals(-1, TornTail.tornAt(cut), "what is left is whole");
    }

    @Test
    void flippedBitIsNoTornAppend() throws Exception {
        byte[] whole = segmentOfARunningStore("flipped");
        int end = end(whole);
        for (int at = 8; at < end; at += 37) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 1;
            assertEquals(-1, TornTail.tornAt(flipped), "at " + at);
        }
    }

    /** The node is stopped and its directory left as at a power failure in the last append: everything answered is there. */
    @Test
    void nodeStartsWithATornAppendAndWithoutTheDamageOfABadDisk() throws Exception {
        Path segment;
        byte[] running;
        try (QuorumRecordStore store = open("node")) {
            grant(store, GRANTS);
            segment = segment("node");
            running = Files.readAllBytes(segment);
        }
        int lastSector = (end(running) - 1) / SECTOR_OCTETS * SECTOR_OCTETS;
        byte[] torn = running.clone();
        Arrays.fill(torn, lastSector, end(running), (byte) 0);
        powerFailure(segment, torn);
        try (QuorumRecordStore store = open("node")) {
            long term = grant(store, 0).term();
            assertTrue(term == GRANTS || term == GRANTS + 1, "term " + term);
            segment = segment("node");
            grant(store, 3);
            running = Files.readAllBytes(segment);
        }
        byte[] damaged = running.clone();
        damaged[200] ^= 1;
        powerFailure(segment, damaged);
        Exception refused = assertThrows(Exception.class, () -> open("node").close());
        assertTrue(
                refused instanceof IOException
                        || refused instanceof ExecutionException
                        || refused instanceof RuntimeException,
                refused::toString);
    }

    /** Removes what a clean stop wrote: the closed segment and the snapshot. */
    private static void powerFailure(Path segment, byte[] content) throws IOException {
        Path current = segment.getParent();
        Path snapshots = current.resolveSibling("sm");
        for (Path each : List.of(current, snapshots)) {
            try (Stream<Path> files = Files.list(each)) {
                for (Path file : files.toList()) {
                    String name = file.getFileName().toString();
                    if (name.startsWith("log_") || name.startsWith("snapshot")) {
                        Files.delete(file);
                    }
                }
            }
        }
        Files.write(segment, content);
    }
}
