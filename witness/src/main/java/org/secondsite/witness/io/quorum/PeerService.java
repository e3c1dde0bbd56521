package org.secondsite.witness.io.quorum;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.InstallSnapshotRequestProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcReplyProto;
import org.apache.ratis.proto.RaftProtos.RaftRpcRequestProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexReplyProto;
import org.apache.ratis.proto.RaftProtos.ReadIndexRequestProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.thirdparty.com.google.protobuf.AbstractMessage;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.secondsite.net.io.StrangersLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves another node's calls on a connection whose certificate is a witness's. Each call runs on a virtual thread, as it may
 * wait for the disk; Raft needs no order among them.
 */
final class PeerService extends SimpleChannelInboundHandler<PeerFrame> {
    private static final Logger LOG = LoggerFactory.getLogger(PeerService.class);

    private final QuorumSettings settings;
    private final RaftServer server;
    private final Supplier<CompletableFuture<Void>> proof;
    private final StrangersLog callers;
    private String caller = "";

    /**
     * Serves one connection.
     *
     * @param proof that this node leads, begun now
     * @param callers where lines about callers go that are no node
     */
    PeerService(
            QuorumSettings settings, RaftServer server, Supplier<CompletableFuture<Void>> proof, StrangersLog callers) {
        this.settings = settings;
        this.server = server;
        this.proof = proof;
        this.callers = callers;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, PeerFrame frame) {
        if (!caller.isEmpty()) {
            Thread.ofVirtual().name("witness-call").start(() -> serve(context, frame));
        } else if (frame.kind() == PeerFrame.HELLO) {
            greet(context, frame);
        } else {
            refuse(context, frame, "the first call must be a hello");
        }
    }

    private void greet(ChannelHandlerContext context, PeerFrame frame) {
        PeerFrame.Hello hello;
        try {
            hello = PeerFrame.Hello.of(frame);
        } catch (IllegalArgumentException e) {
            refuse(context, frame, String.valueOf(e.getMessage()));
            return;
        }
        Map<String, ?> others = settings.others();
        if (!hello.to().equals(settings.node())) {
            refuse(context, frame, "this is node '" + settings.node() + "', not '" + hello.to() + "'");
        } else if (!others.containsKey(hello.from())) {
            refuse(context, frame, "node '" + hello.from() + "' is none of the peers " + others.keySet());
        } else {
            caller = hello.from();
            LOG.info("node {} calls from {}", caller, context.channel().remoteAddress());
            var _ = context.writeAndFlush(
                    new PeerFrame.Hello(hello.from(), settings.node()).frame(PeerFrame.HELLO | PeerFrame.ANSWER));
        }
    }

    private void refuse(ChannelHandlerContext context, PeerFrame frame, String reason) {
        callers.tell("refused", "a node at {} is refused: {}", context.channel().remoteAddress(), reason);
        var _ = context.writeAndFlush(frame.failure(reason)).addListener(ChannelFutureListener.CLOSE);
    }

    private void serve(ChannelHandlerContext context, PeerFrame frame) {
        try {
            ByteString payload = frame.payload();
            switch (frame.kind()) {
                case PeerFrame.VOTE ->
                    answer(context, frame, server.requestVote(RequestVoteRequestProto.parseFrom(payload)));
                case PeerFrame.APPEND ->
                    answer(context, frame, server.appendEntries(AppendEntriesRequestProto.parseFrom(payload)));
                case PeerFrame.SNAPSHOT ->
                    answer(context, frame, server.installSnapshot(InstallSnapshotRequestProto.parseFrom(payload)));
                case PeerFrame.CANDIDATE ->
                    answer(
                            context,
                            frame,
                            server.startLeaderElection(StartLeaderElectionRequestProto.parseFrom(payload)));
                case PeerFrame.READ_INDEX -> readIndex(context, frame);
                default -> fail(context, frame, new IOException("unknown call " + frame.kind()));
            }
        } catch (IOException | RuntimeException e) {
            fail(context, frame, e);
        }
    }

    private void readIndex(ChannelHandlerContext context, PeerFrame frame) throws IOException {
        ReadIndexRequestProto request = ReadIndexRequestProto.parseFrom(frame.payload());
        var _ = proof.get()
                .thenCompose(proved -> readIndex(request))
                .exceptionally(unproved -> refusal(request))
                .whenComplete((reply, failure) -> {
                    if (failure == null) {
                        answer(context, frame, reply);
                    } else {
                        fail(context, frame, failure);
                    }
                });
    }

    private CompletableFuture<ReadIndexReplyProto> readIndex(ReadIndexRequestProto request) {
        try {
            return server.readIndexAsync(request);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** As of a node that does not lead. */
    private static ReadIndexReplyProto refusal(ReadIndexRequestProto request) {
        RaftRpcRequestProto asked = request.getServerRequest();
        return ReadIndexReplyProto.newBuilder()
                .setServerReply(RaftRpcReplyProto.newBuilder()
                        .setRequestorId(asked.getRequestorId())
                        .setReplyId(asked.getReplyId())
                        .setRaftGroupId(asked.getRaftGroupId())
                        .setCallId(asked.getCallId())
                        .setSuccess(false))
                .setReadIndex(RaftLog.INVALID_LOG_INDEX)
                .build();
    }

    private static void answer(ChannelHandlerContext context, PeerFrame frame, AbstractMessage reply) {
        var _ = context.writeAndFlush(
                new PeerFrame(frame.kind() | PeerFrame.ANSWER, frame.callId(), reply.toByteString()));
    }

    private void fail(ChannelHandlerContext context, PeerFrame frame, Throwable failure) {
        LOG.debug("call {} of {} fails", frame.kind(), caller, failure);
        var _ = context.writeAndFlush(frame.failure(String.valueOf(failure.getMessage())));
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (!caller.isEmpty()) {
            LOG.info("node {} is gone", caller);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        callers.tell("failed", "node {} at {}: {}", caller, context.channel().remoteAddress(), cause.toString());
        var _ = context.close();
    }
}
