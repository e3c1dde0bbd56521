package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.tunnel.Wire;

class LinkTest {
    /** As the kernel does once the peer has reset a connection: it sets no option any more. */
    private static final class BrokenChannel extends EmbeddedChannel {
        private final ChannelConfig refusing = new DefaultChannelConfig(this) {
            @Override
            public <T> boolean setOption(ChannelOption<T> option, T value) {
                throw new ChannelException("setsockopt() failed: Operation not supported");
            }
        };
        private boolean broken;

        @Override
        public ChannelConfig config() {
            return broken ? refusing : super.config();
        }
    }

    /** After a stop of many seconds the peer has given the connection up, and the first tick comes before the socket tells. */
    @Test
    void aBrokenSocketThatRefusesOptionsIsNoDefect() {
        try (Life life = Life.unwatched("link")) {
            Link link = new Link(100, life, () -> {}, (wire, now) -> null);
            BrokenChannel channel = new BrokenChannel();
            channel.pipeline().addLast(link);
            channel.broken = true;
            assertDoesNotThrow(() -> link.measure(System.nanoTime() + TimeUnit.SECONDS.toNanos(1)));
            assertDoesNotThrow(() -> link.close(Wire.Closing.LOSING_WHAT_WAITS));
            assertTrue(!life.isOver());
        }
    }
}
