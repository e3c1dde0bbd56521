package org.secondsite.witness.io.store;

import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.secondsite.config.GroupId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Durable;
import org.secondsite.witness.FsyncHistogram;
import org.secondsite.witness.GrantsLostException;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Provenance;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.desk.RecordLog;
import org.secondsite.witness.wire.LogCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of a witness of one node, in an append-only file.
 *
 * <p>A grant is appended and forced to the disk, then followed by the book, then told. All of that happens on one thread
 * of the store, one request after the other: grants are rare, and a grant that is decided while another is on its way to
 * the disk would have to be taken back when that write fails.
 *
 * <p>A failed write or force ends the store: what it left behind is unknown, and a second force that succeeds proves
 * nothing about the first (the kernel drops the dirty mark with the error). The process has to start anew and read.
 *
 * <p>Anything else that the thread throws ends the process, and so does a thread that hangs: at once where nothing waits for the
 * disk, after ten seconds where it does.
 *
 * <p>The file is compacted when it has grown: the last entry of every group is written to a new file, that is forced, put
 * in the old one's place and the directory forced. A crash at any point leaves one of the two whole files.
 */
public final class FileRecordStore implements RecordStore {
    static final String FILE = "records.log";
    private static final String NODE = "witness";
    static final String NEW_FILE = "records.log.new";

    /** Is there if the log was restored from a copy; has the last term of that copy. */
    static final String RESTORED = "restored";

    private static final Logger LOG = LoggerFactory.getLogger(FileRecordStore.class);
    private static final int COMPACT_ABOVE_OCTETS = 64 << 10;
    private static final int LARGEST_FILE_OCTETS = 64 << 20;
    private static final int CLOSE_TIMEOUT_SECONDS = 10;
    private static final String THREAD = "witness-store";

    /**
     * A disk that is slow is no reason to end: a new process would wait for the same one. Far more than a journal commit of a
     * loaded machine takes, and less than the half minute after which kernels give a dead disk up.
     */
    private static final long DISK_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Disk disk;
    private final RecordLog log;
    private final List<Consumer<LogEntry>> watchers = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> failed = new CompletableFuture<>();
    private final ExecutorService writer;
    private final Turn turn;
    private final FsyncHistogram fsyncs = new FsyncHistogram();
    private volatile List<LogEntry> entries = List.of();
    private volatile List<LogEntry> certain = List.of();

    private Disk.Appender file;
    private boolean restored;
    private Provenance provenance = Provenance.ONE_DISK;

    private FileRecordStore(Disk disk, int compactAboveOctets, Life life) {
        this.disk = disk;
        writer = Executors.newSingleThreadExecutor(Thread.ofPlatform()
                .name(THREAD)
                .uncaughtExceptionHandler(life::uncaught)
                .factory());
        turn = life.watched(THREAD, writer);
        log = new RecordLog(compactAboveOctets);
    }

    /**
     * Opens the log in a directory.
     *
     * @throws IOException if there is none, the directory cannot be used, another witness uses it, or the log is damaged
     */
    public static FileRecordStore open(Path directory) throws IOException {
        return open(directory, Life.unwatched(THREAD));
    }

    /**
     * The same as part of something that lives as long as the store's thread does.
     *
     * @throws IOException if the directory cannot be used, another witness uses it, or the log is damaged
     */
    public static FileRecordStore open(Path directory, Life life) throws IOException {
        return open(DirectoryDisk.open(directory), COMPACT_ABOVE_OCTETS, life);
    }

    /**
     * Begins an empty log, for a witness that has never granted anything.
     *
     * @throws IOException if there is one, or as {@link #open(Path)}
     */
    public static void initialize(Path directory) throws IOException {
        try (Disk disk = DirectoryDisk.open(directory)) {
            initialize(disk);
        }
    }

    static void initialize(Disk disk) throws IOException {
        if (disk.exists(FILE)) {
            throw new IOException("there are records in " + disk + " already: start without --initialize");
        }
        write(disk, new RecordLog(COMPACT_ABOVE_OCTETS).compacted()).close();
    }

    /**
     * Copies what is remembered into a file. The witness may run meanwhile.
     *
     * @return the last term in it
     * @throws IOException if there is no legible log, or the file is there already
     */
    public static long backup(Path directory, Path target) throws IOException {
        byte[] content = Files.readAllBytes(directory.resolve(FILE));
        LogCodec.Scan.Legible legible = legible(content, directory.toString());
        Files.createFile(target, PrivateFiles.asFile());
        Files.write(target, Arrays.copyOf(content, legible.wholeOctets()), StandardOpenOption.WRITE);
        try (FileChannel written = FileChannel.open(target)) {
            written.force(true);
        }
        return lastTerm(legible);
    }

    /**
     * Puts a copy where the records are lost. What was granted after it was made is not in it, so the witness grants
     * nothing until an operator has recovered each group.
     *
     * @return the last term in it
     * @throws IOException if there are records already, or the copy is not legible
     */
    public static long restore(Path source, Path directory) throws IOException {
        byte[] content = Files.readAllBytes(source);
        LogCodec.Scan.Legible legible = legible(content, source.toString());
        try (Disk disk = DirectoryDisk.open(directory)) {
            if (disk.exists(FILE)) {
                throw new IOException("there are records in " + disk + ": move them away first");
            }
            // The mark first: a copy without it would be taken for all that was ever granted.
            try (Disk.Appender mark = disk.create(RESTORED)) {
                mark.write(ByteBuffer.allocate(Long.BYTES).putLong(0, lastTerm(legible)));
                mark.force();
            }
            disk.forceNames();
            write(disk, ByteBuffer.wrap(content, 0, legible.wholeOctets())).close();
        }
        return lastTerm(legible);
    }

    private static LogCodec.Scan.Legible legible(byte[] content, String where) throws IOException {
        return switch (LogCodec.scan(Unpooled.wrappedBuffer(content))) {
            case LogCodec.Scan.Legible legible -> legible;
            case LogCodec.Scan.Damaged(int offset, String reason) ->
                throw new IOException("the log in " + where + " is damaged at octet " + offset + ": " + reason
                        + ". Restore it; a witness that forgot a grant could make it twice");
        };
    }

    private static long lastTerm(LogCodec.Scan.Legible legible) {
        return legible.entries().stream()
                .mapToLong(entry -> entry.record().term())
                .max()
                .orElse(0);
    }

    /** The same on a given disk, which it closes; also when opening fails. */
    static FileRecordStore open(Disk disk, int compactAboveOctets) throws IOException {
        return open(disk, compactAboveOctets, Life.unwatched(THREAD));
    }

    private static FileRecordStore open(Disk disk, int compactAboveOctets, Life life) throws IOException {
        FileRecordStore store = new FileRecordStore(disk, compactAboveOctets, life);
        try {
            store.load();
            return store;
        } catch (IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    @Override
    public CompletableFuture<Void> enroll(List<GroupSettings> groups) {
        if (restored) {
            Map<GroupId, LogEntry> known = entries.stream()
                    .collect(Collectors.toMap(entry -> entry.record().group(), entry -> entry));
            List<GroupSettings> doubted = groups.stream()
                    .filter(group -> !known.containsKey(group.group())
                            || log.inDoubt(known.get(group.group()).record()))
                    .toList();
            if (!doubted.isEmpty()) {
                LOG.error(
                        "this witness was restored from a copy that may lack grants. It decides nothing for {} until an"
                                + " operator recovers each ('secondsite witness recover')",
                        doubted.stream().map(GroupSettings::group).toList());
                // Not even a first record: the copy may be older than the group.
                return CompletableFuture.completedFuture(null);
            }
        }
        List<CompletableFuture<Answer>> answers = new ArrayList<>();
        groups.forEach(group -> answers.add(submit(new Request.Enroll(group))));
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new));
    }

    @Override
    public CompletableFuture<Answer> submit(Request request, RequestId id) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        try {
            writer.execute(() -> decide(request, id, answer));
        } catch (RejectedExecutionException e) {
            answer.completeExceptionally(new IOException("the store is closed", e));
        }
        return answer;
    }

    @Override
    public CompletableFuture<List<LogEntry>> current() {
        // What was answered was published before.
        return CompletableFuture.completedFuture(certain);
    }

    @Override
    public List<LogEntry> entries() {
        return entries;
    }

    @Override
    public void watch(Consumer<LogEntry> watcher) {
        watchers.add(watcher);
    }

    @Override
    public StoreStanding standing() {
        return new StoreStanding(NODE, StoreStanding.Role.LEADER, NODE, 0, 0);
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public FsyncHistogram fsyncs() {
        return fsyncs;
    }

    @Override
    public CompletableFuture<Void> failed() {
        return failed.copy();
    }

    @Override
    public void close() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("a write to {} has not ended within {} s", disk, CLOSE_TIMEOUT_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            if (file != null) {
                file.close();
            }
            disk.close();
        } catch (IOException e) {
            // Everything that was told is on the disk already.
            LOG.warn("closing {}: {}", disk, e.toString());
        }
    }

    private void load() throws IOException {
        if (!disk.exists(FILE)) {
            throw new IOException("there are no records in " + disk
                    + ". A witness that has lost them could grant a term twice: restore a copy ('secondsite witness"
                    + " restore'); a witness that never granted anything is started once with --initialize");
        }
        byte[] content = disk.read(FILE, LARGEST_FILE_OCTETS);
        LogCodec.Scan.Legible legible = legible(content, disk.toString());
        file = disk.append(FILE);
        if (legible.wholeOctets() < content.length) {
            LOG.warn(
                    "{} octets of an append that was cut off, and never answered, are dropped",
                    content.length - legible.wholeOctets());
            file.truncate(legible.wholeOctets());
        }
        // An entry that was written but not forced before the process died is about to be told: force it now.
        file.force();
        disk.forceNames();
        restore(legible.entries(), legible.wholeOctets());
        // Somebody has begun it just now: not even a first record of a group is there.
        provenance = legible.entries().isEmpty() ? Provenance.BEGUN : Provenance.ONE_DISK;
        restored = disk.exists(RESTORED);
        if (restored) {
            log.restoredFrom(ByteBuffer.wrap(disk.read(RESTORED, Long.BYTES)).getLong());
            publish();
        }
        compactIfGrown();
    }

    private void restore(List<LogEntry> entries, int lengthOctets) throws IOException {
        try {
            log.restore(entries.stream().map(Durable::proven).toList(), lengthOctets);
        } catch (IllegalArgumentException e) {
            throw new IOException("the log in " + disk + " contradicts itself: " + e.getMessage(), e);
        }
        publish();
    }

    private void decide(Request request, RequestId id, CompletableFuture<Answer> answer) {
        if (failed.isDone()) {
            answer.completeExceptionally(new IOException("the store has failed earlier"));
            return;
        }
        switch (log.take(request, id)) {
            case RecordLog.Step.Answered(Answer known) -> answer.complete(known);
            case RecordLog.Step.Doubted(String reason) -> answer.completeExceptionally(new GrantsLostException(reason));
            case RecordLog.Step.Invalid(String reason) ->
                answer.completeExceptionally(new IllegalArgumentException(reason));
            case RecordLog.Step.Append append -> make(append, answer);
        }
    }

    private void make(RecordLog.Step.Append append, CompletableFuture<Answer> answer) {
        LogEntry entry = append.grant().entry();
        try {
            turn.mayTake(DISK_NANOS);
            Durable proof = write(append);
            turn.asUsual();
            Answer.Granted granted = log.appended(append, proof);
            publish();
            LOG.info("granted {} to {}: {}", entry.record(), entry.asker(), entry.reason());
            watchers.forEach(watcher -> watcher.accept(entry));
            answer.complete(granted);
            compactIfGrown();
        } catch (IOException | RuntimeException e) {
            LOG.error("the store in {} has failed and answers no more", disk, e);
            failed.completeExceptionally(e);
            answer.completeExceptionally(e);
        }
    }

    private Durable write(RecordLog.Step.Append append) throws IOException {
        file.write(append.octets().duplicate());
        long start = System.nanoTime();
        file.force();
        fsyncs.took(System.nanoTime() - start);
        return Durable.proven(append.grant().entry());
    }

    private void compactIfGrown() throws IOException {
        if (log.grown()) {
            turn.mayTake(DISK_NANOS);
            compact();
            turn.asUsual();
        }
    }

    private void compact() throws IOException {
        ByteBuffer octets = log.compacted();
        Disk.Appender next = write(disk, octets);
        if (file != null) {
            file.close();
        }
        file = next;
        log.compactedTo(octets.limit());
    }

    /** Puts a new log in the old one's place, and leaves it open. */
    private static Disk.Appender write(Disk disk, ByteBuffer octets) throws IOException {
        Disk.Appender next = disk.create(NEW_FILE);
        try {
            next.write(octets.duplicate());
            next.force();
            disk.rename(NEW_FILE, FILE);
            disk.forceNames();
            return next;
        } catch (IOException | RuntimeException e) {
            next.close();
            throw e;
        }
    }

    private void publish() {
        entries = log.entries();
        certain = log.certain();
    }
}
