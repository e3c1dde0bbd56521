package org.secondsite.bgp.rib;

import java.net.InetAddress;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttributes;

/**
 * A route that a neighbour announced.
 *
 * @param nlri the prefix
 * @param nextHop of NEXT_HOP or MP_REACH_NLRI
 * @param attributes all others
 */
public record ReceivedRoute(Nlri nlri, InetAddress nextHop, PathAttributes attributes) {}
