package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;

/** One end of a connection: bytes arrive in the order in which they were written, in pieces of any length. */
final class FakePipe implements Wire {
    private static final long MILLI = 1_000_000;
    private static final int FULL_BYTES = 128 << 10;

    private final FakeTunnelNetwork network;
    private final FakeTunnelNetwork.End end;
    private final Deque<byte[]> arriving = new ArrayDeque<>();
    private ByteBuf read = Unpooled.buffer();
    private FakePipe other;
    private TunnelConnection connection;
    private boolean reads = true;
    private boolean closed;
    private boolean endComes;
    private long arrivingBytes;

    FakePipe(FakeTunnelNetwork network, FakeTunnelNetwork.End end) {
        this.network = network;
        this.end = end;
    }

    void serves(TunnelConnection decides) {
        connection = decides;
    }

    TunnelConnection connection() {
        return connection;
    }

    FakePipe other() {
        return other;
    }

    void join(FakePipe opposite) {
        other = opposite;
        opposite.other = this;
        for (FakePipe pipe : List.of(this, opposite)) {
            network.pipes().add(pipe);
            pipe.end.open().add(pipe);
        }
    }

    @Override
    public ByteBufAllocator allocator() {
        return ByteBufAllocator.DEFAULT;
    }

    @Override
    public boolean hasRoom() {
        return !closed && other.arrivingBytes < FULL_BYTES;
    }

    @Override
    public void write(TunnelFrame frame) {
        ByteBuf header = frame.encodeHeader(allocator());
        int headerBytes = header.readableBytes();
        byte[] bytes = new byte[headerBytes + frame.payload().readableBytes()];
        header.readBytes(bytes, 0, headerBytes);
        frame.payload().getBytes(frame.payload().readerIndex(), bytes, headerBytes, bytes.length - headerBytes);
        header.release();
        frame.payload().release();
        if (!closed && other != null) {
            other.arriving.addLast(bytes);
            other.arrivingBytes += bytes.length;
            network.after(network.dice().nextLong(2 * MILLI, 6 * MILLI), other::arrive);
        }
    }

    /** Of what is on its way a part arrives, not before what was sent earlier. */
    private void arrive() {
        if (network.isCut() || !reads) {
            if (!end.isDead() && !closed) {
                network.after(20 * MILLI, this::arrive);
            }
            return;
        }
        boolean wasFull = arrivingBytes >= FULL_BYTES;
        byte[] bytes = arriving.pollFirst();
        if (bytes != null) {
            arrivingBytes -= bytes.length;
            int now = arriving.isEmpty() ? bytes.length : network.dice().nextInt(1, bytes.length + 1);
            if (now < bytes.length) {
                byte[] rest = Arrays.copyOfRange(bytes, now, bytes.length);
                arriving.addFirst(rest);
                arrivingBytes += rest.length;
                network.after(network.dice().nextLong(MILLI), this::arrive);
            }
            if (!end.isDead() && !closed) {
                // A new buffer: the payloads of earlier frames are slices of the old one.
                read = Unpooled.buffer().writeBytes(read).writeBytes(bytes, 0, now);
                connection.read(read, network.now());
            }
        }
        if (arriving.isEmpty() && endComes) {
            broke("the connection was closed by the other end");
        }
        if (wasFull && arrivingBytes < FULL_BYTES && !other.end.isDead() && !other.closed) {
            other.connection.hasRoom(network.now());
        }
    }

    @Override
    public void flush() {
        // Everything goes at once.
    }

    @Override
    public void setReading(boolean reading) {
        reads = reading;
    }

    @Override
    public long measure(long now) {
        return 0;
    }

    @Override
    public long bytesPerSecond() {
        return 0;
    }

    @Override
    public void close(Closing closing) {
        if (closing == Closing.AT_ONCE) {
            over();
            return;
        }
        end.later(100 * MILLI, () -> {
            if (closing == Closing.LOSING_WHAT_WAITS && other != null) {
                other.drop();
            }
            over();
        });
    }

    void over() {
        if (!closed) {
            closed = true;
            network.pipes().remove(this);
            end.open().remove(this);
            if (other != null) {
                other.endComes = true;
                network.after(5 * MILLI, other::arrive);
            }
        }
    }

    void drop() {
        arriving.clear();
        arrivingBytes = 0;
    }

    void dropWhatCameFrom(FakeTunnelNetwork.End sender) {
        if (other != null && other.end == sender) {
            drop();
        }
    }

    void broke(String reason) {
        if (!end.isDead()) {
            connection.broke(new Reset(ResetCode.BROKEN, reason), network.now());
        }
        over();
    }
}
