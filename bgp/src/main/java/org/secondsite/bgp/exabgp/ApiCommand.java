package org.secondsite.bgp.exabgp;

import java.util.List;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.config.IpPrefix;

/** One command of a helper, understood. */
public sealed interface ApiCommand {
    /** A route as the helper wrote it; an AS_PATH among the attributes is the whole path, own AS included. */
    record Route(IpPrefix prefix, RouteAttributes attributes) {}

    /** {@code announce route …}, {@code announce attributes … nlri …}, {@code announce ipv4 unicast …}. */
    record Announce(NeighborFilter neighbors, List<Route> routes) implements ApiCommand {
        /** Copies the list. */
        public Announce {
            routes = List.copyOf(routes);
        }
    }

    /** {@code withdraw …} of the same forms. */
    record Withdraw(NeighborFilter neighbors, List<IpPrefix> prefixes) implements ApiCommand {
        /** Copies the list. */
        public Withdraw {
            prefixes = List.copyOf(prefixes);
        }
    }

    /** {@code announce eor AFI SAFI}. */
    record EndOfRib(NeighborFilter neighbors, AddressFamily family) implements ApiCommand {}

    /** {@code announce route-refresh AFI SAFI}: ask the peer to send its routes again. */
    record RouteRefresh(NeighborFilter neighbors, AddressFamily family) implements ApiCommand {}

    /** {@code teardown N}: end the session with Cease and this subcode. */
    record Teardown(NeighborFilter neighbors, int subcode) implements ApiCommand {}

    /** {@code flush adj-rib out}: send everything again. */
    record Flush(NeighborFilter neighbors) implements ApiCommand {}

    /** {@code clear adj-rib out}: withdraw everything. */
    record Clear(NeighborFilter neighbors) implements ApiCommand {}

    /** {@code show neighbor}. */
    record ShowNeighbor() implements ApiCommand {}

    /** {@code show adj-rib in} or {@code out}. */
    record ShowAdjRib(boolean out) implements ApiCommand {}

    /** {@code version}. */
    record Version() implements ApiCommand {}

    /** {@code shutdown}. */
    record Shutdown() implements ApiCommand {}

    /** {@code enable-ack}, {@code disable-ack}, {@code silence-ack}. */
    record Acknowledge(Mode mode) implements ApiCommand {
        /** Silence begins at once, disabling after this command was acknowledged. */
        public enum Mode {
            ENABLE,
            DISABLE,
            SILENCE
        }
    }

    /** An empty line or a comment: no answer. */
    record Nothing() implements ApiCommand {}

    /** Not understood, and why. */
    record Fault(String reason) implements ApiCommand {}
}
