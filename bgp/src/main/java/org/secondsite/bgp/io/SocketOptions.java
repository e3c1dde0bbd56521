package org.secondsite.bgp.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.bgp.session.NeighborSettings;

/** The socket options of BGP connections: no delay, MD5 signatures (RFC 2385), TTL security (RFC 5082). */
final class SocketOptions {
    /** Above the high mark no further UPDATE is made; the difference waits in the Adj-RIB-Out. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private static final int MAXIMUM_TTL = 255;
    // Linux: level and name of the options as in <netinet/in.h>.
    private static final ChannelOption<Integer> IP_TTL = new IntegerUnixChannelOption("IP_TTL", 0, 2);
    private static final ChannelOption<Integer> IP_MINTTL = new IntegerUnixChannelOption("IP_MINTTL", 0, 21);
    private static final ChannelOption<Integer> IPV6_UNICAST_HOPS =
            new IntegerUnixChannelOption("IPV6_UNICAST_HOPS", 41, 16);
    private static final ChannelOption<Integer> IPV6_MINHOPCOUNT =
            new IntegerUnixChannelOption("IPV6_MINHOPCOUNT", 41, 73);
    private static final ChannelOption<Integer> IPV6_V6ONLY = new IntegerUnixChannelOption("IPV6_V6ONLY", 41, 26);

    private SocketOptions() {}

    static Bootstrap client(NeighborSettings neighbor, int connectTimeoutMs) {
        SocketProtocolFamily family = family(neighbor.address());
        Bootstrap bootstrap = new Bootstrap()
                .channelFactory(() -> new EpollSocketChannel(family))
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectTimeoutMs);
        Map<InetAddress, byte[]> keys = keys(List.of(neighbor));
        if (!keys.isEmpty()) {
            bootstrap.option(EpollChannelOption.TCP_MD5SIG, keys);
        }
        neighbor.options().ttlSecurityHops().ifPresent(hops -> {
            boolean ipv4 = neighbor.address() instanceof Inet4Address;
            bootstrap.option(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAXIMUM_TTL);
            bootstrap.option(ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, MAXIMUM_TTL + 1 - hops);
        });
        return bootstrap;
    }

    /** The listener carries the keys of all neighbours of its IP version: the kernel picks the one of the sender. */
    static ServerBootstrap server(InetAddress address, List<NeighborSettings> neighbors, int backlog) {
        boolean ipv4 = address instanceof Inet4Address;
        SocketProtocolFamily family = family(address);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .channelFactory(() -> new EpollServerSocketChannel(family))
                .option(ChannelOption.SO_BACKLOG, backlog)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
        if (!ipv4) {
            bootstrap.option(IPV6_V6ONLY, 1);
        }
        Map<InetAddress, byte[]> keys = keys(neighbors);
        if (!keys.isEmpty()) {
            bootstrap.option(EpollChannelOption.TCP_MD5SIG, keys);
        }
        if (neighbors.stream().anyMatch(n -> n.options().ttlSecurityHops().isPresent())) {
            // The SYN-ACK has to bear it already; the check itself is per neighbour, on the accepted socket.
            bootstrap.option(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAXIMUM_TTL);
        }
        return bootstrap;
    }

    /** What only the accepted socket can have, since the listener serves all neighbours. */
    static void accepted(Channel channel, NeighborSettings neighbor) {
        neighbor.options().ttlSecurityHops().ifPresent(hops -> {
            boolean ipv4 = neighbor.address() instanceof Inet4Address;
            channel.config().setOption(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAXIMUM_TTL);
            channel.config().setOption(ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, MAXIMUM_TTL + 1 - hops);
        });
    }

    private static SocketProtocolFamily family(InetAddress address) {
        return address instanceof Inet4Address ? SocketProtocolFamily.INET : SocketProtocolFamily.INET6;
    }

    private static Map<InetAddress, byte[]> keys(List<NeighborSettings> neighbors) {
        Map<InetAddress, byte[]> keys = new HashMap<>();
        for (NeighborSettings neighbor : neighbors) {
            neighbor.md5Password()
                    .ifPresent(password -> keys.put(neighbor.address(), password.getBytes(StandardCharsets.UTF_8)));
        }
        return keys;
    }
}
