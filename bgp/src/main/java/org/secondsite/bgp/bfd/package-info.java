/**
 * Bidirectional Forwarding Detection: the packet and the session of RFC 5880 in asynchronous mode for one hop (RFC 5881).
 *
 * <p>Pure: packets and a time in, packets and state changes out. No echo function, no demand mode, no authentication.
 */
package org.secondsite.bgp.bfd;
