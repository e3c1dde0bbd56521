package org.secondsite.lab.io;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What a disk would lack of which blocks were lost on the way, for tests of those who judge it. */
final class ThrownAway {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 2;

    private ThrownAway() {}

    /**
     * Zeros the first blocks of files.
     *
     * @param image raw, with an ext4 file system; what stands in its journal is put in place first, if nobody has it mounted
     * @throws IOException if one of the files is not there, or has less
     */
    static void blocks(Path image, List<String> files) throws IOException {
        Commands.runToAnyEnd("e2fsck", "-fp", image.toString());
        blocksOfMounted(image, files);
    }

    /** The same while a guest has it mounted, and has written none of these files. */
    static void blocksOfMounted(Path image, List<String> files) throws IOException {
        Path questions = Files.createTempFile(image.toAbsolutePath().getParent(), "thrown", ".debugfs");
        try {
            Files.writeString(
                    questions,
                    files.stream()
                            .map(file -> "bmap " + file + " 0\nbmap " + file + " 1\n")
                            .collect(Collectors.joining()));
            List<Long> blocks = Commands.run("debugfs", "-f", questions.toString(), image.toString())
                    .lines()
                    .filter(line -> line.matches("[1-9][0-9]*"))
                    .map(Long::valueOf)
                    .toList();
            if (blocks.size() != BLOCKS * files.size()) {
                throw new IOException("of " + files + " there are blocks " + blocks);
            }
            try (RandomAccessFile disk = new RandomAccessFile(image.toFile(), "rw")) {
                for (long block : blocks) {
                    disk.seek(block * BLOCK_BYTES);
                    disk.write(new byte[BLOCK_BYTES]);
                }
            }
        } finally {
            Files.delete(questions);
        }
    }
}
