/**
 * The finite state machine of RFC 4271 §8 as a table, and the pair of connections that one neighbour can have.
 *
 * <p>Pure: events and a time in, actions out. Times are nanoseconds of any monotonic clock.
 */
package org.secondsite.bgp.fsm;
