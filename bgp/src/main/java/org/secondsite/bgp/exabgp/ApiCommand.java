package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** One command of a helper, understood. */
public sealed interface ApiCommand {
    /**
     * A route as the helper wrote it.
     *
     * @param watchdog the name by which the route is announced and withdrawn together with others
     * @param held whether it is not announced before its watchdog is
     */
    record Route(Nlri nlri, RouteAttributes attributes, Optional<String> watchdog, boolean held) {
        /** Without a watchdog. */
        public Route(Nlri nlri, RouteAttributes attributes) {
            this(nlri, attributes, Optional.empty(), false);
        }
    }

    /** {@code announce route …}, {@code announce attributes … nlri …}, {@code announce ipv4 unicast …}. */
    record Announce(NeighborFilter neighbors, List<Route> routes) implements ApiCommand {
        /** Copies the list. */
        public Announce {
            routes = List.copyOf(routes);
        }
    }

    /** {@code withdraw …} of the same forms. */
    record Withdraw(NeighborFilter neighbors, List<Nlri> routes) implements ApiCommand {
        /** Copies the list. */
        public Withdraw {
            routes = List.copyOf(routes);
        }
    }

    /** {@code announce watchdog NAME} and {@code withdraw watchdog NAME}: the routes that bear the name. */
    record Watchdog(NeighborFilter neighbors, String name, boolean announce) implements ApiCommand {}

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

    /** How much is shown. */
    enum Detail {
        /** A line for each. */
        PLAIN,
        /** {@code summary}: a table of the sessions that stand. */
        SUMMARY,
        /** {@code extensive}: all that is known. */
        EXTENSIVE,
        /** {@code configuration}: what is set. */
        CONFIGURATION
    }

    /** {@code show neighbor [IP] [summary|extensive|configuration]}. */
    record ShowNeighbor(Detail detail, Optional<InetAddress> only) implements ApiCommand {}

    /** {@code show adj-rib in} or {@code out}, {@code [IP] [extensive]}. */
    record ShowAdjRib(boolean out, Detail detail, Optional<InetAddress> only) implements ApiCommand {}

    /** {@code show rib [PREFIX]}: the best routes of the Loc-RIB, or all to one prefix; ours, ExaBGP has none. */
    record ShowRib(Optional<Prefix> only) implements ApiCommand {}

    /** {@code help}. */
    record Help() implements ApiCommand {}

    /** {@code restart}: all sessions begin anew. */
    record Restart() implements ApiCommand {}

    /** {@code # …}: answered, and nothing else. */
    record Comment() implements ApiCommand {}

    /** {@code version}. */
    record Version() implements ApiCommand {}

    /** {@code reload}: read the configuration again. */
    record Reload() implements ApiCommand {}

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

    /** An empty line, or {@code reset}: no answer. */
    record Nothing() implements ApiCommand {}

    /** Not understood, and why. */
    record Fault(String reason) implements ApiCommand {}
}
