/**
 * The settings of a speaker and its neighbours, and one neighbour's session: machine, routes and negotiation tied
 * together.
 *
 * <p>Pure. {@link org.secondsite.bgp.io.BgpSpeaker} puts sockets and a clock to it.
 */
package org.secondsite.bgp.session;
