/** Whole sites with many VMs: gateways, agents, tunnel and witness as processes of their own, and VMs without a hypervisor. */
package org.secondsite.bench.site;
