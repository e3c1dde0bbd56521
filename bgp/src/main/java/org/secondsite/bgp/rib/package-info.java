/**
 * Routes of one neighbour: what it is to be told (Adj-RIB-Out) and what it told us (Adj-RIB-In).
 *
 * <p>Pure. What of it crosses from one neighbour to others is decided in {@link org.secondsite.bgp.decision}.
 */
package org.secondsite.bgp.rib;
