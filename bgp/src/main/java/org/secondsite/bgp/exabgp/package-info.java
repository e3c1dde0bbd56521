/**
 * The language that helper scripts of ExaBGP speak: text commands in, JSON events out (ExaBGP 4.2; its format "4.0.1").
 *
 * <p>Pure. Unicast routes of both IP versions; flow, VPN and label routes are refused with a reason. {@link
 * org.secondsite.bgp.io.BgpCommands} runs it.
 */
package org.secondsite.bgp.exabgp;
