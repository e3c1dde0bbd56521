package org.secondsite.bgp.io;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;

/**
 * Whose sockets a speaker has: those of Linux's epoll, or, where its library cannot be loaded, those of the JDK, to which some
 * options cannot be given. What would need them is refused: a session without the key that was asked for is worse than none.
 */
enum Transport {
    EPOLL,
    NIO;

    /** The better one of those that this machine has. */
    static Transport best() {
        return Epoll.isAvailable() ? EPOLL : NIO;
    }

    /** The one that the event loops are for. */
    static Transport of(EventLoopGroup loops) {
        return loops instanceof IoEventLoopGroup io && io.isIoType(NioIoHandler.class) ? NIO : EPOLL;
    }

    IoHandlerFactory handlers() {
        return this == EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    }

    SocketChannel client(SocketProtocolFamily family) {
        return this == EPOLL
                ? new EpollSocketChannel(family)
                : new NioSocketChannel(SelectorProvider.provider(), family);
    }

    ServerSocketChannel server(SocketProtocolFamily family) {
        return this == EPOLL
                ? new EpollServerSocketChannel(family)
                : new NioServerSocketChannel(SelectorProvider.provider(), family);
    }

    /**
     * Refuses settings that these sockets cannot have.
     *
     * @throws IOException naming all of them, and why there is no epoll
     */
    void require(SpeakerSettings settings) throws IOException {
        if (this == EPOLL) {
            return;
        }
        List<String> lacking = new ArrayList<>();
        Stream.concat(
                        settings.neighbors().stream(),
                        settings.ranges().stream()
                                .map(range -> range.neighbor(range.prefix().address())))
                .forEach(neighbor -> lacking.addAll(lacking(neighbor)));
        if (!lacking.isEmpty()) {
            Throwable cause = Epoll.unavailabilityCause();
            throw new IOException("bgp: the sockets of the JDK have no " + String.join(", no ", lacking)
                    + "; these need Netty's epoll library"
                    + (cause == null ? "" : ", which is not there: " + cause.getMessage()));
        }
    }

    private static List<String> lacking(NeighborSettings neighbor) {
        String whose = " (neighbour " + neighbor.address().getHostAddress() + ")";
        List<String> lacking = new ArrayList<>();
        neighbor.md5Password().ifPresent(_ -> lacking.add("TCP-MD5 signatures" + whose));
        neighbor.options().ttlSecurityHops().ifPresent(_ -> lacking.add("TTL security" + whose));
        neighbor.options().device().ifPresent(_ -> lacking.add("binding to an interface" + whose));
        neighbor.options().bfd().ifPresent(_ -> lacking.add("TTL check for BFD" + whose));
        return lacking;
    }
}
