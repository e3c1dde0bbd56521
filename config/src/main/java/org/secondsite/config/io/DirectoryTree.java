package org.secondsite.config.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A directory with all in it. */
public final class DirectoryTree {
    private DirectoryTree() {}

    /**
     * Removes it; nothing happens if it is not there. Links are removed, not followed.
     *
     * @throws IOException if a part of it cannot be removed; what comes after it stays
     */
    public static void delete(Path directory) throws IOException {
        List<Path> all;
        try (Stream<Path> found = Files.walk(directory)) {
            all = found.sorted(Comparator.reverseOrder()).toList();
        } catch (NoSuchFileException gone) {
            return;
        }
        for (Path path : all) {
            Files.deleteIfExists(path);
        }
    }
}
