package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.tls.io.TlsIdentity;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.tunnel.FirstFrameTest;
import org.secondsite.replicator.tunnel.ResetCode;

/** A peer with the right certificate that speaks protocol 1, over real TLS: its bytes are written by hand. */
@Timeout(180)
class VersionRefusalTest extends TunnelPair {
    private static final String REASON = "this end speaks protocol versions 3 to 4, the other version 1";

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

    @Override
    @AfterEach
    void closeAll() throws Exception {
        super.closeAll();
        var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }

    @Test
    void anOldPeerThatConnectsIsRefusedAndTheHealthyPairGoesOn() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atB.answerOn(b);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        Epochs guest = new Epochs(WEB, 100, 1);
        a.send(guest.next(new EpochId(1, 1), 10));
        atA.awaitEqual(List.of("web 1/1"), atA::committed);
        for (long round = 1; round <= 3; round++) {
            long rejections = round;
            Channel old = new Bootstrap()
                    .group(group)
                    .channel(NioSocketChannel.class)
                    .handler(versionOne(pki.issue("b"), true))
                    .connect(addressA)
                    .sync()
                    .channel();
            atA.await("rejection " + round, SOON, () -> atA.rejections().size() == rejections);
            assertTrue(old.closeFuture().await(SOON.toMillis()), "the old peer's connection is closed");
            a.send(guest.next(new EpochId(1, 1 + round), 10));
            atA.awaitEqual((int) round + 1, () -> atA.committed().size());
        }
        assertEquals(List.of(ResetCode.VERSION, ResetCode.VERSION, ResetCode.VERSION), atA.rejections());
        assertTrue(atA.log().contains("rejected VERSION: " + REASON), atA.log().toString());
        atA.await(
                "in the counters",
                SOON,
                () -> a.status().rejections().getOrDefault(ResetCode.VERSION, 0L) == 3
                        && a.status().counters().rejected() == 3);
        assertEquals("VERSION: " + REASON, a.status().lastRejection());
        assertTrue(a.status().connected());
        assertEquals(
                "protocol version 4 with DISKS, MEMBERS, RESYNC, TICKS, VIEWS",
                a.status().detail());
        assertEquals(1, atA.connections());
        assertEquals(1, atB.connections());
    }

    @Test
    void anOldPeerThatIsConnectedToIsRefusedToo() throws Exception {
        Channel old = new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childHandler(versionOne(pki.issue("a"), false))
                .bind(addressA)
                .sync()
                .channel();
        closeLater(() -> old.close().sync());
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atB.await("refused, and tried again", SOON, () -> atB.rejections().size() > 1);
        assertEquals(ResetCode.VERSION, atB.rejections().get(0));
        atB.await("status", SOON, () -> b.status().detail().equals("VERSION: " + REASON));
        assertFalse(atB.isConnected());
    }

    /** Says HELLO of protocol 1 as soon as TLS stands, and reads nothing of what comes. */
    private static ChannelInitializer<Channel> versionOne(TlsFiles tls, boolean client) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) throws Exception {
                ByteBuf hello = client ? FirstFrameTest.versionOne("b", "a") : FirstFrameTest.versionOne("a", "b");
                TlsIdentity identity = client ? TlsIdentity.client(tls) : TlsIdentity.server(tls);
                channel.pipeline()
                        .addLast(identity.newHandler(channel.alloc()))
                        .addLast(new ChannelInboundHandlerAdapter() {
                            @Override
                            public void userEventTriggered(ChannelHandlerContext context, Object event) {
                                if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
                                    var _ = context.writeAndFlush(hello);
                                }
                            }
                        });
            }
        };
    }
}
