package org.secondsite.witness.io.quorum;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/**
 * The settings of Ratis. Its own are made for megabytes per second; ours is a small service that must fit into little memory
 * and whose leader must be replaced quickly.
 */
final class RaftTuning {
    private static final int SNAPSHOT_EVERY = 2000;
    private static final int SNAPSHOTS_KEPT = 2;
    private static final String KIB_64 = "64KB";
    private static final String KIB_128 = "128KB";
    private static final String MIB_1 = "1MB";

    /** How long a read waits for a leader that proves itself, and again for the log to be applied. */
    static final long READ_MS = 1000;

    private RaftTuning() {}

    static RaftProperties properties(QuorumSettings settings, Path directory) {
        RaftProperties raft = new RaftProperties();
        RaftConfigKeys.Rpc.setType(raft, new PeerRpcType());
        RaftServerConfigKeys.setStorageDir(raft, List.of(directory.toFile()));
        timing(raft, settings);
        log(raft);
        bounds(raft);
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(raft, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(raft, SNAPSHOT_EVERY);
        RaftServerConfigKeys.Snapshot.setCreationGap(raft, SNAPSHOT_EVERY);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(raft, SNAPSHOTS_KEPT);
        RaftServerConfigKeys.Read.setOption(raft, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        RaftServerConfigKeys.Read.setTimeout(raft, ms(READ_MS));
        return raft;
    }

    private static void timing(RaftProperties raft, QuorumSettings settings) {
        int least = settings.electionTimeoutMs();
        // A node alone has nobody to wait for.
        boolean alone = settings.others().isEmpty();
        RaftServerConfigKeys.Rpc.setTimeoutMin(raft, ms(least));
        // LeaderWatch is to be first; and a leader whose followers wait for their disks does not step down so soon.
        RaftServerConfigKeys.Rpc.setTimeoutMax(raft, ms(3L * least));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(raft, ms(alone ? 1 : least));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(raft, ms(alone ? 10 : 2L * least));
        RaftServerConfigKeys.Rpc.setSleepTime(raft, ms(10));
        // A leader that has lost the majority steps down, and may stand again when the next election is due.
        RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(raft, ms(2L * least));
        // A node that was stopped goes on where it was; Raft is safe whatever the pause was.
        RaftServerConfigKeys.setCloseThreshold(raft, TimeDuration.valueOf(365, TimeUnit.DAYS));
    }

    private static void log(RaftProperties raft) {
        // The open segment is in memory too, an entry of a hundred octets as a kilobyte of objects.
        RaftServerConfigKeys.Log.setSegmentSizeMax(raft, SizeInBytes.valueOf(KIB_128));
        RaftServerConfigKeys.Log.setPreallocatedSize(raft, SizeInBytes.valueOf(KIB_128));
        RaftServerConfigKeys.Log.setWriteBufferSize(raft, SizeInBytes.valueOf(KIB_128));
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(raft, 1);
        RaftServerConfigKeys.Log.setSegmentCacheSizeMax(raft, SizeInBytes.valueOf(KIB_128));
        RaftServerConfigKeys.Log.setQueueByteLimit(raft, SizeInBytes.valueOf(MIB_1));
        RaftServerConfigKeys.Log.setQueueElementLimit(raft, 512);
        RaftServerConfigKeys.Log.setPurgeGap(raft, 1);
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(raft, true);
        // What was acknowledged must not be forgotten: damage stops the start. See TornTail for what is none.
        RaftServerConfigKeys.Log.setCorruptionPolicy(raft, RaftServerConfigKeys.Log.CorruptionPolicy.EXCEPTION);
        // Otherwise every grant is followed by an entry of its own that says so, forced to the disk as well: the next
        // grant
        // waits behind it, and at the state machine the two may meet (StateMachineUpdater of 3.3.0 loses a signal that
        // comes
        // between its look at the log and its wait, and then looks again after 100 ms). A node that starts learns
        // from the leader what is committed.
        RaftServerConfigKeys.Log.setLogMetadataEnabled(raft, false);
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(raft, SizeInBytes.valueOf(KIB_64));
        RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(raft, SizeInBytes.valueOf(KIB_64));
    }

    private static void bounds(RaftProperties raft) {
        RaftServerConfigKeys.Write.setElementLimit(raft, 512);
        RaftServerConfigKeys.Write.setByteLimit(raft, SizeInBytes.valueOf(MIB_1));
        RaftServerConfigKeys.Watch.setElementLimit(raft, 16);
        // Repetitions are recognised by the record book, for as long as the record stands.
        RaftServerConfigKeys.RetryCache.setExpiryTime(raft, ms(1000));
    }

    private static TimeDuration ms(long milliseconds) {
        return TimeDuration.valueOf(milliseconds, TimeUnit.MILLISECONDS);
    }
}
