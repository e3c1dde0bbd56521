/**
 * Two sites in one JVM: the same gateways, agents, witness and BGP speakers as in a data centre, on loopback, with a
 * synthetic VM and a data plane in memory. Needs no root and no other program.
 */
package org.secondsite.lab.embedded;
