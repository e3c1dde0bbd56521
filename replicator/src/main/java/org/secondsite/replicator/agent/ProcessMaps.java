package org.secondsite.replicator.agent;

import java.io.IOException;
import java.util.List;

/**
 * Reads {@code /proc/PID/maps}. Pure. Source: proc_pid_maps(5).
 *
 * <pre>
 * address           perms offset   dev   inode   pathname
 * 7f0c10000000-7f0c18000000 rw-s 00000000 00:19 1043    /dev/shm/vm1.ram
 * </pre>
 */
public final class ProcessMaps {
    private static final int ADDRESSES = 0;
    private static final int OFFSET = 2;
    private static final int DEVICE = 3;
    private static final int INODE = 4;

    private ProcessMaps() {}

    /** A file as the kernel names it, whatever its path is. */
    public record MappedFile(String device, String inode) {}

    /**
     * The file that is mapped at an address.
     *
     * @throws IOException if none is
     */
    public static MappedFile fileAt(List<String> maps, long address) throws IOException {
        for (String line : maps) {
            String[] fields = line.split(" +");
            if (Long.compareUnsigned(start(fields), address) <= 0 && Long.compareUnsigned(end(fields), address) > 0) {
                return file(fields);
            }
        }
        throw new IOException("nothing is mapped at " + Long.toHexString(address));
    }

    /** Whether any of a file is mapped. */
    public static boolean maps(List<String> maps, MappedFile file) {
        return maps.stream().anyMatch(line -> file(line.split(" +")).equals(file));
    }

    /**
     * Where all of a file is mapped, once and without gaps.
     *
     * @param bytes the file's size
     * @return the address of its first byte
     * @throws IOException if it is mapped in any other way
     */
    public static long wholeMapping(List<String> maps, MappedFile file, long bytes) throws IOException {
        long base = 0;
        long mapped = 0;
        for (String line : maps) {
            String[] fields = line.split(" +");
            if (!file(fields).equals(file)) {
                continue;
            }
            // The kernel may have split the mapping; the parts then follow each other.
            if (mapped == 0) {
                base = start(fields);
            }
            if (start(fields) != base + mapped || Long.parseUnsignedLong(fields[OFFSET], 16) != mapped) {
                throw new IOException("the RAM file is mapped more than once, or in pieces");
            }
            mapped += end(fields) - start(fields);
        }
        if (mapped != bytes) {
            throw new IOException(mapped + " bytes of the RAM file are mapped, not " + bytes);
        }
        return base;
    }

    private static MappedFile file(String[] fields) {
        return new MappedFile(fields[DEVICE], fields[INODE]);
    }

    private static long start(String[] fields) {
        return Long.parseUnsignedLong(fields[ADDRESSES], 0, fields[ADDRESSES].indexOf('-'), 16);
    }

    private static long end(String[] fields) {
        int from = fields[ADDRESSES].indexOf('-') + 1;
        return Long.parseUnsignedLong(fields[ADDRESSES], from, fields[ADDRESSES].length(), 16);
    }
}
