package org.secondsite.bgp.io;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
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
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Prefix;

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

    private static final int IPPROTO_TCP = 6;
    private static final int TCP_MD5SIG_EXT = 32;
    private static final int TCP_MD5SIG_FLAG_PREFIX = 1;
    private static final int MD5SIG_OCTETS = 216;
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final String NO_KEY = "";
    /** The kernel's own default again. */
    private static final int USUAL_TTL = -1;

    private SocketOptions() {}

    static Bootstrap client(Transport transport, NeighborSettings neighbor, int connectTimeoutMs) {
        SocketProtocolFamily family = family(neighbor.address());
        Bootstrap bootstrap = new Bootstrap()
                .channelFactory(() -> transport.client(family))
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectTimeoutMs);
        neighbor.md5Password().ifPresent(key -> bootstrap.option(md5Option(), md5Value(one(neighbor), key)));
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
    static ServerBootstrap server(Transport transport, InetAddress address, SpeakerSettings settings, int backlog) {
        boolean ipv4 = address instanceof Inet4Address;
        SocketProtocolFamily family = family(address);
        ServerBootstrap bootstrap = new ServerBootstrap()
                .channelFactory(() -> transport.server(family))
                .option(ChannelOption.SO_BACKLOG, backlog)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
        if (!ipv4 && transport == Transport.EPOLL) {
            bootstrap.option(IPV6_V6ONLY, 1);
        }
        keys(address, settings).forEach((peers, key) -> bootstrap.option(md5Option(), md5Value(peers, key)));
        if (checksHops(address, settings)) {
            bootstrap.option(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAX_TTL);
        }
        return bootstrap;
    }

    /** Has a listener serve other neighbours than before. */
    static void alter(Channel listener, InetAddress address, SpeakerSettings before, SpeakerSettings after) {
        Map<Prefix, String> old = keys(address, before);
        Map<Prefix, String> now = keys(address, after);
        old.keySet().stream().filter(peers -> !now.containsKey(peers)).forEach(peers -> set(listener, peers, NO_KEY));
        now.forEach((peers, key) -> {
            if (!key.equals(old.get(peers))) {
                set(listener, peers, key);
            }
        });
        boolean ipv4 = address instanceof Inet4Address;
        if (checksHops(address, before) != checksHops(address, after)) {
            listener.config()
                    .setOption(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, checksHops(address, after) ? MAX_TTL : USUAL_TTL);
        }
    }

    /** The SYN-ACK has to bear the full TTL already; the check itself is per neighbour, on the accepted socket. */
    private static boolean checksHops(InetAddress address, SpeakerSettings settings) {
        return neighbors(address, settings)
                .anyMatch(neighbor -> neighbor.options().ttlSecurityHops().isPresent());
    }

    private static Stream<NeighborSettings> neighbors(InetAddress address, SpeakerSettings settings) {
        return Stream.concat(
                        settings.neighbors().stream(),
                        settings.ranges().stream()
                                .map(range -> range.neighbor(range.prefix().address())))
                .filter(neighbor -> neighbor.address().getClass() == address.getClass());
    }

    private static Map<Prefix, String> keys(InetAddress address, SpeakerSettings settings) {
        Map<Prefix, String> keys = new LinkedHashMap<>();
        settings.ranges().stream()
                .filter(range -> range.prefix().address().getClass() == address.getClass())
                .forEach(range -> range.template().md5Password().ifPresent(key -> keys.put(range.prefix(), key)));
        settings.neighbors().stream()
                .filter(neighbor -> neighbor.address().getClass() == address.getClass())
                .forEach(neighbor -> neighbor.md5Password().ifPresent(key -> keys.put(one(neighbor), key)));
        return keys;
    }

    private static Prefix one(NeighborSettings neighbor) {
        InetAddress address = neighbor.address();
        return new Prefix(address, Byte.SIZE * address.getAddress().length);
    }

    /** What only the accepted socket can have, since the listener serves all neighbours. */
    static void accepted(Channel channel, NeighborSettings neighbor) {
        neighbor.options().ttlSecurityHops().ifPresent(hops -> checkHops(channel, neighbor.address(), hops));
    }

    private static void checkHops(Channel channel, InetAddress peer, int hops) {
        boolean ipv4 = peer instanceof Inet4Address;
        channel.config().setOption(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, MAX_TTL);
        channel.config().setOption(ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, MAX_TTL + 1 - hops);
    }

    /** Gives a connection that stands another key and another distance. */
    static void alter(Channel channel, NeighborSettings before, NeighborSettings after) {
        if (!before.md5Password().equals(after.md5Password())) {
            set(channel, one(after), after.md5Password().orElse(NO_KEY));
        }
        OptionalInt hops = after.options().ttlSecurityHops();
        if (hops.isPresent()) {
            checkHops(channel, after.address(), hops.getAsInt());
        } else if (before.options().ttlSecurityHops().isPresent()) {
            boolean ipv4 = after.address() instanceof Inet4Address;
            channel.config().setOption(ipv4 ? IP_TTL : IPV6_UNICAST_HOPS, USUAL_TTL);
            channel.config().setOption(ipv4 ? IP_MINTTL : IPV6_MINHOPCOUNT, 0);
        }
    }

    private static void set(Channel channel, Prefix peers, String key) {
        channel.config().setOption(md5Option(), md5Value(peers, key));
    }

    /** One for each use: a bootstrap has one value for an option. */
    private static ChannelOption<ByteBuffer> md5Option() {
        return new RawUnixChannelOption("TCP_MD5SIG_EXT", IPPROTO_TCP, TCP_MD5SIG_EXT, MD5SIG_OCTETS);
    }

    /**
     * The key of RFC 2385 for all addresses of a prefix; without octets: no key any more.
     *
     * <pre>
     * struct tcp_md5sig {
     *   0 sockaddr_storage addr   (0 u16 family, then 4 IPv4 address, or 8 IPv6 address)
     * 128 u8 flags, u8 prefixlen, u16 keylen
     * 132 int ifindex
     * 136 u8 key[80]
     * }
     * </pre>
     */
    private static ByteBuffer md5Value(Prefix peers, String key) {
        byte[] octets = key.getBytes(StandardCharsets.UTF_8);
        byte[] address = peers.address().getAddress();
        ByteBuffer value = ByteBuffer.allocateDirect(MD5SIG_OCTETS).order(ByteOrder.nativeOrder());
        value.putShort(0, (short) (peers.isIpv4() ? AF_INET : AF_INET6));
        value.put(peers.isIpv4() ? 4 : 8, address);
        value.put(128, (byte) TCP_MD5SIG_FLAG_PREFIX);
        value.put(129, (byte) peers.length());
        value.putShort(130, (short) octets.length);
        return value.put(136, octets);
    }

    static void sendBy(Bootstrap bootstrap, String device) {
        bootstrap.option(SO_BINDTODEVICE, interfaceName(device));
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
}
