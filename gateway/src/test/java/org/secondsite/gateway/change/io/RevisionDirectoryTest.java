package org.secondsite.gateway.change.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.gateway.change.Revision;
import org.secondsite.gateway.change.Revisions;

class RevisionDirectoryTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = directory.resolve("gateway.yaml");
        Files.writeString(file, "one");
    }

    private RevisionDirectory begun() throws IOException {
        RevisionDirectory revisions = RevisionDirectory.open(file);
        revisions.takeBack();
        revisions.begin();
        return revisions;
    }

    private static Revision revision(int number, String text) {
        return new Revision(number, NOW, "user root", "a test", List.of("~ a: 1 -> 2"), text);
    }

    private static Optional<Revisions.Unconfirmed> unconfirmed(int number, int backTo) {
        return Optional.of(new Revisions.Unconfirmed(number, backTo, NOW.plusSeconds(3)));
    }

    private List<String> texts(RevisionDirectory revisions) {
        return revisions.all().stream().map(Revision::text).toList();
    }

    @Test
    void aGatewayThatNeverChangesLeavesNothingBehind() throws IOException {
        assertEquals(List.of("one"), texts(begun()));
        assertFalse(Files.exists(directory.resolve("gateway.yaml.history")));
    }

    @Test
    void whatIsKeptIsTheFileAndOutlivesTheProcess() throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        begun().keep(revision(2, "two"), Optional.empty());
        assertEquals("two", Files.readString(file));
        assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        RevisionDirectory again = begun();
        assertEquals(List.of("one", "two"), texts(again));
        assertEquals(revision(2, "two"), again.all().getLast());
        Path history = directory.resolve("gateway.yaml.history");
        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(history)),
                "it has keys in it");
    }

    @Test
    void aFileThatSomebodyElseChangedIsARevision() throws IOException {
        begun().keep(revision(2, "two"), Optional.empty());
        Files.writeString(file, "three");
        RevisionDirectory again = begun();
        again.keep(revision(4, "four"), Optional.empty());
        assertEquals(List.of("one", "two", "three", "four"), texts(begun()));
    }

    @Test
    void whatWasNotConfirmedIsTakenBackAtTheNextStart() throws IOException {
        RevisionDirectory revisions = begun();
        revisions.keep(revision(2, "two"), unconfirmed(2, 1));
        revisions.keep(revision(3, "three"), unconfirmed(3, 1));
        RevisionDirectory again = RevisionDirectory.open(file);
        assertEquals(Optional.of(3), again.takeBack());
        assertEquals("one", Files.readString(file));
        again.begin();
        assertEquals(Optional.empty(), again.unconfirmed());
        assertEquals(Optional.empty(), RevisionDirectory.open(file).takeBack(), "once");
    }

    @Test
    void whatWasConfirmedStays() throws IOException {
        RevisionDirectory revisions = begun();
        revisions.keep(revision(2, "two"), unconfirmed(2, 1));
        revisions.confirm();
        assertEquals(Optional.empty(), RevisionDirectory.open(file).takeBack());
        revisions.keep(revision(3, "three"), unconfirmed(3, 2));
        revisions.keep(revision(4, "four"), Optional.empty());
        assertEquals(Optional.empty(), RevisionDirectory.open(file).takeBack());
        assertEquals("four", Files.readString(file));
    }

    /** The writes in their order are: what waits, the revision, the file. A kill after each of the first two. */
    @Test
    void aKillBetweenTheWritesLeavesTheOldFile() throws IOException {
        RevisionDirectory revisions = begun();
        revisions.keep(revision(2, "two"), Optional.empty());
        Path history = directory.resolve("gateway.yaml.history");
        Files.writeString(history.resolve("unconfirmed.json"), """
                {"number": 3, "backTo": 2, "confirmBy": "2026-01-01T00:00:03Z"}""");
        RevisionDirectory.open(file).takeBack();
        assertEquals("two", Files.readString(file));
        Files.writeString(history.resolve("unconfirmed.json"), """
                {"number": 4, "backTo": 2, "confirmBy": "2026-01-01T00:00:03Z"}""");
        Files.copy(history.resolve("000002.json"), history.resolve("000004.json"), StandardCopyOption.REPLACE_EXISTING);
        assertEquals(Optional.of(4), RevisionDirectory.open(file).takeBack());
        assertEquals("two", Files.readString(file));
    }

    @Test
    void aDamagedPastKeepsNoGatewayFromStarting() throws IOException {
        RevisionDirectory revisions = begun();
        revisions.keep(revision(2, "two"), Optional.empty());
        revisions.keep(revision(3, "three"), unconfirmed(3, 2));
        Path history = directory.resolve("gateway.yaml.history");
        byte[] whole = Files.readAllBytes(history.resolve("000002.json"));
        for (int length = 0; length < whole.length; length++) {
            Files.write(history.resolve("000002.json"), Arrays.copyOf(whole, length));
            assertEquals(List.of("one", "three"), texts(RevisionDirectory.open(file)), "cut at " + length);
        }
        assertEquals(Optional.empty(), RevisionDirectory.open(file).takeBack(), "there is nothing to go back to");
        assertEquals("three", Files.readString(file));
        Files.writeString(history.resolve("unconfirmed.json"), "{\"number\": 3");
        begun().keep(revision(4, "four"), Optional.empty());
        assertEquals(List.of("one", "three", "four"), texts(begun()));
    }

    @Test
    void whatCannotBeKeptLeavesEverythingAsItWas() throws IOException {
        RevisionDirectory revisions = begun();
        revisions.keep(revision(2, "two"), Optional.empty());
        // Nothing can be written in its place, whoever runs the test.
        Files.createDirectories(directory.resolve("gateway.yaml.next/in the way"));
        assertThrows(IOException.class, () -> revisions.keep(revision(3, "three"), unconfirmed(3, 2)));
        assertEquals("two", Files.readString(file));
        assertEquals(List.of("one", "two"), texts(begun()));
        assertEquals(Optional.empty(), RevisionDirectory.open(file).takeBack());
    }

    @Test
    void theOldestGoFirstButNotTheOneToGoBackTo() throws IOException {
        RevisionDirectory revisions = begun();
        for (int number = 2; number <= RevisionDirectory.MAX_KEPT + 5; number++) {
            revisions.keep(revision(number, "text " + number), Optional.empty());
        }
        assertEquals(RevisionDirectory.MAX_KEPT, revisions.all().size());
        int last = revisions.all().getLast().number();
        for (int number = last + 1; number <= last + RevisionDirectory.MAX_KEPT + 5; number++) {
            revisions.keep(revision(number, "text " + number), unconfirmed(number, last));
        }
        RevisionDirectory again = RevisionDirectory.open(file);
        again.takeBack();
        assertEquals("text " + last, Files.readString(file));
        assertTrue(again.all().size() > RevisionDirectory.MAX_KEPT);
    }
}
