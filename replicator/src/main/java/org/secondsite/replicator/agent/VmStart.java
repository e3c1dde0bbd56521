package org.secondsite.replicator.agent;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How the hypervisor of a VM is started here to load a device state. */
public sealed interface VmStart {
    /**
     * By running it.
     *
     * @param argv the argument vector that starts QEMU here. The agent adds {@code -S -incoming defer}, and {@code -pidfile} if it is not
     *     there. Without {@code -S -incoming} it is also how an operator starts the VM.
     */
    record Command(List<String> argv) implements VmStart {
        /**
         * Copies the list.
         *
         * @throws IllegalArgumentException if it is empty
         */
        public Command {
            argv = List.copyOf(argv);
            if (argv.isEmpty()) {
                throw new IllegalArgumentException("no command to start a VM");
            }
        }
    }

    /**
     * By libvirt.
     *
     * @param xml the domain's description, as {@code virsh dumpxml} writes it at either site
     * @param uri libvirt's connection, such as {@code qemu:///system}
     * @param diskNames what its disks are called there, by the ids that QEMU's devices have
     */
    record Domain(Path xml, String uri, Map<String, String> diskNames) implements VmStart {
        /** Copies the map. */
        public Domain {
            diskNames = Map.copyOf(diskNames);
        }
    }
}
