package org.secondsite.witness.io.quorum;

import org.apache.ratis.conf.Parameters;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.ServerFactory;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;

/** Tells Ratis to use {@link PeerTransport}. Ratis makes an instance by reflection, from the name of this class. */
public final class PeerRpcType implements RpcType {
    private static final String TRANSPORT = "secondsite.transport";

    /** For Ratis. */
    public PeerRpcType() {}

    static Parameters parameters(PeerTransport transport) {
        Parameters parameters = new Parameters();
        parameters.put(TRANSPORT, transport, PeerTransport.class);
        return parameters;
    }

    @Override
    public String name() {
        return PeerRpcType.class.getName();
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        return new Factory(parameters.getNonNull(TRANSPORT, PeerTransport.class));
    }

    private record Factory(PeerTransport transport) implements ServerFactory {
        @Override
        public RaftServerRpc newRaftServerRpc(RaftServer server) {
            return transport;
        }

        @Override
        public LogAppender newLogAppender(RaftServer.Division server, LeaderState state, FollowerInfo follower) {
            LogAppender appender = LogAppender.newLogAppenderDefault(server, state, follower);
            transport.leadership().reaches(appender.getFollowerId().toString(), appender::triggerHeartbeat);
            return appender;
        }

        @Override
        public RpcType getRpcType() {
            return new PeerRpcType();
        }
    }
}
