package org.secondsite.net.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The few functions of the C library that the ports need, for Linux on 64-bit machines (FFM, JEP 454).
 *
 * <p>A call answers what the function returned, or {@code -errno} when that was -1. An object belongs to one thread
 * at a time, because it owns the place where errno is kept. Calls of epoll_wait, read and sendmmsg allocate nothing;
 * the others do until they are compiled.
 */
public final class Libc {
    public static final int EINTR = 4;
    public static final int ENXIO = 6;
    public static final int EAGAIN = 11;
    public static final int ENODEV = 19;
    public static final int EADDRINUSE = 98;
    public static final int ENETDOWN = 100;
    public static final int ENOBUFS = 105;

    public static final int AF_UNIX = 1;
    public static final int AF_PACKET = 17;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_CLOEXEC = 0x80000;

    public static final int SOL_SOCKET = 1;
    public static final int SO_ERROR = 4;
    public static final int SO_SNDBUFFORCE = 32;

    public static final int MSG_DONTWAIT = 0x40;

    public static final int EPOLLIN = 1;
    public static final int EPOLLERR = 8;
    public static final int EPOLLET = 1 << 31;

    /** {@code struct epoll_event}: what happened (32 bits), the caller's mark (64 bits); packed on x86-64 only. */
    public static final int EPOLL_EVENT_BYTES = System.getProperty("os.arch").equals("amd64") ? 12 : 16;

    public static final int EPOLL_MARK = EPOLL_EVENT_BYTES - 8;

    private static final int PRIO_PROCESS = 0;

    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EPOLL_CTL_ADD = 1;

    public static final int PROT_READ_WRITE = 3;
    public static final int MAP_SHARED = 1;
    public static final int MAP_PRIVATE = 2;
    public static final int MAP_ANONYMOUS = 0x20;
    public static final int MAP_POPULATE = 0x8000;

    public static final int EFD_NONBLOCK_CLOEXEC = 0x80800;

    private static final long SIOCGIFFLAGS = 0x8913;
    private static final long SIOCGIFMTU = 0x8921L;
    private static final int IFREQ_BYTES = 40;
    private static final int IFREQ_VALUE = 16;
    private static final int IFF_UP = 1;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LOOKUP = LINKER.defaultLookup();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET =
            Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET = handle("socket", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CLOSE = handle("close", JAVA_INT, JAVA_INT);
    private static final MethodHandle BIND = handle("bind", JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SETSOCKOPT =
            handle("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle GETSOCKOPT =
            handle("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle IF_NAMETOINDEX = handle("if_nametoindex", JAVA_INT, ADDRESS);
    private static final MethodHandle MMAP =
            handle("mmap", ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle MUNMAP = handle("munmap", JAVA_INT, ADDRESS, JAVA_LONG);
    private static final MethodHandle EPOLL_CREATE = handle("epoll_create1", JAVA_INT, JAVA_INT);
    private static final MethodHandle EPOLL_CTL = handle("epoll_ctl", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle EPOLL_WAIT =
            withoutErrno("epoll_wait", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle SENDMMSG_ERRNO =
            handle("sendmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle SENDMMSG =
            withoutErrno("sendmmsg", JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT);
    private static final MethodHandle SETPRIORITY = handle("setpriority", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle EVENTFD = handle("eventfd", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle IOCTL = variadicIoctl();
    private static final MethodHandle READ = withoutErrno("read", JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle WRITE = handle("write", JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);

    private final MemorySegment state = Arena.ofAuto().allocate(Linker.Option.captureStateLayout());

    public int socket(int domain, int type, int protocol) {
        try {
            return result((int) SOCKET.invokeExact(state, domain, type, protocol));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int close(int descriptor) {
        try {
            return result((int) CLOSE.invokeExact(state, descriptor));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int bind(int socket, MemorySegment address) {
        try {
            return result((int) BIND.invokeExact(state, socket, address, (int) address.byteSize()));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int setOption(int socket, int level, int option, MemorySegment value) {
        try {
            return result((int) SETSOCKOPT.invokeExact(state, socket, level, option, value, (int) value.byteSize()));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int setOption(int socket, int level, int option, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return setOption(socket, level, option, arena.allocateFrom(JAVA_INT, value));
        }
    }

    /** Fills {@code value}; answers its filled length. */
    public int getOption(int socket, int level, int option, MemorySegment value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
            int answer = result((int) GETSOCKOPT.invokeExact(state, socket, level, option, value, length));
            return answer < 0 ? answer : length.get(JAVA_INT, 0);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The index of a network interface; {@code -ENODEV} when there is none of this name. */
    public int interfaceIndex(String name) {
        try (Arena arena = Arena.ofConfined()) {
            int index = (int) IF_NAMETOINDEX.invokeExact(state, arena.allocateFrom(name));
            return index == 0 ? -state.get(JAVA_INT, ERRNO_OFFSET) : index;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Whether an interface is administratively up (netdevice(7), SIOCGIFFLAGS); false when there is none of this
     * name.
     */
    public boolean interfaceIsUp(String name) {
        int socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            request.setString(0, name);
            int answer = (int) IOCTL.invokeExact(state, socket, SIOCGIFFLAGS, request);
            return answer == 0 && (request.get(JAVA_SHORT, IFREQ_VALUE) & IFF_UP) != 0;
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            close(socket);
        }
    }

    /**
     * The most bytes that an interface sends behind an Ethernet header (netdevice(7), SIOCGIFMTU).
     *
     * @return negative when there is none of this name
     */
    public int interfaceMtu(String name) {
        int socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            request.setString(0, name);
            int answer = (int) IOCTL.invokeExact(state, socket, SIOCGIFMTU, request);
            return answer == 0 ? request.get(JAVA_INT, IFREQ_VALUE) : -1;
        } catch (Throwable e) {
            throw unexpected(e);
        } finally {
            close(socket);
        }
    }

    /**
     * Maps memory.
     *
     * @return the mapping; {@link MemorySegment#NULL} when it failed
     */
    @SuppressWarnings("restricted") // the kernel says how long the mapping is
    public MemorySegment map(long bytes, int flags, int descriptor) {
        try {
            MemorySegment mapped = (MemorySegment)
                    MMAP.invokeExact(state, MemorySegment.NULL, bytes, PROT_READ_WRITE, flags, descriptor, 0L);
            return mapped.address() == -1 ? MemorySegment.NULL : mapped.reinterpret(bytes);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int unmap(MemorySegment mapped) {
        try {
            return result((int) MUNMAP.invokeExact(state, mapped, mapped.byteSize()));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int epoll() {
        try {
            return result((int) EPOLL_CREATE.invokeExact(state, EPOLL_CLOEXEC));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Waits for these events of a descriptor from now on; each comes with the descriptor as its mark. */
    public int epollAdd(int epoll, int descriptor, int events) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(16, 8);
            event.set(JAVA_INT, 0, events);
            event.set(ValueLayout.JAVA_LONG_UNALIGNED, EPOLL_MARK, descriptor);
            return result((int) EPOLL_CTL.invokeExact(state, epoll, EPOLL_CTL_ADD, descriptor, event));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Answers how many events there are, -1 when it failed. Takes their address as a number: a slice is garbage. */
    public int epollWait(int epoll, long events, int count, int timeoutMillis) {
        try {
            return (int) EPOLL_WAIT.invokeExact(epoll, events, count, timeoutMillis);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /**
     * Takes the address of the messages as a number: a slice is garbage. When the first message is refused, nothing has
     * been sent, and the call is made once more to learn why.
     */
    public int sendmmsg(int socket, long messages, int count) {
        try {
            int sent = (int) SENDMMSG.invokeExact(socket, messages, count, MSG_DONTWAIT);
            return sent >= 0
                    ? sent
                    : result((int) SENDMMSG_ERRNO.invokeExact(state, socket, messages, count, MSG_DONTWAIT));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Sets the nice value of the calling thread alone (setpriority(2), "C library/kernel differences"). */
    public int setNice(int nice) {
        try {
            return result((int) SETPRIORITY.invokeExact(state, PRIO_PROCESS, 0, nice));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public int eventfd() {
        try {
            return result((int) EVENTFD.invokeExact(state, 0, EFD_NONBLOCK_CLOEXEC));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Answers how many bytes were read, -1 when it failed. Takes the address as a number: a slice is garbage. */
    public long read(int descriptor, long into, long bytes) {
        try {
            return (long) READ.invokeExact(descriptor, into, bytes);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    public long write(int descriptor, MemorySegment from) {
        try {
            long bytes = (long) WRITE.invokeExact(state, descriptor, from, from.byteSize());
            return bytes < 0 ? -state.get(JAVA_INT, ERRNO_OFFSET) : bytes;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** The errno of the call before, for {@link #map}. */
    public int errno() {
        return state.get(JAVA_INT, ERRNO_OFFSET);
    }

    private int result(int returned) {
        return returned == -1 ? -state.get(JAVA_INT, ERRNO_OFFSET) : returned;
    }

    private static AssertionError unexpected(Throwable e) {
        return new AssertionError("a downcall does not throw", e);
    }

    @SuppressWarnings("restricted") // int ioctl(int, unsigned long, ...)
    private static MethodHandle variadicIoctl() {
        return LINKER.downcallHandle(
                LOOKUP.findOrThrow("ioctl"),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                ERRNO,
                Linker.Option.firstVariadicArg(2));
    }

    @SuppressWarnings("restricted") // the signatures above are those of the C library
    private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(LOOKUP.findOrThrow(name), FunctionDescriptor.of(result, arguments), ERRNO);
    }

    /** Capturing errno makes a slice of the place for it in every call that the optimizing compiler has not seen to. */
    @SuppressWarnings("restricted") // the signatures above are those of the C library
    private static MethodHandle withoutErrno(String name, MemoryLayout result, MemoryLayout... arguments) {
        return LINKER.downcallHandle(LOOKUP.findOrThrow(name), FunctionDescriptor.of(result, arguments));
    }
}
