package org.secondsite.witness.io.quorum;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelPipeline;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.NotLeaderException;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Decision;
import org.secondsite.witness.Durable;
import org.secondsite.witness.FsyncHistogram;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.NotLeadingException;
import org.secondsite.witness.Provenance;
import org.secondsite.witness.RecordBook;
import org.secondsite.witness.RecordStore;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.wire.CommandCodec;
import org.secondsite.witness.wire.CommandCodec.Command;
import org.secondsite.witness.wire.CommandCodec.IllegibleException;
import org.secondsite.witness.wire.CommandCodec.Outcome;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of a witness of one, three or five nodes, in a log that they keep in common by Raft (Apache Ratis).
 *
 * <p>What Raft gives: a command is applied after a majority has forced it to their disks, in the same order everywhere; a
 * leader that has lost the majority cannot have anything applied; a new leader has everything that ever was. What stands on
 * it: the {@link RecordBook} is the state machine, so terms are drawn from one counter whoever leads, and a grant is answered
 * when it was applied. One register in the eyes of a gateway, as one node is.
 *
 * <p>A command that was sent to a leader that then fell may be in the log or not. It is sent to the next leader under the same
 * {@link RequestId} and is decided once: a second copy finds the record that the first one made.
 *
 * <p>A node that starts on an empty directory is filled by the others, from a snapshot or the log; see the documentation for
 * when a lost disk may be replaced so.
 */
public final class QuorumRecordStore implements RecordStore {
    private static final Logger LOG = LoggerFactory.getLogger(QuorumRecordStore.class);

    /** The same for all witnesses: a node serves one group of nodes, and calls are checked by the nodes' names. */
    private static final RaftGroupId GROUP =
            RaftGroupId.valueOf(UUID.nameUUIDFromBytes("secondsite-witness".getBytes(StandardCharsets.US_ASCII)));

    private static final String DIRECTORY = "raft";

    private final QuorumSettings settings;
    private final Leadership leadership;
    private final Provenance provenance;
    private RecordBook book = new RecordBook();
    private final List<Consumer<LogEntry>> watchers = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Void> failed = new CompletableFuture<>();
    private final ClientId client = ClientId.randomId();
    private final StrangersLog callers = new StrangersLog(LOG);
    private final AtomicLong lastCall = new AtomicLong();
    private volatile List<LogEntry> entries = List.of();
    private volatile List<LogEntry> certain = List.of();
    private volatile List<GroupSettings> enrolled = List.of();
    private volatile boolean closing;
    private RaftServer server;
    private LeaderWatch watch;

    private QuorumRecordStore(QuorumSettings settings, Leadership leadership, Provenance provenance) {
        this.settings = settings;
        this.leadership = leadership;
        this.provenance = provenance;
    }

    /**
     * Begins an empty log: of a new witness, or of a node that is to be filled by the others.
     *
     * @throws IOException if there is one
     */
    public static void initialize(QuorumSettings settings) throws IOException {
        Path directory = settings.dataDirectory().resolve(DIRECTORY);
        if (Files.exists(directory)) {
            throw new IOException(
                    "there are records in " + settings.dataDirectory() + " already: start without --initialize");
        }
        PrivateFiles.directory(settings.dataDirectory());
        PrivateFiles.directory(directory);
    }

    /**
     * Reads what is remembered and begins to seek the other nodes; does not wait for them.
     *
     * @param tls shown to the other nodes, and asked of them
     * @throws IOException if nothing is remembered, the directory is unusable or what is in it damaged
     */
    public static QuorumRecordStore open(QuorumSettings settings, TlsIdentity tls) throws IOException {
        Path directory = settings.dataDirectory().resolve(DIRECTORY);
        if (!Files.isDirectory(directory)) {
            throw new IOException("there are no records in " + settings.dataDirectory()
                    + ". A majority of nodes that have lost them could grant a term twice; a new node, or one that the"
                    + " others are to fill, is started once with --initialize");
        }
        PrivateFiles.directory(settings.dataDirectory());
        TornTail.cut(directory);
        RaftPeer[] peers = settings.peers().keySet().stream()
                .sorted()
                .map(name -> RaftPeer.newBuilder()
                        .setId(name)
                        .setAddress(settings.addressOf(name))
                        .build())
                .toArray(RaftPeer[]::new);
        Leadership leadership = new Leadership(peers.length, RaftTuning.READ_MS);
        PeerTransport transport = new PeerTransport(settings, tls, leadership);
        QuorumRecordStore store = new QuorumRecordStore(settings, leadership, provenance(peers.length, directory));
        try {
            store.server = RaftServer.newBuilder()
                    .setServerId(RaftPeerId.valueOf(settings.node()))
                    .setGroup(RaftGroup.valueOf(GROUP, peers))
                    .setStateMachine(new QuorumStateMachine(store.new Machine()))
                    .setOption(RaftStorage.StartupOption.RECOVER)
                    .setProperties(RaftTuning.properties(settings, directory))
                    .setParameters(PeerRpcType.parameters(transport))
                    .build();
            store.server.start();
            if (peers.length > 1) {
                store.watch = LeaderWatch.start(
                        settings, store.server, store.server.getDivision(GROUP), transport::requestVoteAsync);
            }
            return store;
        } catch (IOException | RuntimeException e) {
            store.close();
            transport.close();
            throw e;
        }
    }

    private static Provenance provenance(int nodes, Path directory) throws IOException {
        if (nodes > 1) {
            return Provenance.MAJORITY;
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.findAny().isEmpty() ? Provenance.BEGUN : Provenance.ONE_DISK;
        }
    }

    /** Serves another node's calls on this connection, which has shown a witness's certificate. */
    public void serve(ChannelPipeline pipeline) {
        pipeline.addLast(new PeerFrame.Codec(), new PeerService(settings, server, this::prove, callers));
    }

    @Override
    public CompletableFuture<Void> enroll(List<GroupSettings> groups) {
        enrolled = List.copyOf(groups);
        if (leads()) {
            enrollNow();
        }
        return CompletableFuture.completedFuture(null);
    }

    /** Only what is new: a command for each group would stand before the first grant of every new leader. */
    private void enrollNow() {
        Map<GroupId, Set<SiteId>> known = entries.stream()
                .collect(Collectors.toMap(entry -> entry.record().group(), LogEntry::sites));
        for (GroupSettings group : enrolled) {
            if (group.sites().equals(known.get(group.group()))) {
                continue;
            }
            var _ = submit(new Request.Enroll(group)).whenComplete((answer, failure) -> {
                if (failure instanceof IllegalArgumentException) {
                    LOG.error("{}", failure.getMessage());
                    failed.completeExceptionally(failure);
                } else if (failure != null) {
                    LOG.info("group {} is not enrolled now: {}", group.group(), failure.getMessage());
                }
            });
        }
    }

    @Override
    public CompletableFuture<Answer> submit(Request request, RequestId id) {
        Message message = QuorumStateMachine.message(out -> {
            CommandCodec.encode(new Command(request, id), out);
            return out;
        });
        return send(message, RaftClientRequest.writeRequestType(), lastCall.incrementAndGet())
                .thenCompose(QuorumRecordStore::outcome)
                .thenCompose(outcome -> switch (outcome) {
                    case Outcome.Decided(Answer answer) -> CompletableFuture.completedFuture(answer);
                    case Outcome.Invalid(String reason) ->
                        CompletableFuture.failedFuture(new IllegalArgumentException(reason));
                });
    }

    /**
     * {@inheritDoc}
     *
     * <p>A linearizable read (Raft's thesis §6.4): when it is through, this node has applied all that was answered before it began. Of what Ratis
     * does for that, {@link Leadership} does the first part again.
     */
    @Override
    public CompletableFuture<List<LogEntry>> current() {
        long call = lastCall.incrementAndGet();
        if (isLeader()) {
            return prove().thenCompose(proved -> read(call)).thenApply(reply -> certain);
        }
        if (settings.others().isEmpty()) {
            return read(call).thenApply(reply -> certain);
        }
        leadership.asks(call);
        CompletableFuture<RaftClientReply> read = read(call);
        CompletableFuture<Boolean> told = read.handle((reply, failure) -> leadership.wasTold(call));
        return read.thenCombine(told, (reply, byLeader) -> byLeader)
                .thenCompose(byLeader -> byLeader
                        ? CompletableFuture.completedFuture(certain)
                        : CompletableFuture.failedFuture(new NotLeadingException("")));
    }

    private CompletableFuture<RaftClientReply> read(long call) {
        return send(Message.EMPTY, RaftClientRequest.readRequestType(), call);
    }

    /** That this node leads, as of now. */
    private CompletableFuture<Void> prove() {
        try {
            DivisionInfo info = server.getDivision(GROUP).getInfo();
            return isLeader()
                    ? leadership.prove(info::getCurrentTerm)
                    : CompletableFuture.failedFuture(new NotLeadingException(""));
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private boolean isLeader() {
        try {
            return server.getDivision(GROUP).getInfo().isLeader();
        } catch (IOException e) {
            return false;
        }
    }

    private CompletableFuture<RaftClientReply> send(Message message, RaftClientRequest.Type type, long call) {
        if (failed.isDone()) {
            return CompletableFuture.failedFuture(new IOException("the store has failed earlier"));
        }
        RaftClientRequest request = RaftClientRequest.newBuilder()
                .setClientId(client)
                .setServerId(server.getId())
                .setGroupId(GROUP)
                .setCallId(call)
                .setMessage(message)
                .setType(type)
                .build();
        try {
            return server.submitClientRequestAsync(request).thenCompose(this::success);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static CompletableFuture<Outcome> outcome(RaftClientReply reply) {
        try {
            return CompletableFuture.completedFuture(CommandCodec.outcome(
                    Unpooled.wrappedBuffer(reply.getMessage().getContent().asReadOnlyByteBuffer())));
        } catch (IllegibleException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletableFuture<RaftClientReply> success(RaftClientReply reply) {
        if (reply.isSuccess()) {
            return CompletableFuture.completedFuture(reply);
        }
        NotLeaderException elsewhere = reply.getNotLeaderException();
        if (elsewhere != null) {
            RaftPeer leader = elsewhere.getSuggestedLeader();
            return CompletableFuture.failedFuture(new NotLeadingException(
                    leader == null ? "" : settings.addressOf(leader.getId().toString())));
        }
        boolean between = reply.getLeaderNotReadyException() != null
                || reply.getLeaderSteppingDownException() != null
                || reply.getReadIndexException() != null
                || reply.getReadException() != null;
        return CompletableFuture.failedFuture(between ? new NotLeadingException("") : reply.getException());
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
        try {
            DivisionInfo info = server.getDivision(GROUP).getInfo();
            RaftPeerId leader = info.getLeaderId();
            StoreStanding.Role role = info.isLeaderReady()
                    ? StoreStanding.Role.LEADER
                    : leader == null || info.isLeader() ? StoreStanding.Role.CANDIDATE : StoreStanding.Role.FOLLOWER;
            return new StoreStanding(
                    settings.node(),
                    role,
                    leader == null ? "" : leader.toString(),
                    info.getCurrentTerm(),
                    info.getLastAppliedIndex());
        } catch (IOException e) {
            return new StoreStanding(settings.node(), StoreStanding.Role.CANDIDATE, "", 0, 0);
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public FsyncHistogram fsyncs() {
        return RaftMetrics.fsyncsOf(settings.node() + "@" + GROUP);
    }

    @Override
    public CompletableFuture<Void> failed() {
        return failed.copy();
    }

    @Override
    public void close() {
        closing = true;
        if (watch != null) {
            watch.close();
        }
        if (server == null) {
            return;
        }
        try {
            server.close();
        } catch (IOException e) {
            LOG.warn("closing node {}: {}", settings.node(), e.toString());
        }
    }

    /** The book, as the state machine drives it. */
    private final class Machine implements QuorumStateMachine.Records {
        @Override
        public Outcome apply(Command command) {
            if (failed.isDone() && !closing) {
                throw new IllegalStateException("the store has failed earlier");
            }
            RecordBook current = book;
            Optional<Answer.Granted> before = current.grantedBefore(command.request(), command.id());
            if (before.isPresent()) {
                return new Outcome.Decided(before.get());
            }
            Decision decision;
            try {
                decision = current.decide(command.request(), command.id());
            } catch (IllegalArgumentException e) {
                return new Outcome.Invalid(String.valueOf(e.getMessage()));
            }
            if (decision instanceof Decision.Doubt(String reason)) {
                // Answered by nobody, so that no request is taken for settled.
                return new Outcome.Invalid(reason);
            }
            return new Outcome.Decided(
                    switch (decision) {
                        case Decision.Doubt doubt -> throw new IllegalStateException(doubt.reason());
                        case Decision.Refusal(Answer.Refused refused) -> refused;
                        case Decision.Grant grant -> {
                            // A majority has forced the command to its disks, or it would not be applied.
                            Durable proof = Durable.proven(grant.entry());
                            current.apply(proof);
                            publish();
                            tell(grant.entry());
                            yield grant.answer(proof);
                        }
                    });
        }

        @Override
        public void restore(List<LogEntry> restored) {
            RecordBook fresh = new RecordBook();
            restored.forEach(entry -> fresh.restore(Durable.proven(entry)));
            List<LogEntry> known = entries;
            book = fresh;
            publish();
            for (LogEntry entry : restored) {
                if (!known.contains(entry)) {
                    tell(entry);
                }
            }
        }

        private void tell(LogEntry entry) {
            watchers.forEach(watcher -> watcher.accept(entry));
        }

        private void publish() {
            entries = List.copyOf(book.entriesByTerm());
            certain = entries.stream()
                    .filter(entry -> !book.inDoubt(entry.record()))
                    .toList();
        }

        @Override
        public List<LogEntry> entries() {
            return entries;
        }

        @Override
        public void leading() {
            LOG.info("node {} leads", settings.node());
            Thread.ofVirtual().name("witness-enroll").start(QuorumRecordStore.this::enrollNow);
        }

        @Override
        public void failed(Throwable cause) {
            if (!closing && failed.completeExceptionally(cause)) {
                LOG.error("node {} has failed and answers no more", settings.node(), cause);
            }
        }
    }
}
