package org.secondsite.bgp.rib;

import java.net.InetAddress;
import java.util.Optional;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttributes;

/**
 * A route that a neighbour announced.
 *
 * @param nlri where it leads
 * @param nextHop of NEXT_HOP or MP_REACH_NLRI; empty for a traffic filter
 * @param attributes all others
 */
public record ReceivedRoute(Nlri nlri, Optional<InetAddress> nextHop, PathAttributes attributes) {}
