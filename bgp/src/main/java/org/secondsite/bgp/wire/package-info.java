/**
 * BGP-4 on the wire: messages, capabilities and path attributes as values, and the codecs between them and octets.
 *
 * <p>Pure. Decoding never throws, whatever the peer sends: it asks for more octets, yields a message together with its
 * faults, or says with which NOTIFICATION the session has to be reset ({@link org.secondsite.bgp.wire.Decoded}).
 */
package org.secondsite.bgp.wire;
