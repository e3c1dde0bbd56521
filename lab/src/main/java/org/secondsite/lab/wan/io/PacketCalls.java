package org.secondsite.lab.wan.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The handful of C library calls that packet sockets need, each with its {@code errno}. For x86-64 and arm64 Linux, whose
 * constants and layouts agree in everything used here. One instance per thread: it owns the place where errno is kept.
 */
final class PacketCalls {
    static final int AF_PACKET = 17;
    static final int SOCK_RAW = 3;
    static final int ETH_P_ALL = 0x0003;
    static final int SOL_SOCKET = 1;
    static final int SO_RCVBUFFORCE = 33;
    static final int SO_SNDBUFFORCE = 32;
    static final int SOL_PACKET = 263;
    static final int PACKET_IGNORE_OUTGOING = 23;
    static final int MSG_DONTWAIT = 0x40;
    static final short POLLIN = 1;
    static final int EINTR = 4;
    static final int EAGAIN = 11;
    static final int ENETDOWN = 100;
    static final int ENOBUFS = 105;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO_OPTION = Linker.Option.captureCallState("errno");
    private static final VarHandle ERRNO =
            Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SOCKET = call("socket", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = call("bind", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SETSOCKOPT = call("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle IF_NAMETOINDEX = call("if_nametoindex", ADDRESS);
    private static final MethodHandle RECVMMSG = call("recvmmsg", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle SENDMMSG = call("sendmmsg", JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT);
    private static final MethodHandle PPOLL = call("ppoll", ADDRESS, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle CLOSE = call("close", JAVA_INT);

    private final MemorySegment state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());

    @SuppressWarnings("restricted") // calling C is the purpose; the launcher passes --enable-native-access
    private static MethodHandle call(String name, MemoryLayout... arguments) {
        MemorySegment address = LINKER.defaultLookup()
                .find(name)
                .orElseThrow(() -> new IllegalStateException("the C library has no " + name));
        return LINKER.downcallHandle(address, FunctionDescriptor.of(JAVA_INT, arguments), ERRNO_OPTION);
    }

    /** The error number of the last call that failed. */
    int errno() {
        return (int) ERRNO.get(state, 0L);
    }

    int socket(int domain, int type, int protocol) throws IOException {
        try {
            return checked("socket", (int) SOCKET.invokeExact(state, domain, type, protocol));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    void bind(int fd, MemorySegment address) throws IOException {
        try {
            checked("bind", (int) BIND.invokeExact(state, fd, address, (int) address.byteSize()));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    void option(int fd, int level, int option, int value) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment place = arena.allocateFrom(JAVA_INT, value);
            checked("setsockopt " + option, (int) SETSOCKOPT.invokeExact(state, fd, level, option, place, 4));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** The index of an interface of this process's network namespace. */
    int interfaceIndex(String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            int index = (int) IF_NAMETOINDEX.invokeExact(state, arena.allocateFrom(name));
            if (index == 0) {
                throw new IOException("no interface " + name + " in this network namespace");
            }
            return index;
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    /** Messages received, or -1 with {@link #errno}. Does not wait. */
    int receive(int fd, MemorySegment messages, int count) {
        try {
            return (int) RECVMMSG.invokeExact(state, fd, messages, count, MSG_DONTWAIT, MemorySegment.NULL);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Messages sent, or -1 with {@link #errno}. Does not wait. */
    int send(int fd, MemorySegment messages, int count) {
        try {
            return (int) SENDMMSG.invokeExact(state, fd, messages, count, MSG_DONTWAIT);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Descriptors that are ready, 0 on time-out, or -1 with {@link #errno}. */
    int poll(MemorySegment descriptors, int count, MemorySegment timeout) {
        try {
            return (int) PPOLL.invokeExact(state, descriptors, (long) count, timeout, MemorySegment.NULL);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    void close(int fd) throws IOException {
        try {
            checked("close", (int) CLOSE.invokeExact(state, fd));
        } catch (Throwable e) {
            throw rethrown(e);
        }
    }

    private int checked(String what, int result) throws IOException {
        if (result < 0) {
            throw new IOException(what + " failed with errno " + errno());
        }
        return result;
    }

    private static IOException rethrown(Throwable e) {
        return e instanceof IOException io ? io : new IOException(e);
    }
}
