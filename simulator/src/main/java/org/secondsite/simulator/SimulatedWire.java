package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import org.secondsite.replicator.tunnel.FrameType;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelConnection;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.Wire;

/**
 * One end of a TCP connection. It keeps the order of each direction, stalls while that direction is cut, and says so to the other
 * end, after all that was sent before, when this one is closed or its process dies.
 */
final class SimulatedWire implements Wire {
    private static final ByteBufAllocator HEAP = new HeapAllocator();
    private static final long FAREWELL_NANOS = 100 * MILLI;
    private static final long RETRY_NANOS = 20 * MILLI;

    private final World world;
    private final TunnelEnd end;
    private final SplittableRandom dice;
    private SimulatedWire other;
    private TunnelConnection connection;

    /** What the network holds back from this end while the way is cut, and what this end does not read. */
    private final Deque<Runnable> stalled = new ArrayDeque<>();

    private final Deque<Runnable> unread = new ArrayDeque<>();
    private long lastArrivalNanos;
    private boolean full;
    private boolean reads = true;
    private boolean closed;

    SimulatedWire(World world, TunnelEnd end, SplittableRandom dice) {
        this.world = world;
        this.end = end;
        this.dice = dice;
    }

    /** Lays the way between two ends. */
    void join(SimulatedWire opposite) {
        other = opposite;
        opposite.other = this;
    }

    void serves(TunnelConnection decides) {
        connection = decides;
    }

    TunnelConnection connection() {
        return connection;
    }

    // ---- what the connection does

    @Override
    public ByteBufAllocator allocator() {
        return HEAP;
    }

    @Override
    public boolean hasRoom() {
        return !full && !closed;
    }

    @Override
    public void write(TunnelFrame frame) {
        if (closed) {
            frame.payload().release();
            return;
        }
        end.writes(frame);
        send(() -> other.end.received(other, frame));
        if (frame.type() == FrameType.DATA) {
            full = true;
            end.process().later(dice.nextLong(MILLI / 2, 2 * MILLI), () -> {
                full = false;
                connection.hasRoom(world.time().nowNanos());
            });
        }
    }

    @Override
    public void flush() {
        // Everything goes at once.
    }

    @Override
    public void setReading(boolean reading) {
        reads = reading;
        if (reading) {
            end.process().later(0, this::readOn);
        }
    }

    private void readOn() {
        while (reads && !unread.isEmpty()) {
            unread.removeFirst().run();
        }
    }

    @Override
    public long measure(long nowNanos) {
        return 0;
    }

    @Override
    public long bytesPerSecond() {
        return 0;
    }

    @Override
    public void close(Closing closing) {
        // What waits is never lost here: it arrives late, which is worse for the other end.
        if (closing == Closing.AT_ONCE) {
            over();
        } else {
            end.process().later(FAREWELL_NANOS, this::over);
        }
    }

    /** The process is gone, or has closed it: the kernel says so to the other end. */
    void over() {
        if (!closed) {
            closed = true;
            end.forget(this);
            if (other != null) {
                send(() -> other.broke("the connection was closed by the other end"));
            }
        }
    }

    void broke(String reason) {
        connection.broke(new Reset(ResetCode.BROKEN, reason), world.time().nowNanos());
    }

    // ---- the network

    /** It arrives in order, after what was sent before, or never. */
    private void send(Runnable arrives) {
        SimulatedNetwork.Way way = world.way(end.site(), other.end.site());
        long atNanos = world.time().nowNanos()
                + world.network().transit(way, 1, 8)
                + world.network().retransmission(way);
        other.lastArrivalNanos = Math.max(other.lastArrivalNanos, atNanos);
        world.time().at(other.lastArrivalNanos, () -> other.deliver(way, arrives));
    }

    /** While the way is cut, everything waits behind the first frame; the kernel tries again now and then. */
    private void deliver(SimulatedNetwork.Way way, Runnable arrives) {
        stalled.addLast(arrives);
        if (stalled.size() == 1) {
            drain(way);
        }
    }

    private void drain(SimulatedNetwork.Way way) {
        if (way.cut()) {
            if (end.lives()) {
                world.time().after(RETRY_NANOS, () -> drain(way));
            }
            return;
        }
        while (!stalled.isEmpty()) {
            Runnable arrived = stalled.removeFirst();
            if (end.lives()) {
                end.process().arrive(() -> read(arrived));
            }
        }
    }

    private void read(Runnable arrived) {
        if (!end.lives() || closed) {
            return;
        }
        if (reads && unread.isEmpty()) {
            arrived.run();
        } else {
            unread.addLast(arrived);
        }
    }
}
