/**
 * The tunnel between two gateways: what it carries, its frames, and the rules of sending, resuming and receiving. {@link
 * org.secondsite.replicator.tunnel.TunnelSession} is one end of it, to be driven by sockets or by a simulated network.
 *
 * <p>Everything here is pure: bytes, frames and commands go in, values come out. The sockets are in
 * {@code org.secondsite.replicator.tunnel.io}.
 */
package org.secondsite.replicator.tunnel;
