/**
 * A deterministic world of two sites, a witness and the ways between them, in which production classes live through
 * schedules of faults that a seed decides.
 *
 * <p>Real: a gateway's {@code SiteCore} with all it consists of, from the ownership table to peer watch and failure detector, its
 * edge, and what posts to it; the epoch buffer; the tunnel's session; what an agent decides; the witness's desk, its log with the
 * record book and their recovery, and the client's open questions.
 *
 * <p>Simulated: time; the network; processes that die, stop and start; disks; hypervisors, whose VM is a counter;
 * and, with the steps of the production classes that hold threads, the conductor's queue, and how the data plane's threads
 * notice a standstill. Epochs are not encoded, packets have no ports, routes and switches take orders and do nothing. A gateway
 * keeps no state on a disk, so only the witness's writes can be torn.
 */
package org.secondsite.simulator;
