package org.secondsite.net.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.net.Backoff;

/** Over TCP on loopback. */
@Timeout(180)
class DialerTest {
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private final BlockingQueue<String> told = new LinkedBlockingQueue<>();
    private boolean defective;

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    @Test
    void whatTheOtherEndClosesIsDialledAgain() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Dialer dialer = dialer(server.getLocalPort());
            for (int i = 0; i < 3; i++) {
                try (Socket accepted = server.accept()) {
                    assertEquals("open", told.take());
                    assertTrue(accepted.isConnected());
                    assertEquals(Dialer.Phase.OPEN, onLoop(dialer));
                }
                assertEquals("closed", told.take());
            }
        }
    }

    @Test
    void whereNobodyListensItIsTriedAgainWithTheReason() throws Exception {
        Dialer dialer = dialer(1);
        for (int i = 0; i < 3; i++) {
            String reason = told.take();
            assertTrue(reason.startsWith("unreachable: cannot connect: "), reason);
        }
        assertTrue(onLoop(dialer) == Dialer.Phase.WAITING || onLoop(dialer) == Dialer.Phase.DIALLING);
    }

    @Test
    void anAttemptForWhichThereIsNoChannelIsFollowedByAnother() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            defective = true;
            dialer(server.getLocalPort());
            assertTrue(told.take().startsWith("unreachable: "));
            assertTrue(told.take().startsWith("unreachable: "));
            loop.submit(() -> defective = false).sync();
            String next = told.take();
            while (next.startsWith("unreachable: ")) {
                next = told.take();
            }
            assertEquals("open", next);
        }
    }

    @Test
    void oneThatIsClosedDialsNoMore() throws Exception {
        Dialer dialer = dialer(1);
        assertTrue(told.take().startsWith("unreachable: "));
        loop.submit(() -> dialer.close("the test is over")).sync();
        told.clear();
        loop.submit(dialer::dial).sync();
        loop.submit(() -> dialer.lost("once more")).sync();
        assertEquals(Dialer.Phase.CLOSED, onLoop(dialer));
        assertEquals("the test is over", dialer.reason());
        assertTrue(told.isEmpty());
    }

    private Dialer dialer(int port) throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        Dialer[] made = new Dialer[1];
        made[0] = new Dialer(loop, address, 1000, new Backoff(1, 5), new Dialer.Line() {
            @Override
            public void install(Channel channel) {
                if (defective) {
                    throw new IllegalStateException("no channel");
                }
                channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelActive(ChannelHandlerContext context) {
                        made[0].opened();
                        told.add("open");
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext context) {
                        told.add("closed");
                        made[0].lost("closed by the other end");
                    }
                });
            }

            @Override
            public void unreachable(String reason) {
                told.add("unreachable: " + reason);
            }
        });
        loop.submit(made[0]::dial).sync();
        return made[0];
    }

    private Dialer.Phase onLoop(Dialer dialer) throws Exception {
        return loop.submit(dialer::phase).get();
    }
}
