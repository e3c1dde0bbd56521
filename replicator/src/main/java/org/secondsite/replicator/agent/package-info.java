/**
 * The agent beside a hypervisor: it takes checkpoints of a running VM for the gateway of the owner's site, and keeps a
 * replica, and starts the VM from it, for the gateway of the standby's.
 *
 * <p>Here are the values and the rules; {@code org.secondsite.replicator.agent.io} has the threads, the files, the sockets
 * and QEMU. A VM is driven through {@link org.secondsite.replicator.agent.VmHost} and
 * {@link org.secondsite.replicator.agent.VmDriver}: QEMU is one implementation,
 * {@link org.secondsite.replicator.agent.SyntheticVm} another, which needs no hypervisor.
 */
package org.secondsite.replicator.agent;
