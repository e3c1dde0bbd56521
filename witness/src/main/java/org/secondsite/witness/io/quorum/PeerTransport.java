package org.secondsite.witness.io.quorum;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotReplyProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionReplyProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.protocol.RaftServerAsynchronousProtocol;
import org.apache.ratis.thirdparty.com.google.protobuf.AbstractMessage;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.thirdparty.com.google.protobuf.Parser;
import org.secondsite.net.tls.io.TlsIdentity;

/**
 * How Raft calls the other nodes: over our own frames in our own TLS, on the port at which gateways connect too, so that a
 * deployment has one port, one kind of certificate and one way of renewing it. What comes in is served by
 * {@link PeerService}.
 *
 * <p>Addresses are those of the configuration, by name: a node may move without a change of Raft's membership.
 */
final class PeerTransport implements RaftServerRpc, RaftServerAsynchronousProtocol {
    /** More than a slow force to the disk of the other node, which is awaited by an append. */
    private static final int CALL_TIMEOUT_MS = 1500;

    private static final int CLOSE_TIMEOUT_SECONDS = 5;

    private final QuorumSettings settings;
    private final Leadership leadership;
    private final EventLoopGroup group;
    private final Map<String, PeerLink> links = new TreeMap<>();

    PeerTransport(QuorumSettings settings, TlsIdentity tls, Leadership leadership) {
        this.settings = settings;
        this.leadership = leadership;
        group = new MultiThreadIoEventLoopGroup(
                1, new DefaultThreadFactory("witness-peers", true), EpollIoHandler.newFactory());
        EventLoop loop = group.next();
        settings.others()
                .forEach((name, address) ->
                        links.put(name, new PeerLink(settings.node(), name, address, tls, loop, CALL_TIMEOUT_MS)));
    }

    private <T extends AbstractMessage> CompletableFuture<T> call(
            RaftRpcRequestProto to, int kind, AbstractMessage request, Parser<T> parser) throws IOException {
        String name = to.getReplyId().toStringUtf8();
        PeerLink link = links.get(name);
        if (link == null) {
            throw new IOException("no node '" + name + "' is configured");
        }
        return link.call(kind, request.toByteString()).thenCompose(frame -> {
            try {
                return CompletableFuture.completedFuture(parser.parseFrom(frame.payload()));
            } catch (InvalidProtocolBufferException e) {
                return CompletableFuture.failedFuture(e);
            }
        });
    }

    private static <T> T await(CompletableFuture<T> answer) throws IOException {
        try {
            return answer.get();
        } catch (InterruptedException e) {
            InterruptedIOException interrupted = new InterruptedIOException("interrupted");
            interrupted.initCause(e);
            throw interrupted;
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    @Override
    public RequestVoteReplyProto requestVote(RequestVoteRequestProto request) throws IOException {
        return await(requestVoteAsync(request));
    }

    @Override
    public AppendEntriesReplyProto appendEntries(AppendEntriesRequestProto request) throws IOException {
        return await(appendEntriesAsync(request));
    }

    @Override
    public CompletableFuture<AppendEntriesReplyProto> appendEntriesAsync(AppendEntriesRequestProto request)
            throws IOException {
        long sent = leadership.sends();
        String node = request.getServerRequest().getReplyId().toStringUtf8();
        return call(request.getServerRequest(), PeerFrame.APPEND, request, AppendEntriesReplyProto.parser())
                .thenApply(reply -> {
                    if (reply.getServerReply().getSuccess()) {
                        leadership.acknowledged(node, request.getLeaderTerm(), sent);
                    }
                    return reply;
                });
    }

    @Override
    public InstallSnapshotReplyProto installSnapshot(InstallSnapshotRequestProto request) throws IOException {
        return await(call(request.getServerRequest(), PeerFrame.SNAPSHOT, request, InstallSnapshotReplyProto.parser()));
    }

    @Override
    public StartLeaderElectionReplyProto startLeaderElection(StartLeaderElectionRequestProto request)
            throws IOException {
        return await(
                call(request.getServerRequest(), PeerFrame.CANDIDATE, request, StartLeaderElectionReplyProto.parser()));
    }

    @Override
    public CompletableFuture<ReadIndexReplyProto> readIndexAsync(ReadIndexRequestProto request) throws IOException {
        return call(request.getServerRequest(), PeerFrame.READ_INDEX, request, ReadIndexReplyProto.parser())
                .thenApply(reply -> {
                    if (reply.getServerReply().getSuccess()) {
                        leadership.told(
                                request.getClientRequest().getRpcRequest().getCallId());
                    }
                    return reply;
                });
    }

    /** What is to be proved before a read is answered. */
    Leadership leadership() {
        return leadership;
    }

    @Override
    public RaftServerAsynchronousProtocol async() {
        return this;
    }

    /** Asks another node for its vote; fails as an {@link IOException} if it cannot be reached. */
    CompletableFuture<RequestVoteReplyProto> requestVoteAsync(RequestVoteRequestProto request) {
        try {
            return call(request.getServerRequest(), PeerFrame.VOTE, request, RequestVoteReplyProto.parser());
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Connects to every node, now and whenever a connection is lost: a vote must not wait for a handshake. */
    @Override
    public void start() {
        group.execute(() -> links.values().forEach(PeerLink::connect));
    }

    @Override
    public InetSocketAddress getInetSocketAddress() {
        return settings.peers().get(settings.node());
    }

    @Override
    public RpcType getRpcType() {
        return new PeerRpcType();
    }

    @Override
    public void addRaftPeers(Collection<RaftPeer> peers) {
        // The configuration names them.
    }

    @Override
    public void handleException(RaftPeerId peer, Exception failure, boolean reconnect) {
        PeerLink link = links.get(peer.toString());
        if (reconnect && link != null) {
            link.reconnect(String.valueOf(failure.getMessage()));
        }
    }

    @Override
    public void close() {
        if (group.isShuttingDown()) {
            return;
        }
        group.submit(() -> links.values().forEach(PeerLink::close))
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        group.shutdownGracefully(0, CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_TIMEOUT_SECONDS, TimeUnit.SECONDS);
    }
}
