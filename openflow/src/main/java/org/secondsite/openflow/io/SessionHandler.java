package org.secondsite.openflow.io;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.net.InetSocketAddress;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.config.SwitchId;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.openflow.session.SwitchSession;
import org.secondsite.openflow.wire.Incoming;

/** One connection: hands messages to its session, and gathers what the session sends into few writes. */
final class SessionHandler extends SimpleChannelInboundHandler<Incoming> {
    /** A bundle of thousands of messages goes out in buffers of about this size. */
    private static final int GATHERED_BYTES = 64 << 10;

    private final SwitchController controller;
    private final Life life;
    private final Turn turn;
    private ChannelHandlerContext context;
    private String remote;
    private String host;
    private SwitchSession session;
    private ByteBuf gathered;
    private String reason = "the switch closed the connection";

    SessionHandler(SwitchController controller, Life life, Turn turn) {
        this.controller = controller;
        this.life = life;
        this.turn = turn;
    }

    SwitchSession session() {
        return session;
    }

    /** The switch's name, or its address while it has not said which it is. */
    String name() {
        return session.switchId().map(SwitchId::name).orElse(remote);
    }

    /** The address at the other end. */
    String remote() {
        return remote;
    }

    /** The same without the port, which changes with every connection. */
    String host() {
        return host;
    }

    void send(OFMessage message) {
        if (gathered == null) {
            gathered = context.alloc().buffer();
        }
        message.writeTo(gathered);
        if (gathered.readableBytes() >= GATHERED_BYTES) {
            write();
        }
    }

    void flush() {
        write();
        context.flush();
    }

    void end(String why) {
        reason = why;
        flush();
        ChannelFuture _ = context.close();
    }

    @Override
    public void channelActive(ChannelHandlerContext active) {
        context = active;
        remote = String.valueOf(active.channel().remoteAddress());
        host = active.channel().remoteAddress() instanceof InetSocketAddress address
                ? address.getAddress().getHostAddress()
                : remote;
        session = controller.opened(this, remote);
        controller.perform(this, session.opened(System.nanoTime()));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext from, Incoming incoming) {
        if (incoming instanceof Incoming.Unparsable unparsable) {
            controller.skipped(this, unparsable);
        }
        controller.perform(this, session.received(incoming, System.nanoTime()));
        turn.made();
    }

    @Override
    public void channelInactive(ChannelHandlerContext inactive) {
        controller.closed(this, reason);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext failing, Throwable cause) {
        if (Defects.isDefect(cause)) {
            life.failed(cause);
        }
        end(cause.toString());
    }

    private void write() {
        if (gathered != null) {
            // A write that fails comes back through exceptionCaught.
            ChannelFuture _ = context.write(gathered, context.voidPromise());
            gathered = null;
        }
    }
}
