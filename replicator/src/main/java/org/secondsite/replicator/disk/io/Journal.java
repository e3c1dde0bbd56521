package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.JournalRecord;
import org.secondsite.replicator.disk.JournalScan;

/**
 * The standby's journal of a VM: files that follow one another, each allocated whole before anything is written to it, and deleted
 * when all that it says is in the images for certain. Its name has its number and its salt:
 * {@code NAME.journal-00000001-deadbeef}. Not thread-safe.
 */
final class Journal implements AutoCloseable {
    /** A file's usual size. A record that is larger gets a file of its own. */
    static final long PART_BYTES = 64L << 20;

    private static final SecureRandom SALTS = new SecureRandom();

    /** A file of the journal. */
    private static final class Part {
        private final Path path;
        private final int salt;
        private final Arena arena;
        private final MemorySegment bytes;
        private long end;
        private EpochId last = EpochId.NONE;

        Part(Path path, int salt, Arena arena, MemorySegment bytes) {
            this.path = path;
            this.salt = salt;
            this.arena = arena;
            this.bytes = bytes;
        }
    }

    private final Path directory;
    private final String name;
    private final long partBytes;
    private final ArrayDeque<Part> parts = new ArrayDeque<>();
    private long number;

    private Journal(Path directory, String name, long partBytes) {
        this.directory = directory;
        this.name = name;
        this.partBytes = partBytes;
    }

    /**
     * Opens what is there. Nothing may be appended until it was {@linkplain #scan looked through} and {@linkplain #clear cleared}.
     *
     * @throws IOException if the directory cannot be read
     */
    static Journal open(Path directory, String name, long partBytes) throws IOException {
        Journal journal = new Journal(directory, name, partBytes);
        Pattern pattern = Pattern.compile(Pattern.quote(name) + "\\.journal-(\\d{8})-([0-9a-f]{8})");
        List<Path> found;
        try (Stream<Path> files = Files.list(directory)) {
            found = files.filter(file ->
                            pattern.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
        for (Path path : found) {
            Matcher matcher = pattern.matcher(path.getFileName().toString());
            if (matcher.matches()) {
                journal.number = Long.parseLong(matcher.group(1));
                journal.parts.add(map(path, Integer.parseUnsignedInt(matcher.group(2), 16), Files.size(path)));
            }
        }
        return journal;
    }

    @SuppressWarnings("MustBeClosedChecker") // the part is closed when it is forgotten
    private static Part map(Path path, int salt, long bytes) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new Part(path, salt, arena, file.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena));
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /** Looks through everything. The records are valid until {@link #clear}. */
    JournalScan scan(EpochId applied) {
        JournalScan scan = new JournalScan(applied);
        for (Part part : parts) {
            scan.add(part.bytes, part.salt, part.path.getFileName().toString());
        }
        return scan;
    }

    /** Deletes everything. */
    void clear() throws IOException {
        forget(null);
    }

    /** The bytes of all files. */
    long bytes() {
        return parts.stream().mapToLong(part -> part.bytes.byteSize()).sum();
    }

    /**
     * Appends a record and waits until it is on stable storage.
     *
     * @return the record, valid until its part is {@linkplain #forget forgotten}
     * @throws IOException if there is no room, or the disk refuses; nothing counts as appended then
     */
    JournalRecord append(EpochId epoch, EpochId base, List<VolumeChanges> changes) throws IOException {
        long length = JournalRecord.lengthOf(changes);
        Part part = parts.peekLast();
        if (part == null || part.bytes.byteSize() - part.end < length) {
            part = begin(Math.max(partBytes, length));
        }
        MemorySegment place = part.bytes.asSlice(part.end, length);
        JournalRecord.write(place, part.salt, epoch, base, changes);
        try {
            place.force();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        JournalRecord record = JournalRecord.read(part.bytes, part.salt, part.end);
        part.end += length;
        part.last = epoch;
        return record;
    }

    private Part begin(long bytes) throws IOException {
        number++;
        int salt = SALTS.nextInt();
        Path path = directory.resolve(String.format("%s.journal-%08d-%08x", name, number, salt));
        Files.createFile(path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            // Room for all of it now: no write into the mapping can fail for want of it.
            BlockFile.allocate(path, bytes);
            Part part = map(path, salt, bytes);
            parts.add(part);
            syncDirectory();
            return part;
        } catch (IOException e) {
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /**
     * Deletes the files that say nothing new to images which have reached this epoch for certain; all of them if it is null.
     *
     * @throws IOException if the directory cannot be changed
     */
    void forget(EpochId applied) throws IOException {
        boolean changed = false;
        for (Iterator<Part> each = parts.iterator(); each.hasNext(); ) {
            Part part = each.next();
            if (applied == null || (part != parts.peekLast() && part.last.atMost(applied))) {
                each.remove();
                part.arena.close();
                Files.delete(part.path);
                changed = true;
            }
        }
        if (changed) {
            syncDirectory();
        }
    }

    private void syncDirectory() throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public void close() {
        parts.forEach(part -> part.arena.close());
        parts.clear();
    }
}
