package org.secondsite.replicator.agent.io;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.secondsite.replicator.PageSet.PAGE_BYTES;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.replicator.agent.DirtyPageTracker;
import org.secondsite.replicator.agent.ProcessMaps;

/**
 * The pages that a process wrote, as its page tables know them: asynchronous write protection by userfaultfd(2), read and
 * renewed by the PAGEMAP_SCAN ioctl, both from Linux 6.7.
 *
 * <p>The pages of the RAM mapping are write-protected. The first write to a page faults, and the kernel itself lifts the
 * page's protection; nobody is asked or waited for. A page without protection was written since the last scan. So one scan
 * is a walk of the page tables instead of a reading of the RAM. Not only the process' own instructions fault, but also the
 * kernel where it writes for it, read(2) and vhost-net included. A page that the kernel unmaps meanwhile keeps a marker, or
 * counts as written.
 *
 * <p><b>Blind spots</b> are writers that do not go through this mapping: another process that maps the file (vhost-user), a
 * device that was given the pages (VFIO, vDPA). {@link #open} refuses a process that has such; {@link ShadowImage} checks all
 * the time that none came later.
 *
 * <p>Closing ends the protection. So does the agent's death, as nobody else has the userfaultfd.
 *
 * <p>Source: Documentation/admin-guide/mm/pagemap.rst and userfaultfd.rst, include/uapi/linux/userfaultfd.h and fs.h.
 */
final class WriteProtectTracker implements DirtyPageTracker {
    private static final Path PROC = Path.of("/proc");
    private static final List<String> PINNING_DEVICES = List.of("/dev/vfio/", "/dev/vhost-vdpa", "/dev/iommu");

    private static final long UFFDIO_API = 0xc018aa3fL;
    private static final long UFFDIO_REGISTER = 0xc020aa00L;
    private static final long PAGEMAP_SCAN = 0xc0606610L;
    private static final long UFFD_API = 0xaa;
    /** PAGEFAULT_FLAG_WP, WP_HUGETLBFS_SHMEM, WP_UNPOPULATED, WP_ASYNC. */
    private static final long FEATURES = 1 | 1 << 12 | 1 << 13 | 1 << 15;

    private static final long REGISTER_MODE_WP = 2;
    private static final long READ_ONLY = 0;
    private static final long WP_MATCHING_CHECK_ASYNC = 1 | 2;
    private static final long PAGE_IS_WRITTEN = 2;

    private static final long SCAN_BYTES = 12L * Long.BYTES;
    private static final long FLAGS = 1L * Long.BYTES;
    private static final long START = 2L * Long.BYTES;
    private static final long END = 3L * Long.BYTES;
    private static final long WALK_END = 4L * Long.BYTES;
    private static final long VECTOR = 5L * Long.BYTES;
    private static final long VECTOR_LENGTH = 6L * Long.BYTES;
    private static final long CATEGORY_MASK = 9L * Long.BYTES;
    private static final long RETURN_MASK = 11L * Long.BYTES;
    private static final long REGION_BYTES = 3L * Long.BYTES;
    private static final int REGIONS = 4096;
    private static final long STATM_BYTES = 64;

    /** Written ranges with less than this between them are protected by one call. */
    private static final long MERGED_GAP_BYTES = 64L * PAGE_BYTES;

    private final SystemCalls calls = new SystemCalls();
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment scan = arena.allocate(SCAN_BYTES, Long.BYTES);
    private final MemorySegment regions = arena.allocate(REGIONS * REGION_BYTES, Long.BYTES);
    private final MemorySegment renewed = arena.allocate(REGIONS * REGION_BYTES, Long.BYTES);
    private final MemorySegment pages = arena.allocate(STATM_BYTES);
    private final long base;
    private final long bytes;
    private int userfaultfd = -1;
    private int pagemap = -1;
    private int statm = -1;

    private WriteProtectTracker(long base, long bytes) {
        this.base = base;
        this.bytes = bytes;
    }

    /**
     * Begins to track what a process writes to its RAM file.
     *
     * @param ram the file as this process maps it: all of it
     * @throws IOException if that is not possible here, or would not see every writer; the reason. Nothing has changed then.
     */
    static WriteProtectTracker open(long pid, MemorySegment ram) throws IOException, InterruptedException {
        if (!SystemCalls.known()) {
            throw new IOException("tracking written pages is for Linux on x86-64");
        }
        WriteProtectTracker tracker = new WriteProtectTracker(checkedMapping(pid, ram), ram.byteSize());
        try {
            tracker.begin(pid);
            return tracker;
        } catch (IOException | InterruptedException | RuntimeException failed) {
            tracker.close();
            throw failed;
        }
    }

    private static long checkedMapping(long pid, MemorySegment ram) throws IOException {
        ProcessMaps.MappedFile file = ProcessMaps.fileAt(maps("self"), ram.address());
        long base = ProcessMaps.wholeMapping(maps(Long.toString(pid)), file, ram.byteSize());
        Path process = PROC.resolve(Long.toString(pid));
        String status = Files.readString(process.resolve("status"), StandardCharsets.UTF_8);
        if (!status.contains("\nSeccomp:\t0\n")) {
            // A filter may kill the process for a call that it does not expect.
            throw new IOException("process " + pid + " is under seccomp");
        }
        refusePinningDevices(process);
        refuseOtherMappers(pid, file);
        return base;
    }

    private static List<String> maps(String process) throws IOException {
        return Files.readAllLines(PROC.resolve(process).resolve("maps"), StandardCharsets.ISO_8859_1);
    }

    private static void refusePinningDevices(Path process) throws IOException {
        for (Path descriptor : listed(process.resolve("fd"), "*")) {
            String target = targetOf(descriptor);
            if (PINNING_DEVICES.stream().anyMatch(target::startsWith)) {
                throw new IOException("a device may write behind the page tables: " + target);
            }
        }
    }

    /** What a descriptor refers to; nothing if it was closed meanwhile. */
    private static String targetOf(Path descriptor) throws IOException {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (NoSuchFileException closed) {
            return "";
        }
    }

    private static void refuseOtherMappers(long pid, ProcessMaps.MappedFile file) throws IOException {
        for (Path other : listed(PROC, "[1-9]*")) {
            long id = Long.parseLong(other.getFileName().toString());
            if (id != pid && id != ProcessHandle.current().pid() && mapsFile(other, file)) {
                throw new IOException("process " + id + " maps the RAM file too");
            }
        }
    }

    private static boolean mapsFile(Path process, ProcessMaps.MappedFile file) {
        try {
            return ProcessMaps.maps(maps(process.getFileName().toString()), file);
        } catch (IOException goneOrForbidden) {
            return false;
        }
    }

    private static List<Path> listed(Path directory, String glob) throws IOException {
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, glob)) {
            stream.forEach(entries::add);
        }
        return entries;
    }

    private void begin(long pid) throws IOException, InterruptedException {
        pagemap = calls.open("/proc/" + pid + "/pagemap");
        statm = calls.open("/proc/" + pid + "/statm");
        // A kernel without the ioctl says so here, before the process is touched.
        scan(regions, READ_ONLY, base, base + PAGE_BYTES);
        userfaultfd = SyscallInjection.userfaultfdOf(pid);
        MemorySegment api = arena.allocate(JAVA_LONG, 3);
        api.setAtIndex(JAVA_LONG, 0, UFFD_API);
        api.setAtIndex(JAVA_LONG, 1, FEATURES);
        calls.ioctl("UFFDIO_API", userfaultfd, UFFDIO_API, api);
        MemorySegment range = arena.allocate(JAVA_LONG, 4);
        range.setAtIndex(JAVA_LONG, 0, base);
        range.setAtIndex(JAVA_LONG, 1, bytes);
        range.setAtIndex(JAVA_LONG, 2, REGISTER_MODE_WP);
        calls.ioctl("UFFDIO_REGISTER", userfaultfd, UFFDIO_REGISTER, range);
    }

    @Override
    public void collect(long[] written) throws IOException {
        long end = base + bytes;
        long from = base;
        while (from < end) {
            // Reading first: write-protecting a range makes KVM drop its own mappings of all of it.
            int found = scan(regions, READ_ONLY, from, end);
            long next = scan.get(JAVA_LONG, WALK_END);
            int i = 0;
            while (i < found) {
                long runStart = start(regions, i);
                long runEnd = runStart;
                while (i < found && start(regions, i) - runEnd <= MERGED_GAP_BYTES) {
                    runEnd = mark(regions, i, written);
                    i++;
                }
                protect(runStart, runEnd, written);
            }
            from = next;
        }
        checkAlive();
    }

    /**
     * The kernel may scan the page tables of a process that has ended, and find nothing. Such a process has no pages at all
     * (proc_pid_statm(5)), and when its parent has been told, it cannot be read any more.
     */
    private void checkAlive() throws IOException {
        long got =
                SystemCalls.succeeded("statm", calls.call(SystemCalls.PREAD64, statm, pages.address(), STATM_BYTES, 0));
        if (got == 0 || pages.get(JAVA_BYTE, 0) == '0') {
            throw new IOException("the process has ended");
        }
    }

    /** Protects the written pages of a range. One may have been written since it was read: it is marked too. */
    private void protect(long rangeStart, long rangeEnd, long[] written) throws IOException {
        long from = rangeStart;
        while (from < rangeEnd) {
            int found = scan(renewed, WP_MATCHING_CHECK_ASYNC, from, rangeEnd);
            for (int i = 0; i < found; i++) {
                mark(renewed, i, written);
            }
            from = scan.get(JAVA_LONG, WALK_END);
        }
    }

    /** Finds written pages, as many as there is room for; WALK_END tells how far. */
    private int scan(MemorySegment found, long flags, long from, long end) throws IOException {
        scan.set(JAVA_LONG, 0, SCAN_BYTES);
        scan.set(JAVA_LONG, FLAGS, flags);
        scan.set(JAVA_LONG, START, from);
        scan.set(JAVA_LONG, END, end);
        scan.set(JAVA_LONG, WALK_END, from);
        scan.set(JAVA_LONG, VECTOR, found.address());
        scan.set(JAVA_LONG, VECTOR_LENGTH, REGIONS);
        scan.set(JAVA_LONG, CATEGORY_MASK, PAGE_IS_WRITTEN);
        scan.set(JAVA_LONG, RETURN_MASK, PAGE_IS_WRITTEN);
        int count = calls.ioctl("PAGEMAP_SCAN", pagemap, PAGEMAP_SCAN, scan);
        if (scan.get(JAVA_LONG, WALK_END) <= from) {
            throw new IOException("PAGEMAP_SCAN does not advance");
        }
        return count;
    }

    private static long start(MemorySegment found, int index) {
        return found.get(JAVA_LONG, index * REGION_BYTES);
    }

    /** Sets the bits of a region that was found, and answers where it ends. */
    private long mark(MemorySegment found, int index, long[] written) {
        long end = found.get(JAVA_LONG, index * REGION_BYTES + Long.BYTES);
        int endPage = (int) ((end - base) / PAGE_BYTES);
        for (int page = (int) ((start(found, index) - base) / PAGE_BYTES); page < endPage; page++) {
            written[page / Long.SIZE] |= 1L << page % Long.SIZE;
        }
        return end;
    }

    @Override
    public void close() {
        calls.close(userfaultfd);
        calls.close(pagemap);
        calls.close(statm);
        userfaultfd = -1;
        pagemap = -1;
        statm = -1;
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}
