package org.secondsite.replicator.checkpoint.io;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.net.Causes;
import org.secondsite.net.Decoded;
import org.secondsite.net.life.Defects;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.checkpoint.CheckpointCodec;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.EpochFrames;
import org.secondsite.replicator.checkpoint.Reset;
import org.secondsite.replicator.checkpoint.Side;

/**
 * One connection of the checkpoint protocol, at either end: frames, keepalive, and shipping of whole epochs.
 *
 * <p><b>Shipping.</b> The frames of an epoch are made as the channel takes them; no more than a few MiB of them wait at a
 * time. Small messages go in between at once. After END a PING is sent, and the epoch counts as done when its PONG is back:
 * only then is the pipe known to be empty, so that the SEAL of the next checkpoint, for which a VM is paused, does not stand
 * behind bulk in a socket buffer, and only then is the gateway known to be alive, so that no VM is paused for a dead one.
 *
 * <p><b>Keepalive.</b> A side that has read nothing for the keepalive time sends PING, and gives the connection up when the
 * silence lasts three times as long, unless it takes a long shipment meanwhile. Each side looks after itself, so the two
 * times need not be equal.
 *
 * <p><b>Threads.</b> State belongs to the channel's event loop; {@link #send}, {@link #ship} and {@link #close} may be called
 * from any thread.
 */
public final class CheckpointConnection extends ByteToMessageDecoder {
    private static final int LOW_WATER_BYTES = 1 << 20;
    private static final int HIGH_WATER_BYTES = 4 << 20;

    private static final int LEAST_READ_BYTES = 1 << 10;
    private static final int FIRST_READ_BYTES = 16 << 10;

    /** More than a whole message of pages, so that few are put together from pieces. */
    private static final int MAX_READ_BYTES = 512 << 10;

    /** A peer that reads as fast as this end writes must not keep the event loop from everything else: about 16 MiB. */
    private static final int MAX_FRAMES_AT_ONCE = 64;

    private static final int MAX_SILENCES = 3;
    private static final long KEEPALIVE_NONCE = 0;

    /** What happens on a connection. Called on its event loop; must not block. */
    public interface Events {
        /** The connection stands. */
        void opened(CheckpointConnection connection);

        /** A message other than PING and PONG. Buffers in it are valid during the call only. */
        void message(CheckpointConnection connection, CheckpointMessage message);

        /** The connection is gone; nothing follows. */
        void closed(CheckpointConnection connection, String reason);
    }

    /** What waits until the channel takes it, in order. */
    private sealed interface Waiting {}

    private record Shipment(EpochFrames frames, Runnable done) implements Waiting {}

    private record Ordered(CheckpointMessage message) implements Waiting {}

    private final Side self;
    private final Events events;
    private final Life life;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final Map<Long, Runnable> unacknowledged = new HashMap<>();

    private Channel channel;
    private int silences;
    private long reads;
    private long lastNonce = KEEPALIVE_NONCE;
    private boolean differences;
    private byte[] shippedState = new byte[0];
    private String closeReason;
    private boolean closed;

    private CheckpointConnection(Side self, Events events, Life life) {
        this.life = life;
        this.self = self;
        this.events = events;
    }

    /**
     * Puts a connection on a new channel. If the channel never becomes active, only {@code closed} will be called.
     *
     * @param life ends by what a handler throws that is no fault of the network
     */
    public static CheckpointConnection install(Channel channel, Side self, int keepaliveMs, Events events, Life life) {
        channel.config().setWriteBufferWaterMark(new WriteBufferWaterMark(LOW_WATER_BYTES, HIGH_WATER_BYTES));
        channel.config()
                .setRecvByteBufAllocator(
                        new AdaptiveRecvByteBufAllocator(LEAST_READ_BYTES, FIRST_READ_BYTES, MAX_READ_BYTES));
        CheckpointConnection connection = new CheckpointConnection(self, events, life);
        connection.channel = channel;
        channel.pipeline().addLast(new IdleStateHandler(keepaliveMs, 0, 0, TimeUnit.MILLISECONDS), connection);
        return connection;
    }

    /** Of the device states that are shipped from now on, all but the first, what does not stand in the one before. */
    public void shipDifferences() {
        onLoop(() -> differences = true);
    }

    /** Sends a message that is not part of an epoch. */
    public void send(CheckpointMessage message) {
        channel.writeAndFlush(frame(message)).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    /** Sends a message that is not part of an epoch, after all epochs that were shipped before. */
    public void sendInOrder(CheckpointMessage message) {
        inTurn(() -> {
            if (!closed) {
                waiting.add(new Ordered(message));
                pump();
            }
        });
    }

    /** Sends a message and closes when it is written. */
    public void sendLast(CheckpointMessage message, String reason) {
        onLoop(() -> {
            noteReason(reason);
            channel.writeAndFlush(frame(message)).addListener(ChannelFutureListener.CLOSE);
        });
    }

    /**
     * Ships an epoch, after those shipped before.
     *
     * @param done run once on the event loop, when the peer has read all of it, or when the connection is gone; until then
     *     the epoch must stay open
     */
    public void ship(Epoch epoch, long pauseNanos, Runnable done) {
        try {
            inTurn(() -> {
                if (closed) {
                    done.run();
                    return;
                }
                waiting.add(new Shipment(new EpochFrames(epoch, pauseNanos, shippedState), done));
                if (differences) {
                    shippedState = epoch.deviceState();
                }
                pump();
            });
        } catch (RejectedExecutionException afterShutdown) {
            done.run();
        }
    }

    /** Closes, if it is not closed already. */
    public void close(String reason) {
        try {
            onLoop(() -> {
                noteReason(reason);
                var _ = channel.close();
            });
        } catch (RejectedExecutionException afterShutdown) {
            var _ = channel.close();
        }
    }

    /**
     * Asks the other end for a sign of life. On the event loop.
     *
     * @param lives is told, once, whether anything was heard within the time
     */
    void askForSignOfLife(int withinMs, Consumer<Boolean> lives) {
        long before = reads;
        send(new CheckpointMessage.Ping(KEEPALIVE_NONCE));
        var _ = channel.eventLoop().schedule(() -> lives.accept(reads != before), withinMs, TimeUnit.MILLISECONDS);
    }

    /** Whether the connection still stands, as far as is known here. */
    public boolean isOpen() {
        return channel.isActive();
    }

    /** The address of the peer, for logs. */
    @Override
    public String toString() {
        return channel instanceof DomainSocketChannel ? "this machine" : String.valueOf(channel.remoteAddress());
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        events.opened(this);
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        silences = 0;
        reads++;
        while (!closed && closeReason == null) {
            switch (CheckpointCodec.decode(in, self.peer())) {
                case Decoded.NeedMore<CheckpointMessage, Reset>() -> {
                    return;
                }
                case Decoded.Refused<CheckpointMessage, Reset>(Reset reset) -> {
                    in.skipBytes(in.readableBytes());
                    close(reset.toString());
                }
                case Decoded.Complete<CheckpointMessage, Reset>(CheckpointMessage message) -> received(message);
            }
        }
        in.skipBytes(in.readableBytes());
    }

    private void received(CheckpointMessage message) {
        switch (message) {
            case CheckpointMessage.Ping ping -> send(new CheckpointMessage.Pong(ping.nonce()));
            case CheckpointMessage.Pong pong -> {
                Runnable done = unacknowledged.remove(pong.nonce());
                if (done != null) {
                    done.run();
                }
            }
            default -> events.message(this, message);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        pump();
    }

    /** Each frame is flushed, so that the peer reads the first while the next is made. */
    private void pump() {
        for (int frames = 0; channel.isWritable() && !waiting.isEmpty(); frames++) {
            if (frames == MAX_FRAMES_AT_ONCE) {
                inTurn(this::pump);
                return;
            }
            ByteBuf frame =
                    switch (waiting.peek()) {
                        case Ordered ordered -> {
                            waiting.remove();
                            yield frame(ordered.message());
                        }
                        case Shipment shipment -> next(shipment);
                    };
            channel.writeAndFlush(frame).addListener(this::bulkWritten);
        }
    }

    private void bulkWritten(Future<? super Void> written) {
        if (written.isSuccess()) {
            // The peer takes what it is sent: its PONG may well stand behind all of that.
            silences = 0;
        } else {
            close(String.valueOf(written.cause().getMessage()));
        }
    }

    /** The next frame of a shipment; after its last one, the PING that asks whether all of it was read. */
    private ByteBuf next(Shipment shipment) {
        ByteBuf frame = shipment.frames().next(channel.alloc());
        if (frame != null) {
            return frame;
        }
        waiting.remove();
        lastNonce++;
        unacknowledged.put(lastNonce, shipment.done());
        return frame(new CheckpointMessage.Ping(lastNonce));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (!(event instanceof IdleStateEvent)) {
            return;
        }
        silences++;
        if (silences >= MAX_SILENCES) {
            close("nothing heard for " + silences + " keepalive times");
        } else {
            send(new CheckpointMessage.Ping(KEEPALIVE_NONCE));
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (Defects.isDefect(cause)) {
            life.failed(cause);
        }
        close(Causes.words(cause));
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext context) {
        if (closed) {
            return;
        }
        closed = true;
        noteReason("closed by the peer");
        for (Waiting left : waiting) {
            if (left instanceof Shipment shipment) {
                shipment.done().run();
            }
        }
        waiting.clear();
        unacknowledged.values().forEach(Runnable::run);
        unacknowledged.clear();
        events.closed(this, closeReason);
    }

    private void noteReason(String reason) {
        if (closeReason == null) {
            closeReason = reason;
        }
    }

    private ByteBuf frame(CheckpointMessage message) {
        ByteBuf frame = channel.alloc().directBuffer(256);
        CheckpointCodec.encode(message, frame);
        return frame;
    }

    /** Never at once, also on the event loop itself: what another thread asked for before waits for its turn there. */
    private void inTurn(Runnable task) {
        channel.eventLoop().execute(task);
    }

    private void onLoop(Runnable task) {
        if (channel.eventLoop().inEventLoop()) {
            task.run();
        } else {
            channel.eventLoop().execute(task);
        }
    }
}
