package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBufAllocator;

/**
 * What a {@link TunnelConnection} does to the TCP connection under it. None of it waits, and none of it calls the connection or
 * its session back before it returns: what comes of it is told later.
 */
public interface Wire {
    /** How a connection ends. */
    enum Closing {
        /** The peer closes when it has read the farewell that was written last; after a heartbeat this end closes all the same. */
        AFTER_FAREWELL,

        /**
         * The same, but what the peer has not taken by then is thrown away: what a silent peer did not take in time must not reach
         * it when the world has gone on without it.
         */
        LOSING_WHAT_WAITS,

        /** There is nobody to say farewell to. */
        AT_ONCE
    }

    /** Where the payloads of frames come from. */
    ByteBufAllocator allocator();

    /** Whether little enough waits to be sent. When it becomes so, {@link TunnelConnection#hasRoom} is told. */
    boolean hasRoom();

    /** Writes a frame, whether there is room or not, and does not flush. Takes over the payload. */
    void write(TunnelFrame frame);

    /** Lets out what was written. */
    void flush();

    /** Stops or starts reading from the peer: the only back-pressure that reaches it. */
    void setReading(boolean reading);

    /**
     * Measures how fast the way is, and lets as much wait as suits that. Called at every heartbeat.
     *
     * @return how many bytes wait here to be sent
     */
    long measure(long nowNanos);

    /** The rate that the way takes, 0 if not known. */
    long bytesPerSecond();

    /** Ends the connection. Nothing follows. */
    void close(Closing closing);
}
