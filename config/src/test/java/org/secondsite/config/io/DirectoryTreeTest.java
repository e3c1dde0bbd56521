package org.secondsite.config.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirectoryTreeTest {
    @Test
    void removesAllInItAndFollowsNoLink(@TempDir Path directory) throws IOException {
        Path kept = Files.createFile(
                Files.createDirectory(directory.resolve("kept")).resolve("file"));
        Path tree = directory.resolve("tree");
        Files.createFile(Files.createDirectories(tree.resolve("a/b")).resolve("file"));
        Files.createSymbolicLink(tree.resolve("a/link"), kept.getParent());
        DirectoryTree.delete(tree);
        assertFalse(Files.exists(tree));
        assertTrue(Files.exists(kept));
        DirectoryTree.delete(tree);
    }
}
