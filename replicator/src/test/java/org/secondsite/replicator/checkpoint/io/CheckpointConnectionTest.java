package org.secondsite.replicator.checkpoint.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochAssembler;
import org.secondsite.replicator.checkpoint.Side;

/** Two ends of a connection within this process. */
class CheckpointConnectionTest {
    private static final VmId WEB = new VmId("web");
    private static final int RAM_PAGES = 64;
    private static final int KEEPALIVE_MS = 10_000;
    private static final int SOON_SECONDS = 10;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, LocalIoHandler.newFactory());
    private final BlockingQueue<EpochId> arrived = new LinkedBlockingQueue<>();

    @AfterEach
    void end() {
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    /** An answer of the agent ships the next epoch on the event loop, before what another thread had shipped got its turn there. */
    @Test
    void epochsOfTwoThreadsGoOutInTheOrderInWhichTheyWereShipped() throws Exception {
        LocalAddress address = new LocalAddress(CheckpointConnectionTest.class);
        var server = new ServerBootstrap()
                .group(loops)
                .channel(LocalServerChannel.class)
                .childHandler(installs(Side.AGENT, new Agent()))
                .bind(address)
                .sync();
        BlockingQueue<CheckpointConnection> opened = new LinkedBlockingQueue<>();
        Channel channel = new Bootstrap()
                .group(loops)
                .channel(LocalChannel.class)
                .handler(installs(Side.GATEWAY, new Silent() {
                    @Override
                    public void opened(CheckpointConnection connection) {
                        opened.add(connection);
                    }
                }))
                .connect(server.channel().localAddress())
                .sync()
                .channel();
        CheckpointConnection gateway = opened.poll(SOON_SECONDS, TimeUnit.SECONDS);
        Epochs guest = new Epochs(WEB, RAM_PAGES, 1);
        Epoch first = guest.next(new EpochId(1, 1), 10);
        Epoch second = guest.next(new EpochId(1, 2), 10);
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch shipped = new CountDownLatch(1);
        channel.eventLoop().execute(() -> {
            busy.countDown();
            try {
                shipped.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            gateway.ship(second, 0, second::close);
        });
        busy.await();
        gateway.ship(first, 0, first::close);
        shipped.countDown();
        List<EpochId> order = new ArrayList<>();
        order.add(arrived.poll(SOON_SECONDS, TimeUnit.SECONDS));
        order.add(arrived.poll(SOON_SECONDS, TimeUnit.SECONDS));
        assertEquals(List.of(new EpochId(1, 1), new EpochId(1, 2)), order);
    }

    private static ChannelInitializer<Channel> installs(Side side, CheckpointConnection.Events events) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                CheckpointConnection.install(channel, side, KEEPALIVE_MS, events, Life.unwatched("test"));
            }
        };
    }

    private static class Silent implements CheckpointConnection.Events {
        @Override
        public void opened(CheckpointConnection connection) {}

        @Override
        public void message(CheckpointConnection connection, CheckpointMessage message) {}

        @Override
        public void closed(CheckpointConnection connection, String reason) {}
    }

    /** Puts epochs together. */
    private final class Agent extends Silent {
        private final EpochAssembler assembler = new EpochAssembler(WEB, RAM_PAGES * 4096L);

        @Override
        public void message(CheckpointConnection connection, CheckpointMessage message) {
            if (message instanceof CheckpointMessage.EpochPart part
                    && assembler.accept(part)
                            instanceof Decoded.Complete<EpochAssembler.Arrived, String>(EpochAssembler.Arrived whole)) {
                try (Epoch epoch = whole.epoch()) {
                    arrived.add(epoch.header().epoch());
                }
            }
        }

        @Override
        public void closed(CheckpointConnection connection, String reason) {
            assembler.close();
        }
    }
}
