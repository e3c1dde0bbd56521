/**
 * The tunnel between two gateways: what it carries, its frames, and the rules of sending, resuming and receiving.
 *
 * <p>Everything here is pure: bytes, frames and commands go in, values come out. The sockets are in
 * {@code org.secondsite.replicator.tunnel.io}.
 */
package org.secondsite.replicator.tunnel;
