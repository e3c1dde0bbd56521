package org.secondsite.management.netconf.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.apache.sshd.server.Environment;
import org.apache.sshd.server.ExitCallback;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.command.Command;
import org.secondsite.management.Caller;
import org.secondsite.management.netconf.NetconfSession;
import org.secondsite.net.Causes;

/** One session's channel of SSH. What the client sends while it is answered stays in its window. */
final class NetconfChannel implements Command {
    private static final int BUFFER = 32_768;

    private final NetconfServer server;
    private final Caller caller;
    private final SocketAddress from;
    private InputStream in;
    private OutputStream out;
    private ExitCallback exit;

    NetconfChannel(NetconfServer server, Caller caller, SocketAddress from) {
        this.server = server;
        this.caller = caller;
        this.from = from;
    }

    @Override
    public void setInputStream(InputStream stream) {
        in = stream;
    }

    @Override
    public void setOutputStream(OutputStream stream) {
        out = stream;
    }

    @Override
    public void setErrorStream(OutputStream stream) {
        // Nothing is told there.
    }

    @Override
    public void setExitCallback(ExitCallback callback) {
        exit = callback;
    }

    @Override
    public void start(ChannelSession channel, Environment environment) {
        Thread.ofVirtual().name("netconf").start(() -> {
            try {
                run(channel);
            } catch (IOException | RuntimeException e) {
                server.tell(
                        "failed", "netconf: the session of {} at {} ends: {}", caller.name(), from, Causes.words(e));
            } finally {
                exit.onExit(0);
            }
        });
    }

    private void run(ChannelSession channel) throws IOException {
        Optional<NetconfSession> opened;
        try {
            opened = server.netconf().join().open(caller, () -> {
                var _ = channel.close(true);
            });
        } catch (CompletionException e) {
            throw new IOException("the YANG module cannot be read", e);
        }
        if (opened.isEmpty()) {
            server.tell(
                    "too-many",
                    "netconf: there are too many sessions: that of {} at {} is closed",
                    caller.name(),
                    from);
            return;
        }
        NetconfSession session = opened.get();
        try {
            send(session.hello());
            byte[] buffer = new byte[BUFFER];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                NetconfSession.Turn turn = turn(session, Arrays.copyOf(buffer, count));
                turn.told().forEach(told -> server.audit(session, from, told));
                send(turn.out());
                if (turn.ends().isPresent()) {
                    return;
                }
            }
        } finally {
            List<String> obstacles = session.ended();
            obstacles.forEach(line -> server.tell(
                    "not-taken-back",
                    "netconf: what session {} was to confirm stays until its time is over: {}",
                    session.id(),
                    line));
        }
    }

    private NetconfSession.Turn turn(NetconfSession session, byte[] octets) {
        try {
            return session.received(octets);
        } catch (RuntimeException e) {
            server.tell("failure", "netconf: a request of {} failed", caller.name(), e);
            return new NetconfSession.Turn(session.failed(), List.of(), Optional.of("failed"));
        }
    }

    private void send(byte[] octets) throws IOException {
        out.write(octets);
        out.flush();
    }

    @Override
    public void destroy(ChannelSession channel) {
        try {
            in.close();
        } catch (IOException e) {
            server.tell("closing", "netconf: {}", Causes.words(e));
        }
    }
}
