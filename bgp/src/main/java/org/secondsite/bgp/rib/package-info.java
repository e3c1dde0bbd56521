/**
 * Routes of one neighbour: what it is to be told (Adj-RIB-Out) and what it told us (Adj-RIB-In).
 *
 * <p>Pure. There is no Loc-RIB and no decision process: a speaker of this library announces what it is asked to announce
 * and nothing that it has learnt (RFC 8212 taken to its end).
 */
package org.secondsite.bgp.rib;
