package org.secondsite.openflow.io;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.config.SwitchId;
import org.secondsite.net.Causes;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.Turn;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.openflow.session.Peer;
import org.secondsite.openflow.session.SwitchSession;
import org.secondsite.openflow.wire.Incoming;

/** One connection: hands messages to its session, and gathers what the session sends into few writes. */
final class SessionHandler extends SimpleChannelInboundHandler<Incoming> {
    /** A bundle of thousands of messages goes out in buffers of about this size. */
    private static final int GATHERED_BYTES = 64 << 10;

    private final SwitchController controller;
    private final Life life;
    private final Turn turn;
    private final Optional<Call> call;
    private final Optional<SslHandler> tls;
    private ChannelHandlerContext context;
    private String remote;
    private String host;
    private SwitchSession session;
    private ByteBuf gathered;
    private boolean isEnded;
    private String reason = "the switch closed the connection";

    /**
     * Of a connection that is to be.
     *
     * @param call what has dialled it; empty: the switch has
     * @param tls the handler before this one; empty: the connection is in plain text
     */
    SessionHandler(SwitchController controller, Life life, Turn turn, Optional<Call> call, Optional<SslHandler> tls) {
        this.controller = controller;
        this.life = life;
        this.turn = turn;
        this.call = call;
        this.tls = tls;
    }

    /** What has dialled it. */
    Optional<Call> call() {
        return call;
    }

    /** {@code null} while the other end has not proved who it is, where it has to. */
    SwitchSession session() {
        return session;
    }

    /** The switch's name, or its address while it has not said which it is. */
    String name() {
        return Optional.ofNullable(session)
                .flatMap(SwitchSession::switchId)
                .map(SwitchId::name)
                .orElse(remote);
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
            // The switch works on them while the next are written.
            flush();
        }
    }

    void flush() {
        write();
        context.flush();
    }

    /** The first reason is told. */
    void end(String why) {
        reason = isEnded ? reason : why;
        isEnded = true;
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
        if (call.isEmpty()) {
            controller.arrived(this);
        }
        if (tls.isEmpty()) {
            open(Optional.empty());
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext from, Object event) {
        if (event instanceof SslHandshakeCompletionEvent handshake) {
            if (handshake.isSuccess()) {
                open(tls.map(TlsIdentity::commonName));
            } else {
                end("TLS: " + Causes.words(handshake.cause()));
            }
        } else {
            from.fireUserEventTriggered(event);
        }
    }

    private void open(Optional<String> certificate) {
        if (call.isPresent() && call.get().isClosed()) {
            end("it is configured no more");
            return;
        }
        Peer.Opener opener = call.isPresent() ? Peer.Opener.CONTROLLER : Peer.Opener.SWITCH;
        session = controller.opened(this, new Peer(remote, certificate, opener));
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
        end(tls.isPresent() ? Causes.words(cause) : cause.toString());
    }

    private void write() {
        if (gathered != null) {
            // A write that fails comes back through exceptionCaught.
            ChannelFuture _ = context.write(gathered, context.voidPromise());
            gathered = null;
        }
    }
}
