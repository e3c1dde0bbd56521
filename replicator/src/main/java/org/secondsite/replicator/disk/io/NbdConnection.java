package org.secondsite.replicator.disk.io;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.secondsite.replicator.disk.DiskException;
import org.secondsite.replicator.disk.NbdHandshake;
import org.secondsite.replicator.disk.NbdReply;
import org.secondsite.replicator.disk.NbdRequest;

/**
 * One connection of an NBD client, on a thread of its own.
 *
 * <p>What the page cache can answer is answered on this thread, many replies in one write to the socket; what has to wait for the
 * disk (a read of what is not in memory, a flush that is honest) goes to a worker, and its reply overtakes nothing but is
 * overtaken. Writes are always carried out here, in the order in which they came.
 *
 * <p><b>Old connections.</b> A client whose connection broke connects again and may write the same blocks again. What it had sent on
 * the old connection must not be carried out after that. So a new connection begins only when every other one has been seen with
 * nothing left to read ({@link #caughtUpWith}), or has ended: what is in a dead socket is finite, and a live client pauses.
 */
final class NbdConnection implements Runnable {
    /** As many requests of a connection may wait for the disk; more are not read. */
    private static final int MAX_WAITING = 128;

    private static final int BUFFER_BYTES = 4 << 20;
    /** How often a writer that is held up looks whether there is room again. */
    private static final int ROOM_MS = 1;

    private static final int HANDSHAKE_MS = 10_000;
    private static final int MAX_INLINE_READ_BYTES = 2 << 20;

    private final SocketChannel socket;
    private final Volume volume;
    private final Executor workers;
    private final NbdServer server;
    private final Selector readable = Selector.open();
    private final Selector writable = Selector.open();
    private final ReentrantLock sending = new ReentrantLock();
    private final Semaphore waiting = new Semaphore(MAX_WAITING);
    private final NbdRequest request = new NbdRequest();

    /** Received and not taken: from position to limit. */
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).limit(0);

    private final MemorySegment inMemory = MemorySegment.ofBuffer(in.duplicate().clear());

    /** Replies that were not sent yet: up to the position. */
    private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);

    private final MemorySegment outMemory =
            MemorySegment.ofBuffer(out.duplicate().clear());

    private boolean structured;
    private boolean allocationWanted;

    private volatile long challenged;
    private long caughtUp;
    private boolean ended;

    NbdConnection(SocketChannel socket, Volume volume, Executor workers, NbdServer server) throws IOException {
        this.socket = socket;
        this.volume = volume;
        this.workers = workers;
        this.server = server;
        socket.configureBlocking(false);
        socket.register(readable, SelectionKey.OP_READ);
        socket.register(writable, SelectionKey.OP_WRITE);
    }

    @Override
    public void run() {
        try (socket;
                readable;
                writable) {
            if (shakeHands()) {
                server.begins(this);
                serve();
            }
        } catch (EOFException | ClosedChannelException e) {
            // The client went away without a word, as one that is killed does, or the server hung up.
        } catch (IOException e) {
            server.failed(e.getMessage());
        } catch (InterruptedException e) {
            // The server is being closed.
        } finally {
            waiting.acquireUninterruptibly(MAX_WAITING);
            end();
            server.ended(this);
        }
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** Any thread: ends it as soon as possible. */
    void hangUp() {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed then.
        }
        readable.wakeup();
        writable.wakeup();
    }

    // ---- the handshake ------------------------------------------------------------------------------------------

    private boolean shakeHands() throws IOException {
        NbdHandshake handshake = new NbdHandshake(volume.export());
        handshake.greet(out);
        long deadline = System.nanoTime() + HANDSHAKE_MS * 1_000_000L;
        while (true) {
            NbdHandshake.Step step = handshake.receive(in, out);
            boolean answered = out.position() > 0;
            flush();
            switch (step) {
                case MORE -> {
                    if (!answered || !in.hasRemaining()) {
                        receive(deadline);
                    }
                }
                case TRANSMISSION -> {
                    structured = handshake.structured();
                    allocationWanted = handshake.allocationWanted();
                    return true;
                }
                case CLOSE -> {
                    return false;
                }
            }
        }
    }

    private void receive(long deadline) throws IOException {
        makeRoom(1);
        while (read() == 0) {
            long leftMs = (deadline - System.nanoTime()) / 1_000_000L;
            if (leftMs <= 0) {
                throw new IOException("no export was chosen within " + HANDSHAKE_MS + " ms");
            }
            await(readable, leftMs);
        }
    }

    // ---- requests -----------------------------------------------------------------------------------------------

    private void serve() throws IOException, InterruptedException {
        while (true) {
            NbdRequest.Outcome outcome = request.decode(in);
            if (outcome == NbdRequest.Outcome.BROKEN) {
                throw new IOException("what came is not an NBD request");
            }
            if (outcome == NbdRequest.Outcome.NEED_MORE) {
                receive(NbdRequest.HEAD_BYTES);
            } else if (!carryOut()) {
                flush();
                return;
            }
        }
    }

    /** False if the client has taken its leave. */
    private boolean carryOut() throws IOException, InterruptedException {
        int error = request.error(volume.export(), allocationWanted);
        return switch (request.kind()) {
            case DISCONNECT -> false;
            case READ -> error == 0 ? readVolume() : fail(error);
            case BLOCK_STATUS -> error == 0 ? blockStatus() : fail(error);
            case WRITE -> write(error);
            case ZERO -> error == 0 ? zero() : answer(error);
            case FLUSH -> error == 0 ? flushVolume() : answer(error);
            case UNKNOWN -> answer(error);
        };
    }

    private boolean write(int error) throws IOException, InterruptedException {
        int result = error;
        long offset = request.offset();
        for (int left = request.dataBytes(); left > 0; ) {
            int part = Math.min(left, BUFFER_BYTES);
            receive(part);
            if (result == 0) {
                try {
                    volume.write(inMemory.asSlice(in.position(), part), part, offset);
                } catch (DiskException e) {
                    result = failed(e);
                }
            }
            in.position(in.position() + part);
            offset += part;
            left -= part;
        }
        return written(result);
    }

    private boolean zero() throws IOException, InterruptedException {
        int result = 0;
        try {
            volume.zero(request.offset(), request.length(), request.allocates());
        } catch (DiskException e) {
            result = failed(e);
        }
        return written(result);
    }

    /** Answers a write, after the disk has it if the client asked for that. */
    private boolean written(int result) throws IOException, InterruptedException {
        if (result == 0 && request.forcesUnitAccess() && !volume.flushesAtOnce()) {
            return syncThenAnswer();
        }
        return answer(result);
    }

    private boolean flushVolume() throws IOException, InterruptedException {
        return volume.flushesAtOnce() ? answer(0) : syncThenAnswer();
    }

    private boolean syncThenAnswer() throws InterruptedException {
        long cookie = request.cookie();
        onWorker(() -> {
            int result = 0;
            try {
                volume.file().sync();
            } catch (DiskException e) {
                result = failed(e);
            }
            ByteBuffer reply = ByteBuffer.allocate(NbdReply.MAX_BYTES);
            NbdReply.simple(reply, result, cookie);
            send(reply.flip());
        });
        return true;
    }

    private boolean readVolume() throws IOException, InterruptedException {
        int length = (int) request.length();
        int head = NbdReply.dataHeadBytes(structured);
        if (length > MAX_INLINE_READ_BYTES) {
            return readByWorker(length);
        }
        reserve(head + length);
        int start = out.position();
        try {
            int got = volume.file().readNow(outMemory.asSlice(start + head, length), length, request.offset());
            if (got < length) {
                return readByWorker(length);
            }
        } catch (DiskException e) {
            return fail(failed(e));
        }
        NbdReply.data(out, structured, request.cookie(), request.offset(), length);
        out.position(start + head + length);
        return true;
    }

    private boolean readByWorker(int length) throws InterruptedException {
        long cookie = request.cookie();
        long offset = request.offset();
        onWorker(() -> {
            ByteBuffer reply = server.takeBuffer(NbdReply.MAX_BYTES + length);
            try {
                volume.file()
                        .read(
                                MemorySegment.ofBuffer(reply).asSlice(NbdReply.dataHeadBytes(structured), length),
                                length,
                                offset);
                NbdReply.data(reply, structured, cookie, offset, length);
                reply.position(reply.position() + length);
            } catch (DiskException e) {
                reply.clear();
                NbdReply.failed(reply, structured, failed(e), cookie);
            }
            send(reply.flip());
            server.giveBuffer(reply);
        });
        return true;
    }

    private boolean blockStatus() throws IOException {
        try {
            long extent = volume.file().extent(request.offset(), request.length());
            reserve(NbdReply.MAX_BYTES);
            NbdReply.extent(out, request.cookie(), Math.abs(extent), extent < 0);
            return true;
        } catch (DiskException e) {
            return fail(failed(e));
        }
    }

    private boolean answer(int error) throws IOException {
        reserve(NbdReply.MAX_BYTES);
        NbdReply.simple(out, error, request.cookie());
        return true;
    }

    private boolean fail(int error) throws IOException {
        reserve(NbdReply.MAX_BYTES);
        NbdReply.failed(out, structured, error, request.cookie());
        return true;
    }

    private int failed(DiskException e) {
        server.failed(e.getMessage());
        return e.nbdError();
    }

    /** Something that waits for the disk and then sends. */
    private interface Waiting {
        void run() throws IOException;
    }

    private void onWorker(Waiting work) throws InterruptedException {
        waiting.acquire();
        workers.execute(() -> {
            try {
                work.run();
            } catch (IOException e) {
                hangUp();
            } finally {
                waiting.release();
            }
        });
    }

    // ---- the socket ---------------------------------------------------------------------------------------------

    /** Has at least {@code wanted} bytes in {@link #in}; what has been answered is sent before anything is waited for. */
    private void receive(int wanted) throws IOException, InterruptedException {
        if (in.remaining() >= wanted) {
            return;
        }
        makeRoom(wanted);
        while (in.remaining() < wanted) {
            long challenge = challenged;
            if (!in.hasRemaining() && !volume.admits()) {
                flush();
                Thread.sleep(ROOM_MS);
                if (!socket.isOpen()) {
                    throw new EOFException();
                }
            } else if (read() == 0) {
                caughtUpWith(challenge);
                flush();
                await(readable, 0);
            }
        }
    }

    private void makeRoom(int wanted) {
        if (!in.hasRemaining()) {
            in.clear().limit(0);
        } else if (in.position() + Math.max(wanted, BUFFER_BYTES / 4) > in.capacity()) {
            in.compact().flip();
        }
    }

    private int read() throws IOException {
        int taken = in.position();
        int end = in.limit();
        in.limit(in.capacity()).position(end);
        int got;
        try {
            got = socket.read(in);
        } finally {
            in.limit(in.position()).position(taken);
        }
        if (got < 0) {
            throw new EOFException();
        }
        return got;
    }

    private void await(Selector selector, long timeoutMs) throws IOException {
        try {
            selector.select(key -> {}, timeoutMs);
        } catch (ClosedSelectorException e) {
            throw new EOFException();
        }
        if (!socket.isOpen()) {
            throw new EOFException();
        }
    }

    private void reserve(int bytes) throws IOException {
        if (out.remaining() < bytes) {
            flush();
        }
    }

    private void flush() throws IOException {
        if (out.position() > 0) {
            send(out.flip());
            out.clear();
        }
    }

    private void send(ByteBuffer bytes) throws IOException {
        sending.lock();
        try {
            while (bytes.hasRemaining()) {
                if (socket.write(bytes) == 0) {
                    await(writable, 0);
                }
            }
        } finally {
            sending.unlock();
        }
    }

    // ---- old connections ----------------------------------------------------------------------------------------

    private synchronized void caughtUpWith(long challenge) {
        if (challenge > caughtUp) {
            caughtUp = challenge;
            notifyAll();
        }
    }

    /** Another thread: waits until its thread and all its requests have ended. */
    synchronized void awaitEnd() throws InterruptedException {
        while (!ended) {
            wait();
        }
    }

    /** Another connection's thread: waits until everything that had been sent on this one is carried out. */
    void awaitCaughtUp() throws InterruptedException {
        long mine;
        synchronized (this) {
            mine = ++challenged;
        }
        readable.wakeup();
        synchronized (this) {
            while (!ended && caughtUp < mine) {
                wait();
            }
        }
    }
}
