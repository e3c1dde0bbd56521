package org.secondsite.net.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrivateFilesTest {
    @TempDir
    private Path directory;

    @Test
    void directoriesAndFilesAreMadeForTheirOwnerAlone() throws IOException {
        Path made = directory.resolve("a/b");
        PrivateFiles.directory(made);
        FileChannel.open(
                        made.resolve("f"),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PrivateFiles.asFile())
                .close();
        assertEquals("rwx------", mode(made));
        assertEquals("rwx------", mode(made.getParent()));
        assertEquals("rw-------", mode(made.resolve("f")));
    }

    @Test
    void whatIsOpenToOthersIsClosedWithAllThatIsInIt() throws IOException {
        Path inner = Files.createDirectories(directory.resolve("state/inner"));
        Path file = Files.writeString(inner.resolve("vm1.journal"), "RAM");
        open("rwxr-xr-x", inner.getParent());
        open("rw-rw-r--", file);
        PrivateFiles.directory(inner.getParent());
        assertEquals("rwx------", mode(inner.getParent()));
        assertEquals("rw-------", mode(file));
        assertEquals("RAM", Files.readString(file));
    }

    @Test
    void aFileKeepsWhatItsOwnerMayDo() throws IOException {
        Path file = Files.createFile(directory.resolve("read-only"));
        open("r--r--r--", file);
        PrivateFiles.close(file);
        assertEquals("r--------", mode(file));
    }

    @Test
    void aDirectoryOfTheWholeMachineIsRefusedAndStaysAsItIs() throws IOException {
        String before = mode(Path.of("/tmp"));
        IOException refused = assertThrows(IOException.class, () -> PrivateFiles.directory(Path.of("/tmp")));
        assertTrue(refused.getMessage().contains("name a directory of its own"), refused.getMessage());
        assertEquals(before, mode(Path.of("/tmp")));
    }

    @Test
    void aSocketOfAnEarlierLifeIsReplacedAndIsItsOwnersAlone() throws IOException {
        Path socket = directory.resolve("s");
        PrivateFiles.listen(socket).close();
        assertTrue(Files.exists(socket), "it is left");
        try (ServerSocketChannel second = PrivateFiles.listen(socket)) {
            assertTrue(second.isOpen());
            assertEquals("rw-------", mode(socket));
        }
    }

    /** As of a disk's image whose path an operator has given for its socket. */
    @Test
    void nothingElseGivesWayToASocket() throws IOException {
        Path file = Files.writeString(directory.resolve("image"), "somebody's");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        for (Path there : List.of(file, link, Files.createDirectory(directory.resolve("d")))) {
            IOException refused = assertThrows(IOException.class, () -> PrivateFiles.listen(there));
            assertEquals(there + " is to be a socket, and something else is there, which stays", refused.getMessage());
        }
        assertEquals("somebody's", Files.readString(link));
    }

    private static void open(String mode, Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
