package org.secondsite.openflow.io;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.secondsite.net.Backoff;
import org.secondsite.net.io.Dialer;
import org.secondsite.openflow.SwitchSettings;

/** Dials a switch that does not connect by itself, and again whenever the connection is lost. On the loop's thread only. */
final class Call implements Dialer.Line {
    private static final int CONNECT_MS = 2000;
    private static final int FIRST_WAIT_MS = 100;
    private static final int LAST_WAIT_MS = 1000;

    private final SwitchSettings settings;
    private final Dialer dialer;
    private final BiConsumer<Channel, Call> install;
    private final Consumer<String> unreachable;

    /** The same reason again is no news. */
    private String told = "";

    /**
     * Dials nothing yet.
     *
     * @param install puts the handlers into a new connection
     * @param unreachable takes why there is no connection; told when the reason changes
     */
    Call(
            SwitchSettings settings,
            InetSocketAddress address,
            EventLoop loop,
            BiConsumer<Channel, Call> install,
            Consumer<String> unreachable) {
        this.settings = settings;
        this.install = install;
        this.unreachable = unreachable;
        dialer = new Dialer(loop, address, CONNECT_MS, new Backoff(FIRST_WAIT_MS, LAST_WAIT_MS), this);
    }

    /** Whether nobody wants the switch any more. */
    boolean isClosed() {
        return dialer.phase() == Dialer.Phase.CLOSED;
    }

    /** The one switch that may answer. */
    Map<Long, SwitchSettings> known() {
        return Map.of(settings.datapathId(), settings);
    }

    void dial() {
        dialer.dial();
    }

    /** The switch has answered, and is the right one. */
    void answered() {
        told = "";
        dialer.opened();
    }

    /** The connection is over; when nothing had come of it, that is told. */
    void lost(String reason) {
        boolean wasOpen = dialer.phase() == Dialer.Phase.OPEN;
        dialer.lost(reason);
        if (!wasOpen) {
            tell(reason);
        }
    }

    void close() {
        dialer.close("it is configured no more");
    }

    @Override
    public void install(Channel channel) {
        install.accept(channel, this);
    }

    @Override
    public void unreachable(String reason) {
        tell(reason);
    }

    private void tell(String reason) {
        if (!isClosed() && !reason.equals(told)) {
            told = reason;
            unreachable.accept(dialer.address() + ": " + reason);
        }
    }
}
