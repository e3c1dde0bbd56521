package org.secondsite.replicator.tunnel;

import java.util.concurrent.TimeUnit;

/**
 * Whether the way to the peer seems to swallow long packets and tell nobody (RFC 2923 §2.1): SYNs and the datagrams beside the
 * tunnel get through, TLS or epochs do not. Then the next session is made of small segments, which get through that too.
 *
 * <pre>
 * a connection ended by                        and a beacon was heard
 *   silence, be it in TLS' handshake           since half a silence before that
 *   the other end, and it had been open        since then: its process lives, so it had a reason
 *   anything else                              no doubt
 * </pre>
 *
 * <p>Nothing is heard from a site that is gone, or behind a cut: for those there is no doubt.
 */
public final class BlackHoleDoubt {
    private final long silenceNanos;
    private boolean doubted;
    private long sinceNanos;

    /** For a tunnel that gives a connection up after so long. */
    public BlackHoleDoubt(int silenceMs) {
        silenceNanos = TimeUnit.MILLISECONDS.toNanos(silenceMs);
    }

    /** A first connection of a session ended, whether it had ever been open or not. */
    public void ended(ResetCode code, boolean wasOpen, long nowNanos) {
        switch (code) {
            case SILENCE -> {
                doubted = true;
                sinceNanos = nowNanos - silenceNanos / 2;
            }
            case BROKEN -> {
                doubted = wasOpen;
                sinceNanos = nowNanos;
            }
            default -> doubted = false;
        }
    }

    /**
     * To be asked before the first connection of the next session.
     *
     * @param beaconNanos when the last beacon was heard
     */
    public boolean isBlackHole(long beaconNanos) {
        return doubted && beaconNanos - sinceNanos > 0;
    }
}
