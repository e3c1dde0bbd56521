package org.secondsite.bgp.wire;

import java.util.List;

/** A capability of an OPEN message (RFC 5492 §4): {@code code u8, length u8, value}. */
public sealed interface Capability {
    /** The registered code. */
    int code();

    /** Multiprotocol extensions (RFC 4760 §8): {@code AFI u16, reserved u8, SAFI u8}. */
    record Multiprotocol(AddressFamily family) implements Capability {
        static final int CODE = 1;

        @Override
        public int code() {
            return CODE;
        }
    }

    /** Route refresh (RFC 2918 §2): no value. */
    record RouteRefresh() implements Capability {
        static final int CODE = 2;

        @Override
        public int code() {
            return CODE;
        }
    }

    /**
     * Routes with next hops of the other IP version (RFC 8950 §4): {@code (AFI u16, SAFI u16, next hop AFI u16)*}. The document
     * has IPv4 routes with IPv6 next hops alone; ExaBGP and others speak of the reverse by the same octets.
     *
     * @param families of IPv4 with next hops of IPv6, and the other way round
     */
    record ExtendedNextHop(List<AddressFamily> families) implements Capability {
        static final int CODE = 5;

        /** The AFI of such a next hop. */
        static int nextHopAfi(AddressFamily family) {
            return family.afi() == 1 ? 2 : 1;
        }

        /** Copies the list. */
        public ExtendedNextHop {
            families = List.copyOf(families);
        }

        @Override
        public int code() {
            return CODE;
        }
    }

    /** Messages up to 65,535 octets (RFC 8654 §3): no value. */
    record ExtendedMessage() implements Capability {
        static final int CODE = 6;

        @Override
        public int code() {
            return CODE;
        }
    }

    /**
     * Graceful restart (RFC 4724 §3): {@code flags 4 bits, restart time 12 bits, (AFI u16, SAFI u8, flags u8)*}. Never sent
     * unless asked for: a helper that keeps a dead site's route fights a failover.
     *
     * @param restartState the R bit: the sender has restarted
     * @param notification the N bit (RFC 8538 §2)
     * @param restartTimeSeconds 0 to 4095
     */
    record GracefulRestart(
            boolean restartState, boolean notification, int restartTimeSeconds, List<PreservedFamily> families)
            implements Capability {
        static final int CODE = 64;

        /** Copies the list. */
        public GracefulRestart {
            families = List.copyOf(families);
        }

        @Override
        public int code() {
            return CODE;
        }

        /** A family, and whether its forwarding state was kept (the F bit). */
        public record PreservedFamily(AddressFamily family, boolean forwardingPreserved) {}
    }

    /** Four-octet AS numbers (RFC 6793 §3): {@code AS u32}. */
    record FourOctetAs(long as) implements Capability {
        static final int CODE = 65;

        @Override
        public int code() {
            return CODE;
        }
    }

    /** ADD-PATH (RFC 7911 §4): {@code (AFI u16, SAFI u8, direction u8)*}. */
    record AddPath(List<Direction> directions) implements Capability {
        static final int CODE = 69;
        /** The sender can receive several paths. */
        public static final int RECEIVE = 1;
        /** The sender will send several paths. */
        public static final int SEND = 2;

        /** Copies the list. */
        public AddPath {
            directions = List.copyOf(directions);
        }

        @Override
        public int code() {
            return CODE;
        }

        /** What the sender of the OPEN does with the family: {@link #RECEIVE}, {@link #SEND} or their sum. */
        public record Direction(AddressFamily family, int mode) {}
    }

    /** Enhanced route refresh (RFC 7313 §3.1): no value. */
    record EnhancedRouteRefresh() implements Capability {
        static final int CODE = 70;

        @Override
        public int code() {
            return CODE;
        }
    }

    /** A capability that is not known here, or known but of another length than registered. */
    record Unrecognized(int code, Octets value) implements Capability {}
}
