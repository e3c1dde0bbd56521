package org.secondsite.bench.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** What senders and receivers need of the C library (FFM, JEP 454). An object belongs to one thread. */
final class SystemCalls {
    static final int EAGAIN = 11;
    static final int ENOBUFS = 105;
    static final int SO_TIMESTAMPNS = 35;

    private static final int AF_INET = 2;
    private static final int AF_PACKET = 17;
    private static final int SOCK_DGRAM_CLOEXEC = 0x80002;
    private static final int SOCK_RAW_CLOEXEC = 0x80003;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final int SO_SNDBUFFORCE = 32;
    private static final int SO_RCVBUFFORCE = 33;
    private static final int SOL_PACKET = 263;
    private static final int PACKET_QDISC_BYPASS = 20;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int MSG_WAITFORONE = 0x10000;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle OPEN = handle("open", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle SETNS = handle("setns", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle SOCKET = handle("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = handle("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle IF_NAMETOINDEX = handle("if_nametoindex", JAVA_INT, ADDRESS);
    private static final MethodHandle SENDMMSG = handle("sendmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle RECVMMSG =
            handle("recvmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG);

    private final MemorySegment state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());

    /** Moves the calling thread, and threads that it starts, into a network namespace. */
    void enterNamespace(String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            String path = Path.of("/run/netns", name).toString();
            int descriptor = checked(
                    (int) OPEN.invokeExact(state, arena.allocateFrom(path), 0), "open the network namespace " + name);
            checked((int) SETNS.invokeExact(state, descriptor, CLONE_NEWNET), "enter the network namespace " + name);
            close(descriptor);
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** A packet socket that sends frames as they are, and hears nothing. */
    int packetSocket(String interfaceName) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int socket = checked((int) SOCKET.invokeExact(state, AF_PACKET, SOCK_RAW_CLOEXEC, 0), "open a socket");
            int index = checked(
                    (int) IF_NAMETOINDEX.invokeExact(state, arena.allocateFrom(interfaceName)),
                    "find the interface " + interfaceName);
            // struct sockaddr_ll: family, protocol (none), index
            MemorySegment address = arena.allocate(20, 4);
            address.set(JAVA_SHORT, 0, (short) AF_PACKET);
            address.set(JAVA_INT, 4, index);
            checked((int) BIND.invokeExact(state, socket, address, 20), "bind to " + interfaceName);
            set(socket, SOL_PACKET, PACKET_QDISC_BYPASS, arena.allocateFrom(JAVA_INT, 1));
            set(socket, SOL_SOCKET, SO_SNDBUFFORCE, arena.allocateFrom(JAVA_INT, 8 << 20));
            return socket;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /**
     * A UDP socket that receives on a port, with room for a burst, with the kernel's time of arrival, and gives up
     * waiting after 50 ms.
     */
    int udpSocket(int port) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int socket = checked((int) SOCKET.invokeExact(state, AF_INET, SOCK_DGRAM_CLOEXEC, 0), "open a socket");
            set(socket, SOL_SOCKET, SO_RCVBUFFORCE, arena.allocateFrom(JAVA_INT, 512 << 20));
            set(socket, SOL_SOCKET, SO_TIMESTAMPNS, arena.allocateFrom(JAVA_INT, 1));
            set(socket, SOL_SOCKET, SO_RCVTIMEO, arena.allocateFrom(JAVA_LONG, 0L, 50_000L));
            // struct sockaddr_in: family, port in network order, any address
            MemorySegment address = arena.allocate(16, 4);
            address.set(JAVA_SHORT, 0, (short) AF_INET);
            address.set(JAVA_SHORT, 2, Short.reverseBytes((short) port));
            checked((int) BIND.invokeExact(state, socket, address, 16), "bind to port " + port);
            return socket;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** The number of messages sent, or {@code -errno}. */
    int send(int socket, long messages, int count) {
        try {
            return result((int) SENDMMSG.invokeExact(state, socket, messages, count, 0));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Waits for one message and takes what is there; the number of messages, or {@code -errno}. */
    int receive(int socket, long messages, int count) {
        try {
            return result((int) RECVMMSG.invokeExact(state, socket, messages, count, MSG_WAITFORONE, 0L));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    void close(int descriptor) {
        try {
            int _ = (int) CLOSE.invokeExact(state, descriptor);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private void set(int socket, int level, int option, MemorySegment value) throws Throwable {
        checked(
                (int) SETSOCKOPT.invokeExact(state, socket, level, option, value, (int) value.byteSize()),
                "set socket option " + option);
    }

    private int result(int returned) {
        return returned == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : returned;
    }

    private int checked(int returned, String step) throws IOException {
        if (returned == -1) {
            throw new IOException("cannot " + step + ": errno " + state.get(JAVA_INT, ERRNO_OFFSET));
        }
        return returned;
    }

    private static IOException rethrown(Throwable e) {
        if (e instanceof IOException io) {
            return io;
        }
        throw unexpected(e);
    }

    private static AssertionError unexpected(Throwable e) {
        return new AssertionError("a downcall does not throw", e);
    }

    @SuppressWarnings("restricted") // the signatures above are those of the C library
    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments), ERRNO);
    }
}
