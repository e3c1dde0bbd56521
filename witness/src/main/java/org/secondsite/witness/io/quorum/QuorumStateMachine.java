package org.secondsite.witness.io.quorum;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.MD5FileUtil;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.wire.CommandCodec;
import org.secondsite.witness.wire.CommandCodec.Command;
import org.secondsite.witness.wire.CommandCodec.IllegibleException;
import org.secondsite.witness.wire.CommandCodec.Outcome;
import org.secondsite.witness.wire.LogCodec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The record book as Raft sees it. Every node applies the same commands in the same order, each after a majority has it on
 * disk, so every node comes to the same records and the same terms; {@link Records} decides.
 *
 * <p>A snapshot is the last entry of every group, in the layout of {@link LogCodec}. It is forced to the disk before Raft
 * may forget the log that led to it.
 */
final class QuorumStateMachine extends BaseStateMachine {
    private static final Logger LOG = LoggerFactory.getLogger(QuorumStateMachine.class);

    /** The records behind the machine: {@link QuorumRecordStore}. */
    interface Records {
        /** Decides a command that a majority has on disk. Called in the order of the log, on one thread. */
        Outcome apply(Command command);

        /** Begins anew from a snapshot. */
        void restore(List<LogEntry> entries);

        /** All that a snapshot must hold. */
        List<LogEntry> entries();

        /** This node leads, and has applied everything that was decided before. */
        void leading();

        /** This node can no longer remember. */
        void failed(Throwable cause);
    }

    private final Records records;
    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private final Object applying = new Object();

    QuorumStateMachine(Records records) {
        this.records = records;
    }

    @Override
    public void initialize(RaftServer server, RaftGroupId group, RaftStorage raftStorage) throws IOException {
        super.initialize(server, group, raftStorage);
        getLifeCycle().startAndTransition(() -> {
            storage.init(raftStorage);
            load(storage.getLatestSnapshot());
        });
    }

    @Override
    public void pause() {
        getLifeCycle().transition(LifeCycle.State.PAUSING);
        getLifeCycle().transition(LifeCycle.State.PAUSED);
    }

    @Override
    public void reinitialize() throws IOException {
        load(storage.loadLatestSnapshot());
        if (getLifeCycleState() == LifeCycle.State.PAUSED) {
            getLifeCycle().transition(LifeCycle.State.STARTING);
            getLifeCycle().transition(LifeCycle.State.RUNNING);
        }
    }

    private void load(SingleFileSnapshotInfo snapshot) throws IOException {
        if (snapshot == null) {
            return;
        }
        Path file = snapshot.getFile().getPath();
        MD5Hash sum = snapshot.getFile().getFileDigest();
        if (sum != null && !MD5FileUtil.computeMd5ForFile(file.toFile()).equals(sum)) {
            throw new IOException("snapshot " + file + " is damaged: its sum is wrong");
        }
        // One that came from the leader was not forced yet.
        force(file);
        force(file.getParent());
        switch (LogCodec.scan(Unpooled.wrappedBuffer(Files.readAllBytes(file)))) {
            case LogCodec.Scan.Legible(List<LogEntry> entries, int octets)
            when octets == Files.size(file) -> {
                synchronized (applying) {
                    records.restore(entries);
                    setLastAppliedTermIndex(TermIndex.valueOf(snapshot.getTerm(), snapshot.getIndex()));
                }
                LOG.info("{} records from snapshot {}", entries.size(), file.getFileName());
            }
            case LogCodec.Scan.Legible(List<LogEntry> entries, int octets) ->
                throw new IOException("snapshot " + file + " is damaged: it is cut off at octet " + octets);
            case LogCodec.Scan.Damaged(int offset, String reason) ->
                throw new IOException("snapshot " + file + " is damaged at octet " + offset + ": " + reason);
        }
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        LogEntryProto entry = transaction.getLogEntry();
        ByteString data = entry.getStateMachineLogEntry().getLogData();
        try {
            Command command = CommandCodec.command(Unpooled.wrappedBuffer(data.asReadOnlyByteBuffer()));
            Outcome outcome;
            synchronized (applying) {
                outcome = records.apply(command);
                updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
            }
            return CompletableFuture.completedFuture(message(outcome));
        } catch (IllegibleException | RuntimeException | Error e) {
            // To go on without it would make this node's records differ from the others'.
            records.failed(e);
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletableFuture<Message> query(Message nothing) {
        // Asked only for when it is through.
        return CompletableFuture.completedFuture(Message.EMPTY);
    }

    private static Message message(Outcome outcome) {
        return message(out -> {
            CommandCodec.encode(outcome, out);
            return out;
        });
    }

    /** Bytes as Ratis carries them. */
    static Message message(Function<ByteBuf, ByteBuf> content) {
        return Message.valueOf(
                ByteString.copyFrom(content.apply(Unpooled.buffer()).nioBuffer()));
    }

    @Override
    public long takeSnapshot() throws IOException {
        ByteBuf octets = Unpooled.buffer();
        TermIndex applied;
        synchronized (applying) {
            applied = getLastAppliedTermIndex();
            LogCodec.encodeFileHeader(octets);
            records.entries().forEach(entry -> LogCodec.encode(entry, octets));
        }
        File file = storage.getSnapshotFile(applied.getTerm(), applied.getIndex());
        Path unfinished = file.toPath().resolveSibling(file.getName() + ".new");
        byte[] content = new byte[octets.readableBytes()];
        octets.readBytes(content);
        Files.write(unfinished, content);
        force(unfinished);
        Files.move(unfinished, file.toPath(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        MD5Hash sum = MD5FileUtil.computeAndSaveMd5ForFile(file);
        force(file.toPath().getParent());
        storage.updateLatestSnapshot(
                new SingleFileSnapshotInfo(new FileInfo(file.toPath(), sum), applied.getTerm(), applied.getIndex()));
        return applied.getIndex();
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public StateMachineStorage getStateMachineStorage() {
        return storage;
    }

    @Override
    public void notifyLeaderReady() {
        records.leading();
    }

    @Override
    public void notifyLogFailed(Throwable cause, LogEntryProto entry) {
        records.failed(cause);
    }

    @Override
    public void notifyServerShutdown(RoleInfoProto role, boolean allServers) {
        records.failed(new IOException("Raft has stopped"));
    }
}
