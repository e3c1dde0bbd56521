package org.secondsite.bgp.wire;

import java.net.Inet4Address;

/** Network layer reachability information: what a route leads to. */
public sealed interface Nlri {
    /** The family it belongs to. */
    AddressFamily family();

    /** The only path to the prefix. */
    static Unicast of(Prefix prefix) {
        return new Unicast(Unicast.NO_PATH, prefix);
    }

    /**
     * A prefix, and with ADD-PATH which of several paths to it.
     *
     * @param pathId the path identifier (RFC 7911 §3), 32 bits unsigned; {@link #NO_PATH} where ADD-PATH is not in use
     * @param prefix the prefix
     */
    record Unicast(long pathId, Prefix prefix) implements Nlri {
        /** Stands for the absence of a path identifier: 0 is one. */
        public static final long NO_PATH = -1;

        /** Whether there is a path identifier. */
        public boolean hasPath() {
            return pathId != NO_PATH;
        }

        // Spelt out: tables of routes hash by it, and what the compiler makes of a record is slow until it is warm.
        @Override
        public boolean equals(Object other) {
            return other instanceof Unicast that && pathId == that.pathId && prefix.equals(that.prefix);
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(pathId) + prefix.hashCode();
        }

        @Override
        public AddressFamily family() {
            return prefix.address() instanceof Inet4Address ? AddressFamily.IPV4_UNICAST : AddressFamily.IPV6_UNICAST;
        }

        @Override
        public String toString() {
            return hasPath() ? prefix + " path " + pathId : prefix.toString();
        }
    }

    /**
     * A traffic filter (RFC 8955 §4, RFC 8956).
     *
     * @param rule the components as on the wire, without the length before them
     */
    record Flow(AddressFamily family, Octets rule) implements Nlri {
        @Override
        public String toString() {
            return "flow " + rule;
        }
    }

    /**
     * All NLRI of one attribute in a family that is only handed through.
     *
     * @param nextHop the next hop field; empty in a withdrawal
     * @param field the NLRI field
     */
    record Opaque(AddressFamily family, Octets nextHop, Octets field) implements Nlri {
        @Override
        public String toString() {
            return family + " " + field;
        }
    }
}
