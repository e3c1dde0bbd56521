package org.secondsite.replicator.agent.io;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Gets a userfaultfd of another process. The kernel gives one only to the process whose memory it is for, so a thread of that
 * process is made to call {@code userfaultfd()} and, when this process has the descriptor too, {@code close()}: ptrace(2) as
 * a debugger does it. Nothing is left behind there. It is done once, when checkpoints begin, and stops one thread that is
 * asleep for less than a millisecond; every other one runs on.
 *
 * <p><b>The thread</b> is one that sleeps in a system call and is not the process' first: in QEMU, the RCU thread. It sleeps
 * right behind a {@code syscall} instruction, which is executed once more with other registers; then the old ones are put
 * back, and the kernel restarts the call that was interrupted, as after a debugger's visit. Not the first, because Java's own
 * thread that awaits the end of a child process would take the stop of that one for its end.
 *
 * <p><b>Failure.</b> Until the registers are changed nothing has happened, and they are put back in any case. All of it runs on
 * a thread of its own, with whose end the kernel lets the other go. The one bad moment is an agent killed within the tens of
 * microseconds in between: the sleeping thread would see its call return a wrong value.
 *
 * <p>Source: ptrace(2), userfaultfd(2), pidfd_getfd(2); struct user_regs_struct of sys/user.h.
 */
final class SyscallInjection {
    private static final Path PROC = Path.of("/proc");

    private static final int PTRACE_SINGLESTEP = 9;
    private static final int PTRACE_GETREGS = 12;
    private static final int PTRACE_SETREGS = 13;
    private static final int PTRACE_DETACH = 17;
    private static final int PTRACE_SEIZE = 0x4206;
    private static final int PTRACE_INTERRUPT = 0x4207;
    private static final int WAIT_ALL_NOHANG = 0x40000001;
    private static final int STOPPED = 0x7f;
    private static final int SIGTRAP = 5;
    private static final int EVENT_STOP = SIGTRAP | 128 << 8;

    private static final long REGISTERS_BYTES = 27L * Long.BYTES;
    private static final long RAX = 10L * Long.BYTES;
    private static final long RDI = 14L * Long.BYTES;
    private static final long ORIG_RAX = 15L * Long.BYTES;
    private static final long RIP = 16L * Long.BYTES;
    private static final int SYSCALL_BYTES = 2;
    private static final int SYSCALL_INSTRUCTION = 0x0f05;

    /**
     * O_CLOEXEC, O_NONBLOCK, UFFD_USER_MODE_ONLY: the latter needs no privilege of the process, and is no limit to
     * asynchronous write protection, where the kernel itself resolves every fault.
     */
    private static final int USERFAULTFD_FLAGS = 0x80000 | 0x800 | 1;

    private static final int STOP_MS = 500;
    private static final int STEP_MS = 10_000;
    private static final int ATTEMPTS = 20;
    private static final int RETRY_MS = 10;
    private static final int POLL_MICROS = 20;

    private final SystemCalls calls = new SystemCalls();
    private final long pid;

    /** The chosen thread was in no state to be used; another time or another thread may be. */
    private static final class NotNow extends IOException {
        private static final long serialVersionUID = 1L;

        NotNow(String reason) {
            super(reason);
        }
    }

    private SyscallInjection(long pid) {
        this.pid = pid;
    }

    /**
     * A new userfaultfd of a process, as a descriptor of this one, not yet set up.
     *
     * @throws IOException if this process may not, or no thread there can be used; the other runs on as if nothing had been
     */
    static int userfaultfdOf(long pid) throws IOException, InterruptedException {
        CompletableFuture<Integer> descriptor = new CompletableFuture<>();
        Thread tracer = Thread.ofPlatform().daemon().name("inject-" + pid).start(() -> {
            try {
                descriptor.complete(new SyscallInjection(pid).inject());
            } catch (IOException | RuntimeException failed) {
                descriptor.completeExceptionally(failed);
            }
        });
        try {
            int got = descriptor.get();
            tracer.join();
            return got;
        } catch (ExecutionException failed) {
            throw new IOException(failed.getCause().getMessage(), failed);
        }
    }

    private int inject() throws IOException {
        IOException last = new NotNow("process " + pid + " has no second thread");
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            for (long thread : sleepers()) {
                try {
                    return injectInto(thread);
                } catch (NotNow busy) {
                    last = busy;
                }
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(RETRY_MS));
        }
        throw last;
    }

    /** The threads that are in a system call, without the first one. */
    private List<Long> sleepers() throws IOException {
        List<Long> sleepers = new ArrayList<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(process().resolve("task"))) {
            for (Path thread : threads) {
                long id = Long.parseLong(thread.getFileName().toString());
                // Source: proc_pid_syscall(5): "running", or the number of the call, -1 if blocked otherwise.
                if (id != pid && Character.isDigit(firstOf(thread.resolve("syscall")))) {
                    sleepers.add(id);
                }
            }
        }
        sleepers.sort(null);
        return sleepers;
    }

    private static char firstOf(Path file) throws IOException {
        String text = Files.readString(file, StandardCharsets.US_ASCII);
        return text.isEmpty() ? ' ' : text.charAt(0);
    }

    private Path process() {
        return PROC.resolve(Long.toString(pid));
    }

    private int injectInto(long thread) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment before = arena.allocate(REGISTERS_BYTES, Long.BYTES);
            SystemCalls.succeeded("ptrace of thread " + thread, ptrace(PTRACE_SEIZE, thread, 0));
            long signal = 0;
            try {
                SystemCalls.succeeded("ptrace interrupt", ptrace(PTRACE_INTERRUPT, thread, 0));
                int stop = awaitStop(thread, STOP_MS);
                if (stop != EVENT_STOP) {
                    signal = stop < 1 << 8 && stop != SIGTRAP ? stop : 0;
                    throw new NotNow("thread " + thread + " was stopped by something else");
                }
                SystemCalls.succeeded("ptrace registers", ptrace(PTRACE_GETREGS, thread, before.address()));
                long instruction = before.get(JAVA_LONG, RIP) - SYSCALL_BYTES;
                if (before.get(JAVA_LONG, ORIG_RAX) < 0 || !isSyscall(instruction)) {
                    throw new NotNow("thread " + thread + " is not in a system call");
                }
                return borrow(thread, before, instruction, arena.allocate(REGISTERS_BYTES, Long.BYTES));
            } finally {
                ptrace(PTRACE_DETACH, thread, signal);
            }
        }
    }

    private boolean isSyscall(long address) throws IOException {
        try (RandomAccessFile memory =
                new RandomAccessFile(process().resolve("mem").toFile(), "r")) {
            memory.seek(address);
            return memory.readUnsignedShort() == SYSCALL_INSTRUCTION;
        }
    }

    private int borrow(long thread, MemorySegment before, long instruction, MemorySegment scratch) throws IOException {
        try {
            long theirs = execute(thread, before, instruction, scratch, SystemCalls.USERFAULTFD, USERFAULTFD_FLAGS);
            SystemCalls.succeeded("userfaultfd() in process " + pid, theirs);
            try {
                return duplicate(theirs);
            } finally {
                execute(thread, before, instruction, scratch, SystemCalls.CLOSE, theirs);
            }
        } finally {
            // With the old call number and result back in place the kernel restarts the call that was interrupted.
            SystemCalls.succeeded("ptrace registers back", ptrace(PTRACE_SETREGS, thread, before.address()));
        }
    }

    /** Executes one system call with one argument in the stopped thread. */
    private long execute(
            long thread, MemorySegment before, long instruction, MemorySegment scratch, int number, long argument)
            throws IOException {
        scratch.copyFrom(before);
        scratch.set(JAVA_LONG, RIP, instruction);
        scratch.set(JAVA_LONG, RAX, number);
        scratch.set(JAVA_LONG, RDI, argument);
        // No call to restart while ours is executed.
        scratch.set(JAVA_LONG, ORIG_RAX, -1);
        SystemCalls.succeeded("ptrace registers", ptrace(PTRACE_SETREGS, thread, scratch.address()));
        SystemCalls.succeeded("ptrace step", ptrace(PTRACE_SINGLESTEP, thread, 0));
        int stop = awaitStop(thread, STEP_MS);
        SystemCalls.succeeded("ptrace registers", ptrace(PTRACE_GETREGS, thread, scratch.address()));
        if (stop != SIGTRAP || scratch.get(JAVA_LONG, RIP) != instruction + SYSCALL_BYTES) {
            throw new IOException("thread " + thread + " did not execute the system call");
        }
        return scratch.get(JAVA_LONG, RAX);
    }

    private int duplicate(long theirs) throws IOException {
        int process = (int) SystemCalls.succeeded("pidfd_open", calls.call(SystemCalls.PIDFD_OPEN, pid, 0, 0, 0));
        try {
            return (int)
                    SystemCalls.succeeded("pidfd_getfd", calls.call(SystemCalls.PIDFD_GETFD, process, theirs, 0, 0));
        } finally {
            calls.close(process);
        }
    }

    private long ptrace(int request, long thread, long data) {
        return calls.call(SystemCalls.PTRACE, request, thread, 0, data);
    }

    /** Waits until the thread stands still, and answers why: a signal, with an event in the next byte. */
    private int awaitStop(long thread, int timeoutMs) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(JAVA_INT);
            while (true) {
                long waited = SystemCalls.succeeded(
                        "wait for thread " + thread,
                        calls.call(SystemCalls.WAIT4, thread, status.address(), WAIT_ALL_NOHANG, 0));
                if (waited == thread) {
                    int value = status.get(JAVA_INT, 0);
                    if ((value & 0xff) != STOPPED) {
                        throw new IOException("thread " + thread + " ended");
                    }
                    return value >>> 8;
                }
                if (System.nanoTime() > deadline) {
                    throw new IOException("thread " + thread + " does not stop");
                }
                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(POLL_MICROS));
            }
        }
    }
}
