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
import io.netty.channel.unix.RawUnixChannelOption;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.bgp.session.NeighborSettings;

/** The socket options of BGP connections: no delay, MD5 signatures (RFC 2385), TTL security (RFC 5082). */
final class SocketOptions {
    /** Above the high mark no further UPDATE is made; the difference waits in the Adj-RIB-Out. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(64 * 1024, 256 * 1024);

    private static final int MAX_TTL = 255;
    // Linux: level and name of the options as in <netinet/in.h>.
    private static final ChannelOption<Integer> IP_TTL = new IntegerUnixChannelOption("IP_TTL", 0, 2);
    private static final ChannelOption<Integer> IP_MINTTL = new IntegerUnixChannelOption("IP_MINTTL", 0, 21);
    private static final ChannelOption<Integer> IPV6_UNICAST_HOPS =
            new IntegerUnixChannelOption("IPV6_UNICAST_HOPS", 41, 16);
    private static final ChannelOption<Integer> IPV6_MINHOPCOUNT =
            new IntegerUnixChannelOption("IPV6_MINHOPCOUNT", 41, 73);
    private static final ChannelOption<Integer> IPV6_V6ONLY = new IntegerUnixChannelOption("IPV6_V6ONLY", 41, 26);

    private static final int SKF_NET_OFF = -0x100000;
    private static final ChannelOption<ByteBuffer> SO_ATTACH_FILTER =
            new RawUnixChannelOption("SO_ATTACH_FILTER", 1, 26, 16);

    private static final int IFNAMSIZ = 16;
    private static final ChannelOption<ByteBuffer> SO_BINDTODEVICE =
            new RawUnixChannelOption("SO_BINDTODEVICE", 1, 25, IFNAMSIZ);

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
        neighbor.options().device().ifPresent(name -> bootstrap.option(SO_BINDTODEVICE, interfaceName(name)));
        neighbor.options().ttlSecurityHops().ifPresent(hops -> {
            boolean ipv4 = neighbor.address() instanceof Inet4Address;
            bootstrap.option(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAX_TTL);
            bootstrap.option(ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, MAX_TTL + 1 - hops);
        });
        return bootstrap;
    }

    /** The name of a network interface, filled up with zeros. */
    private static ByteBuffer interfaceName(String name) {
        byte[] octets = name.getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocateDirect(IFNAMSIZ)
                .put(octets, 0, Math.min(octets.length, IFNAMSIZ - 1))
                .clear();
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
            bootstrap.option(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAX_TTL);
        }
        return bootstrap;
    }

    /** What only the accepted socket can have, since the listener serves all neighbours. */
    static void accepted(Channel channel, NeighborSettings neighbor) {
        neighbor.options().ttlSecurityHops().ifPresent(hops -> {
            boolean ipv4 = neighbor.address() instanceof Inet4Address;
            channel.config().setOption(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAX_TTL);
            channel.config().setOption(ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, MAX_TTL + 1 - hops);
        });
    }

    static void sendWithFullTtl(Bootstrap bootstrap, boolean ipv4) {
        bootstrap.option(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAX_TTL);
    }

    /**
     * Drops what came over a router: RFC 5881 §5 asks for a TTL of 255. The kernel's IP_MINTTL is for TCP only, so a
     * filter looks at the header.
     *
     * <pre>
     * ld  byte [network header + 8, or + 7 for IPv6]
     * jeq 255, 0, 1
     * ret 0xffff
     * ret 0
     * </pre>
     */
    static void receiveOnlyFullTtl(Bootstrap bootstrap, boolean ipv4) {
        int ttlAt = SKF_NET_OFF + (ipv4 ? 8 : 7);
        long[] program = {
            instruction(0x30, 0, 0, ttlAt),
            instruction(0x15, 0, 1, MAX_TTL),
            instruction(0x06, 0, 0, 0xffff),
            instruction(0x06, 0, 0, 0)
        };
        // struct sock_fprog holds a pointer: the instructions live as long as this process.
        MemorySegment instructions = Arena.global().allocateFrom(ValueLayout.JAVA_LONG, program);
        ByteBuffer value = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
        value.putShort(0, (short) program.length).putLong(8, instructions.address());
        bootstrap.option(SO_ATTACH_FILTER, value);
    }

    /** struct sock_filter: {@code u16 code, u8 jt, u8 jf, u32 k}, little-endian in one long. */
    private static long instruction(int code, int jumpTrue, int jumpFalse, int operand) {
        return code | (long) jumpTrue << 16 | (long) jumpFalse << 24 | (long) operand << 32;
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
