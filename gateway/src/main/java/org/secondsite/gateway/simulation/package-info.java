/**
 * A deterministic world of two sites, a witness and the links between them, in which the real ownership table, protection
 * groups, epoch buffer and record book live. What is simulated: time, network, hypervisors, crashes.
 */
package org.secondsite.gateway.simulation;
