package org.secondsite.witness.io.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GrantsLostException;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;

class FileRecordStoreTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final Request ENROLL = new Request.Enroll(new GroupSettings(WEB, A, B, A));

    @TempDir
    private Path directory;

    private static Answer make(FileRecordStore store, Request request) throws Exception {
        return store.submit(request).get(10, TimeUnit.SECONDS);
    }

    /** Protect, go solo, protect, ... each under the term before. */
    private static Request next(OwnershipRecord current) {
        Set<SiteId> inSync = current.solo() ? Set.of(A, B) : Set.of(A);
        return new Request.Change(WEB, current.term(), A, A, inSync, "change after term " + current.term());
    }

    private static OwnershipRecord change(FileRecordStore store, int times) throws Exception {
        OwnershipRecord current = make(store, ENROLL).current();
        for (int i = 0; i < times; i++) {
            current = assertInstanceOf(Answer.Granted.class, make(store, next(current)))
                    .record();
        }
        return current;
    }

    @Test
    void restartRemembers() throws Exception {
        FileRecordStore.initialize(directory);
        OwnershipRecord last;
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            last = change(store, 5);
        }
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            assertEquals(List.of(last), store.records());
            assertEquals(last.term() + 1, make(store, next(last)).current().term());
        }
    }

    @Test
    void watchersHearEachGrantInOrder() throws Exception {
        FileRecordStore.initialize(directory);
        List<Long> heard = new ArrayList<>();
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            store.watch(entry -> heard.add(entry.record().term()));
            change(store, 3);
        }
        assertEquals(List.of(1L, 2L, 3L, 4L), heard);
    }

    @Test
    void secondWitnessIsLockedOut() throws Exception {
        FileRecordStore.initialize(directory);
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            IOException refused = assertThrows(IOException.class, () -> FileRecordStore.open(directory));
            assertEquals("another witness uses " + directory, refused.getMessage());
            assertEquals(0, store.records().size());
        }
        FileRecordStore.open(directory).close();
    }

    @Test
    void logCutAtEveryOctetOpensAsAPrefix() throws Exception {
        FileRecordStore.initialize(directory);
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            change(store, 4);
        }
        byte[] whole = Files.readAllBytes(directory.resolve(FileRecordStore.FILE));
        long lastTerm = 0;
        for (int length = 8; length <= whole.length; length++) {
            Path cut = Files.createDirectory(directory.resolve("cut" + length));
            Files.write(cut.resolve(FileRecordStore.FILE), java.util.Arrays.copyOf(whole, length));
            try (FileRecordStore store = FileRecordStore.open(cut)) {
                long term = store.records().stream()
                        .mapToLong(OwnershipRecord::term)
                        .max()
                        .orElse(0);
                assertTrue(term == lastTerm || term == lastTerm + 1, "cut at " + length + " has term " + term);
                lastTerm = term;
                assertEquals(term + 1, change(store, term == 0 ? 0 : 1).term());
            }
        }
        assertEquals(5, lastTerm);
    }

    @Test
    void damagedMiddleIsRefused() throws Exception {
        FileRecordStore.initialize(directory);
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            change(store, 4);
        }
        Path log = directory.resolve(FileRecordStore.FILE);
        byte[] octets = Files.readAllBytes(log);
        octets[octets.length / 2] ^= 1;
        Files.write(log, octets);
        String reason = assertThrows(IOException.class, () -> FileRecordStore.open(directory))
                .getMessage();
        assertTrue(reason.contains("is damaged at octet"), reason);
        octets[octets.length / 2] ^= 1;
        Files.write(log, octets);
        FileRecordStore.open(directory).close();
    }

    @Test
    void noTermTwiceAnEmptyDirectoryIsRefusedUnlessItIsToBeBegun() throws Exception {
        String reason = assertThrows(IOException.class, () -> FileRecordStore.open(directory))
                .getMessage();
        assertTrue(reason.contains("--initialize") && reason.contains("restore"), reason);
        FileRecordStore.initialize(directory);
        FileRecordStore.open(directory).close();
        String again = assertThrows(IOException.class, () -> FileRecordStore.initialize(directory))
                .getMessage();
        assertTrue(again.contains("records"), again);
    }

    @Test
    void noTermTwiceAStoreRestoredFromAnyOfFiftyCopiesGrantsAboveWhatWasLostOrNothing() throws Exception {
        FileRecordStore.initialize(directory);
        GroupSettings settings = new GroupSettings(WEB, A, B, A);
        Set<Long> granted = new HashSet<>();
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            OwnershipRecord current = make(store, ENROLL).current();
            granted.add(current.term());
            for (int i = 0; i < 50; i++) {
                FileRecordStore.backup(directory, directory.resolve("copy" + i));
                current = make(store, next(current)).current();
                granted.add(current.term());
            }
        }
        for (int i = 0; i < 50; i++) {
            Path other = directory.resolve("other" + i);
            long term = FileRecordStore.restore(directory.resolve("copy" + i), other);
            assertEquals(i + 1, term);
            try (FileRecordStore store = FileRecordStore.open(other)) {
                store.enroll(List.of(settings, new GroupSettings(new GroupId("newer"), A, B, A)))
                        .get(10, TimeUnit.SECONDS);
                assertEquals(1, store.records().size(), "not even a first record");
                OwnershipRecord copied = store.records().getFirst();
                ExecutionException doubted = assertThrows(ExecutionException.class, () -> make(store, next(copied)));
                assertInstanceOf(GrantsLostException.class, doubted.getCause());
                assertInstanceOf(
                        Answer.Refused.class, make(store, new Request.Force(WEB, copied.term(), A, B, "lost")));
            }
            OwnershipRecord anew;
            try (FileRecordStore store = FileRecordStore.open(other)) {
                Answer recovered = make(store, new Request.Recover(settings, 0, 0, A, B, "b runs it"));
                anew = assertInstanceOf(Answer.Granted.class, recovered).record();
                assertTrue(granted.stream().allMatch(before -> before < anew.term()), anew.toString());
            }
            try (FileRecordStore store = FileRecordStore.open(other)) {
                Request change = new Request.Change(WEB, anew.term(), B, B, Set.of(A, B), "as ever");
                assertEquals(anew.term() + 1, make(store, change).current().term());
            }
        }
    }

    @Test
    void aCopyIsNotPutOverRecords() throws Exception {
        FileRecordStore.initialize(directory);
        FileRecordStore.backup(directory, directory.resolve("copy"));
        assertThrows(IOException.class, () -> FileRecordStore.restore(directory.resolve("copy"), directory));
        FileRecordStore.open(directory).close();
    }

    @Test
    void fileThatIsNoLogIsRefused() throws Exception {
        Files.writeString(directory.resolve(FileRecordStore.FILE), "");
        assertThrows(IOException.class, () -> FileRecordStore.open(directory));
        Files.writeString(directory.resolve(FileRecordStore.FILE), "this is something else altogether");
        assertThrows(IOException.class, () -> FileRecordStore.open(directory));
    }

    @Test
    void logIsCompactedAndForgetsNothing() throws Exception {
        OwnershipRecord last;
        CrashDisk disk = new CrashDisk(new Random(1));
        FileRecordStore.initialize(disk);
        try (FileRecordStore store = FileRecordStore.open(disk, 1000)) {
            last = change(store, 200);
            assertTrue(disk.read(FileRecordStore.FILE, 0).length < 1200);
        }
        try (FileRecordStore store = FileRecordStore.open(disk, 1000)) {
            assertEquals(List.of(last), store.records());
            assertEquals(201, last.term());
        }
    }

    @Test
    void requestSentAgainAfterARestartIsAnsweredAndNotDecidedAgain() throws Exception {
        FileRecordStore.initialize(directory);
        RequestId id = new RequestId(7, 1);
        Answer first;
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            OwnershipRecord current = change(store, 0);
            first = store.submit(next(current), id).get(10, TimeUnit.SECONDS);
            assertInstanceOf(Answer.Granted.class, first);
            assertTrue(store.fsyncs().count() > 0);
        }
        try (FileRecordStore store = FileRecordStore.open(directory)) {
            Request again = new Request.Change(WEB, 1, A, A, Set.of(A, B), "change after term 1");
            assertEquals(first, store.submit(again, id).get(10, TimeUnit.SECONDS));
            assertInstanceOf(
                    Answer.Refused.class,
                    store.submit(again, new RequestId(7, 2)).get(10, TimeUnit.SECONDS));
            assertEquals(2, store.records().getFirst().term());
        }
    }

    @Test
    void failedForceEndsTheStore() throws Exception {
        CrashDisk disk = new CrashDisk(new Random(1));
        FileRecordStore.initialize(disk);
        try (FileRecordStore store = FileRecordStore.open(disk, 1000)) {
            OwnershipRecord current = change(store, 1);
            disk.cutAt(2);
            assertThrows(ExecutionException.class, () -> make(store, next(current)));
            assertTrue(store.failed().isCompletedExceptionally());
            disk.cutAt(0);
            ExecutionException later = assertThrows(ExecutionException.class, () -> make(store, next(current)));
            assertEquals("the store has failed earlier", later.getCause().getMessage());
        }
    }

    /** The power is cut at every operation in turn, many times over: whatever was answered is remembered. */
    @Test
    void noAnsweredGrantIsEverLost() throws Exception {
        for (long seed = 1; seed <= 300; seed++) {
            Random random = new Random(seed);
            CrashDisk disk = new CrashDisk(random);
            OwnershipRecord answered = null;
            Set<Long> grantedTerms = new HashSet<>();
            for (int life = 0; life < 12; life++) {
                disk.cutAt(1 + random.nextInt(25));
                answered = live(disk, random, answered, grantedTerms, "seed " + seed + " life " + life);
                disk.powerOn();
            }
        }
    }

    /** Whether the power lasted until there was an empty log. */
    private static boolean begin(CrashDisk disk) {
        try {
            FileRecordStore.initialize(disk);
            return true;
        } catch (IOException e) {
            assertTrue(disk.isOff(), e.toString());
            return false;
        }
    }

    private static OwnershipRecord live(
            CrashDisk disk, Random random, OwnershipRecord before, Set<Long> grantedTerms, String where)
            throws Exception {
        OwnershipRecord answered = before;
        if (!disk.exists(FileRecordStore.FILE)) {
            if (!begin(disk)) {
                return answered;
            }
        }
        try (FileRecordStore store = FileRecordStore.open(disk, 600)) {
            for (OwnershipRecord record : store.records()) {
                assertTrue(
                        before == null || record.term() >= before.term(), where + ": " + before + " became " + record);
                answered = record;
            }
            assertTrue(before == null || !store.records().isEmpty(), where + ": " + before + " is forgotten");
            while (true) {
                Request request = answered == null || random.nextInt(8) == 0 ? ENROLL : next(answered);
                if (make(store, request) instanceof Answer.Granted(OwnershipRecord record)) {
                    assertTrue(grantedTerms.add(record.term()), where + ": term " + record.term() + " granted twice");
                    answered = record;
                }
            }
        } catch (IOException | ExecutionException e) {
            assertTrue(disk.isOff(), where + ": " + e);
            return answered;
        }
    }
}
