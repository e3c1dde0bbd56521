package org.secondsite.net;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Connections whose other end has not proved who it is: how many may be open at a time, altogether and from one address. When there
 * are too many the oldest one goes, not the one that comes: who idles at a port keeps nobody out, because a rightful peer proves
 * itself within a round trip or two.
 *
 * <p>An IPv6 host has as many addresses as it likes within its network, so a /64 counts as one. Of all addresses the one with the most
 * strangers gives way first.
 *
 * <p>Not thread-safe; knows no clock and no socket.
 *
 * @param <C> a connection; equal only to itself
 */
public final class Strangers<C> {
    private static final int NETWORK_BYTES = 8;

    /** An address, or an IPv6 network. */
    private record Origin(long high, long low) {}

    private final int most;
    private final int mostOfOne;
    private final Map<Origin, Deque<C>> byOrigin = new HashMap<>();
    private final Map<C, Origin> origins = new HashMap<>();

    /**
     * Nobody is there.
     *
     * @param most how many may be there altogether
     * @param mostOfOne how many from one address
     * @throws IllegalArgumentException unless {@code 1 <= mostOfOne <= most}
     */
    public Strangers(int most, int mostOfOne) {
        if (mostOfOne < 1 || most < mostOfOne) {
            throw new IllegalArgumentException(mostOfOne + " of one address, " + most + " altogether");
        }
        this.most = most;
        this.mostOfOne = mostOfOne;
    }

    /**
     * A connection came.
     *
     * @return the older one that is to be closed for it, and is not counted any more; or empty
     */
    public Optional<C> came(C connection, InetAddress from) {
        Origin origin = origin(from);
        Deque<C> sameOrigin = byOrigin.computeIfAbsent(origin, first -> new ArrayDeque<>());
        C out = null;
        if (sameOrigin.size() >= mostOfOne) {
            out = sameOrigin.removeFirst();
            origins.remove(out);
        } else if (origins.size() >= most) {
            out = oldestOfTheMost();
        }
        sameOrigin.addLast(connection);
        origins.put(connection, origin);
        return Optional.ofNullable(out);
    }

    private C oldestOfTheMost() {
        Deque<C> crowd = new ArrayDeque<>();
        for (Deque<C> candidate : byOrigin.values()) {
            if (candidate.size() > crowd.size()) {
                crowd = candidate;
            }
        }
        C oldest = crowd.getFirst();
        gone(oldest);
        return oldest;
    }

    /** A connection proved who is at its other end, or is closed; once more does no harm. */
    public void gone(C connection) {
        Origin origin = origins.remove(connection);
        if (origin != null) {
            Deque<C> sameOrigin = byOrigin.get(origin);
            sameOrigin.remove(connection);
            if (sameOrigin.isEmpty()) {
                byOrigin.remove(origin);
            }
        }
    }

    /** How many are there. */
    public int count() {
        return origins.size();
    }

    private static Origin origin(InetAddress address) {
        byte[] bytes = address.getAddress();
        boolean network = address instanceof Inet6Address;
        long high = number(network ? Arrays.copyOf(bytes, NETWORK_BYTES) : new byte[0]);
        return new Origin(high, network ? 0 : number(bytes));
    }

    private static long number(byte[] bytes) {
        long number = 0;
        for (byte each : bytes) {
            number = number << Byte.SIZE | (each & 0xff);
        }
        return number;
    }
}
