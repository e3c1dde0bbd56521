package org.secondsite.replicator.tunnel;

/**
 * What a {@link TunnelSession} has carried out, beside what it does to connections ({@link Wire}) and has done by the codec
 * ({@link TunnelCodec}). None of it waits, and none of it calls the session back before it returns.
 */
public interface TunnelSink {
    /** What the packets of a connection are like. */
    enum Segments {
        /** As the path says. */
        USUAL,
        /** Small: the path swallows large ones and tells nobody. */
        SMALL
    }

    /** {@link TunnelSession#tick} is to be called at that time. More calls than were asked for do no harm. */
    void wakeAt(long nanos);

    /**
     * A connection is to be opened. When there is one, {@link TunnelSession#dialled} is told of it, whether the peer answers
     * or not; if none can be made, {@link TunnelSession#undialled}.
     *
     * @param number 0 for the first of a session, else a further one of the present session
     */
    void dial(int number, Segments segments);

    /** The peer said hello: from now on its datagrams are signed with this one's key. */
    void greeted(Hello peer);

    /** So many connections share the epochs now. */
    void widened(int connections);

    /** The session changed its phase: its status is another one. */
    void transition(TunnelSession.Phase from, TunnelSession.Phase to, String reason);

    /** A connection changed its phase. For the log. */
    void transition(TunnelConnection connection, TunnelConnection.Phase from, TunnelConnection.Phase to, String reason);

    /**
     * Whether this end may claim to live. Asked once at every heartbeat; until the next one, heartbeats and echoes are withheld
     * on all connections if it may not.
     */
    boolean mayClaimToLive();

    /** Whether nothing may go out at all, since this process cannot vouch for itself: every frame is a sign of life. */
    default boolean isSilent() {
        return false;
    }
}
