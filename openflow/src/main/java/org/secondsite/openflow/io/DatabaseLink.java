package org.secondsite.openflow.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.secondsite.net.Causes;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.ovsdb.DatabaseSession;
import org.secondsite.openflow.ovsdb.JsonTexts;
import org.secondsite.openflow.ovsdb.Remedy;
import org.secondsite.openflow.session.Peer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connection to one switch's database, made again each second while it is not there. On the loop's thread only. */
final class DatabaseLink {
    private static final Logger LOG = LoggerFactory.getLogger(DatabaseLink.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_MESSAGE_BYTES = 16 << 20;
    private static final int CONNECT_MS = 2000;
    private static final long RETRY_NANOS = 1_000_000_000L;

    private final EventLoop loop;
    private final DatabaseAccess access;
    private final SwitchTls tls;
    private final Events events;
    private final Life life;
    private Conversation conversation;
    private boolean isTried;
    private boolean isClosed;
    private long triedNanos;

    /** Told what becomes of it. */
    interface Events {
        /** Something has changed in the database. */
        void changed(DatabaseSession session);

        /** It has not taken a change. */
        void refused(String reason);

        /** It cannot be asked now. */
        void lost(String reason);
    }

    DatabaseLink(EventLoop loop, DatabaseAccess access, SwitchTls tls, Events events, Life life) {
        this.loop = loop;
        this.access = access;
        this.tls = tls;
        this.events = events;
        this.life = life;
    }

    void tick(long nowNanos) {
        if (conversation == null && !isClosed && (!isTried || nowNanos - triedNanos >= RETRY_NANOS)) {
            isTried = true;
            triedNanos = nowNanos;
            connect();
        } else if (conversation != null && conversation.context != null) {
            conversation.perform(conversation.session.tick(nowNanos));
        }
    }

    void mend(List<Remedy> remedies) {
        if (conversation != null && conversation.context != null) {
            conversation.perform(conversation.session.mend(remedies));
        }
    }

    /** Nothing is told any more. */
    void close() {
        isClosed = true;
        if (conversation != null && conversation.context != null) {
            ChannelFuture _ = conversation.context.close();
        }
        conversation = null;
    }

    private void connect() {
        Optional<SslHandler> first = access.certificate().isEmpty()
                ? Optional.empty()
                : tls.newHandler(Peer.Opener.CONTROLLER, ByteBufAllocator.DEFAULT);
        Conversation next = new Conversation(first);
        conversation = next;
        ChannelFuture _ = new Bootstrap()
                .group(loop)
                .channel(EpollSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MS)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        first.ifPresent(channel.pipeline()::addLast);
                        channel.pipeline().addLast(next);
                    }
                })
                .connect(access.address())
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        next.ended(String.valueOf(connected.cause().getMessage()));
                    }
                });
    }

    private final class Conversation extends SimpleChannelInboundHandler<ByteBuf> {
        private final DatabaseSession session = new DatabaseSession();
        private final JsonTexts texts = new JsonTexts(MAX_MESSAGE_BYTES);
        private ChannelHandlerContext context;
        private final Optional<SslHandler> first;
        private boolean isEnding;
        private String reason = "the database closed the connection";

        private Conversation(Optional<SslHandler> first) {
            this.first = first;
        }

        @Override
        public void channelActive(ChannelHandlerContext active) {
            if (isClosed) {
                ChannelFuture _ = active.close();
            } else if (first.isEmpty()) {
                open(active);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext from, Object event) {
            if (!(event instanceof SslHandshakeCompletionEvent handshake)) {
                from.fireUserEventTriggered(event);
            } else if (!handshake.isSuccess()) {
                close(from, "TLS: " + Causes.words(handshake.cause()));
            } else if (isClosed || !access.certificate().equals(first.map(TlsIdentity::commonName))) {
                close(from, "it shows the certificate of '" + TlsIdentity.commonName(first.get()) + "'");
            } else {
                open(from);
            }
        }

        private void open(ChannelHandlerContext opened) {
            context = opened;
            perform(session.opened(System.nanoTime()));
        }

        @Override
        protected void channelRead0(ChannelHandlerContext from, ByteBuf bytes) {
            try {
                for (String text : texts.take(ByteBufUtil.getBytes(bytes))) {
                    perform(session.received(JSON.readTree(text), System.nanoTime()));
                }
            } catch (JsonTexts.Malformed | JsonProcessingException e) {
                close(from, String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext inactive) {
            ended(reason);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext failing, Throwable cause) {
            if (Defects.isDefect(cause)) {
                life.failed(cause);
            }
            close(failing, first.isPresent() ? Causes.words(cause) : cause.toString());
        }

        private void perform(List<DatabaseSession.Effect> effects) {
            if (isClosed) {
                return;
            }
            for (DatabaseSession.Effect effect : effects) {
                switch (effect) {
                    case DatabaseSession.Effect.Send(var message) -> {
                        ByteBuf text = Unpooled.copiedBuffer(message.toString(), StandardCharsets.UTF_8);
                        // A write that fails comes back through exceptionCaught.
                        ChannelFuture _ = context.writeAndFlush(text, context.voidPromise());
                    }
                    case DatabaseSession.Effect.Changed() -> events.changed(session);
                    case DatabaseSession.Effect.Refused(String why) -> events.refused(why);
                    case DatabaseSession.Effect.Close(String why) -> close(context, why);
                }
            }
        }

        /** The first reason is told. */
        private void close(ChannelHandlerContext from, String why) {
            reason = isEnding ? reason : why;
            isEnding = true;
            ChannelFuture _ = from.close();
        }

        private void ended(String why) {
            if (conversation == this) {
                conversation = null;
                LOG.debug("database at {}: {}", access, why);
                events.lost(why);
            }
        }
    }
}
