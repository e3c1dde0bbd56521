package org.secondsite.witness.io.quorum;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ratis.client.impl.ClientProtoUtils;
import org.apache.ratis.proto.RaftProtos.FollowerInfoProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteReplyProto;
import org.apache.ratis.proto.RaftProtos.RequestVoteRequestProto;
import org.apache.ratis.proto.RaftProtos.StartLeaderElectionRequestProto;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.secondsite.witness.LeaderSilence;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a silent leader replaced sooner than Ratis does by itself.
 *
 * <p>A follower of Ratis 3.3.0 looks for its leader's silence only when a sleep of a random election timeout is over
 * ({@code FollowerState}), so it notices a death after up to two of them, and two followers may notice at once and split the
 * votes. This one looks every {@link LeaderSilence#LOOK_MS}. When {@link LeaderSilence} says so it sends the others Ratis' own
 * pre-vote, and when a majority has granted it, this node included, it does what it would do if the leader handed over to it
 * (thesis §3.10): it stands for election at once. Nothing of Raft's safety is in question: a node may stand at any time, and
 * the votes decide. What this does not catch, such as a leader that dies before its first entry, Ratis' own clock does.
 */
final class LeaderWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderWatch.class);

    /** Asks another node for its vote. */
    interface Ballot {
        CompletableFuture<RequestVoteReplyProto> ask(RequestVoteRequestProto request);
    }

    private final RaftServer server;
    private final RaftServer.Division division;
    private final List<RaftPeerId> others;
    private final Ballot ballot;
    private final int electionTimeoutMs;
    private final LeaderSilence silence;
    private final ScheduledExecutorService clock;

    private LeaderWatch(QuorumSettings settings, RaftServer server, RaftServer.Division division, Ballot ballot) {
        this.server = server;
        this.division = division;
        this.ballot = ballot;
        others = settings.others().keySet().stream().map(RaftPeerId::valueOf).toList();
        electionTimeoutMs = settings.electionTimeoutMs();
        silence = new LeaderSilence(settings.node(), settings.peers().keySet(), electionTimeoutMs, System.nanoTime());
        clock = new ScheduledThreadPoolExecutor(1, look -> {
            Thread thread = new Thread(look, "witness-leader-watch");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Looks from now on until it is closed. */
    static LeaderWatch start(QuorumSettings settings, RaftServer server, RaftServer.Division division, Ballot ballot) {
        LeaderWatch watch = new LeaderWatch(settings, server, division, ballot);
        var _ = watch.clock.scheduleWithFixedDelay(
                watch::look, LeaderSilence.LOOK_MS, LeaderSilence.LOOK_MS, TimeUnit.MILLISECONDS);
        return watch;
    }

    private void look() {
        try {
            RaftPeerId leader = division.getInfo().getLeaderId();
            if (!division.getInfo().isFollower() || leader == null) {
                return;
            }
            if (silence.askOthers(System.nanoTime(), leader.toString(), silentMs())) {
                askOthers(leader);
            }
        } catch (RuntimeException e) {
            // The next look is due whatever this one met, such as a role that changes under it.
            LOG.debug("a look for the leader fails", e);
        }
    }

    private long silentMs() {
        FollowerInfoProto follower = division.getInfo().getRoleInfoProto().getFollowerInfo();
        // While an entry of the leader's waits for this node's disk, the leader waits too, and sends no heartbeat.
        return follower.getOutstandingOp() > 0 ? 0 : follower.getLeaderInfo().getLastRpcElapsedTimeMs();
    }

    private void askOthers(RaftPeerId leader) {
        RaftGroupMemberId self = division.getMemberId();
        long term = division.getInfo().getCurrentTerm();
        TermIndex last = division.getRaftLog().getLastEntryTermIndex();
        if (last == null || last.getTerm() < term) {
            return;
        }
        AtomicInteger granted = new AtomicInteger(1);
        int majority = (others.size() + 1) / 2 + 1;
        for (RaftPeerId other : others) {
            RequestVoteRequestProto request = RequestVoteRequestProto.newBuilder()
                    .setServerRequest(ClientProtoUtils.toRaftRpcRequestProtoBuilder(self, other))
                    .setCandidateTerm(term)
                    .setCandidateLastEntry(last.toProto())
                    .setPreVote(true)
                    .build();
            var _ = ballot.ask(request)
                    .thenAcceptAsync(
                            reply -> {
                                if (reply.getServerReply().getSuccess() && granted.incrementAndGet() == majority) {
                                    stand(leader, term, last);
                                }
                            },
                            clock);
        }
    }

    private void stand(RaftPeerId leader, long term, TermIndex last) {
        boolean heardSince = silentMs() < electionTimeoutMs;
        if (heardSince || division.getInfo().getCurrentTerm() != term) {
            return;
        }
        LOG.info("leader {} is silent, and a majority does not hear it either", leader);
        StartLeaderElectionRequestProto request = StartLeaderElectionRequestProto.newBuilder()
                .setServerRequest(ClientProtoUtils.toRaftRpcRequestProtoBuilder(
                        RaftGroupMemberId.valueOf(leader, division.getMemberId().getGroupId()), division.getId()))
                .setLeaderLastEntry(last.toProto())
                .build();
        try {
            server.startLeaderElection(request);
        } catch (IOException e) {
            LOG.info("no election: {}", e.toString());
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
