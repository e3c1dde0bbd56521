package org.secondsite.config;

import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The settings of one checkpoint agent, frozen.
 *
 * @param gateway where the gateway's checkpoint server listens: an address, or a Unix socket of this machine
 * @param proof how this agent and the gateway prove who they are; empty: they do not, which is for an upgrade only, or the kernel does at
 *     a Unix socket
 * @param runDirectory where the agent keeps sockets and device state while it works
 * @param stateDirectory where it keeps what must outlive it and the machine: journals of disks, and what is known of their images
 * @param vms the VMs of this hypervisor
 */
public record AgentConfig(
        SocketAddress gateway, Optional<Proof> proof, Path runDirectory, Optional<Path> stateDirectory, List<Vm> vms) {
    /** Copies the list. */
    public AgentConfig {
        vms = List.copyOf(vms);
    }

    /**
     * How an agent and its gateway prove who they are.
     *
     * @param site the gateway's site: the common name of its certificate
     * @param tls the agent's own certificate, whose common name is the host, and whose word it takes
     */
    public record Proof(SiteId site, TlsFiles tls) {}

    /**
     * One VM of this hypervisor.
     *
     * @param id its name, as the gateway knows it
     * @param machine where it is found, and how it is started
     * @param dirtyPages how its dirty pages are found
     * @param disks the disks that are not simply refused
     * @param durability when an epoch of the VM may be acknowledged here, if it has disks that are served
     * @param copyBytesPerSecond what a copy of its disks to the other site brings in a second, 0 if that is not limited
     */
    public record Vm(
            VmId id,
            Machine machine,
            DirtyPages dirtyPages,
            List<Disk> disks,
            Durability durability,
            long copyBytesPerSecond) {
        /** Copies the lists. */
        public Vm {
            disks = List.copyOf(disks);
        }
    }

    /** Where a VM is found, and how it is started. */
    public sealed interface Machine {
        /**
         * A QEMU that is started by a command.
         *
         * @param ramFile the shared file that is its RAM, or its replica; empty: wherever QEMU has it
         * @param ramBytes the size of its RAM, a multiple of 1 MiB
         * @param qmpSocket the Unix socket of its QMP monitor
         * @param pidFile holds the hypervisor's process id while it runs
         * @param command the program and its arguments that start the hypervisor
         */
        record Qemu(Optional<Path> ramFile, long ramBytes, Path qmpSocket, Path pidFile, List<String> command)
                implements Machine {
            /** Copies the list. */
            public Qemu {
                command = List.copyOf(command);
            }
        }

        /**
         * A domain of libvirt's, which says all of that.
         *
         * @param xml its description
         * @param uri libvirt's connection
         */
        record Domain(Path xml, String uri) implements Machine {}
    }

    /**
     * A writable disk of a VM.
     *
     * @param name the id of its device, the name of its drive, or the name of its block node
     * @param attachment how it gets to the other site
     * @param served where the agent's image of it is and where that is served, if it {@linkplain DiskAttachment#isServed is}
     */
    public record Disk(String name, DiskAttachment attachment, Optional<Served> served) {
        /** A disk that is not served. */
        public Disk(String name, DiskAttachment attachment) {
            this(name, attachment, Optional.empty());
        }
    }

    /**
     * An image that the agent serves to the hypervisor.
     *
     * @param file the raw image or block device
     * @param socket the Unix socket on which the hypervisor finds it, by NBD
     */
    public record Served(Path file, Path socket) {}
}
