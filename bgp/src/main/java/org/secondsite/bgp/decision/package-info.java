/**
 * What is made of routes that several neighbours announce: policies as data, the decision process of RFC 4271 §9.1 as a table
 * of steps, the Loc-RIB, and what of it each neighbour is told.
 *
 * <p>Pure. Nothing is taken and nothing is passed on unless a policy says so (RFC 8212).
 */
package org.secondsite.bgp.decision;
