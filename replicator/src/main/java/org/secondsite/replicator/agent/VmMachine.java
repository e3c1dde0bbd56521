package org.secondsite.replicator.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.secondsite.replicator.MachineParts;

/**
 * What a VM is made of, as QEMU tells of it, and whether a checkpoint would hold all of it.
 *
 * <p>A checkpoint is one file of RAM and the device state, which QEMU writes as for a migration that leaves shared memory out. RAM that is
 * shared and not in that file would be missing at the other site without a word; what QEMU cannot migrate has no device state; and
 * what a device keeps in another process, or changes in RAM without QEMU, is not seen.
 *
 * @param type the machine, such as {@code pc-q35-7.2-machine}
 * @param memories its memory backends
 * @param ramBytes all of its RAM, with what was plugged in
 * @param processors its virtual processors
 * @param blockers why QEMU cannot migrate it, in its words; empty if nothing is against it
 * @param devices what was plugged in, from the command line or later
 * @param slots what is in the slots of its first PCI bus, with what the machine itself has, such as {@code 3.0 1af4:1000}
 * @param tpms the models of its trusted platform modules
 */
public record VmMachine(
        String type,
        List<Memory> memories,
        long ramBytes,
        Processors processors,
        List<String> blockers,
        List<Device> devices,
        List<String> slots,
        List<String> tpms) {
    private static final long MIB = 1 << 20;
    private static final String NAMELESS = "device[";

    /** Devices with which no checkpoint is whole, by how their types begin. */
    private enum Foreign {
        VFIO("vfio-", "writes to RAM where the agent does not see it"),
        VHOST_USER_FS("vhost-user-fs", "shares a directory of this host, which is not carried to the other site"),
        VHOST_USER("vhost-user-", "keeps its state in another process, which is not carried to the other site"),
        NINE_P("virtio-9p", "shares a directory of this host, which is not carried to the other site");

        private final String prefix;
        private final String fault;

        Foreign(String prefix, String fault) {
            this.prefix = prefix;
            this.fault = fault;
        }

        static Optional<Foreign> of(String type) {
            for (Foreign one : values()) {
                if (type.startsWith(one.prefix)) {
                    return Optional.of(one);
                }
            }
            return Optional.empty();
        }
    }

    /**
     * A memory backend.
     *
     * @param id the name of its object
     * @param shared whether it is mapped so that others see what is written
     */
    public record Memory(String id, long bytes, boolean shared) {
        @Override
        public String toString() {
            return "memory backend " + id + " (" + words(bytes) + ")";
        }
    }

    /**
     * Virtual processors.
     *
     * @param type that of the first, such as {@code max-x86_64-cpu}
     */
    public record Processors(int count, String type) {}

    /**
     * A device.
     *
     * @param name its id, or QEMU's name for one that nobody has named
     * @param type its QOM type, such as {@code virtio-net-pci}
     * @param place its bus, and its slot there, such as {@code pci.0 3.0}; empty if it has none
     */
    public record Device(String name, String type, String place) {
        /** One that is on no bus. */
        public Device(String name, String type) {
            this(name, type, "");
        }

        /** As the other site has to have it, whatever the order in which nameless ones came. */
        private String part() {
            String who = name.startsWith(NAMELESS) ? "device " + type : toString();
            return place.isEmpty() ? who : who + " at " + place;
        }

        @Override
        public String toString() {
            return "device " + name + " (" + type + ")";
        }
    }

    /** Copies the lists. */
    public VmMachine {
        memories = List.copyOf(memories);
        blockers = List.copyOf(blockers);
        devices = List.copyOf(devices);
        slots = List.copyOf(slots);
        tpms = List.copyOf(tpms);
    }

    /**
     * Why this VM must not be checkpointed, in one line that says what to do; empty if nothing is against it.
     *
     * @param ram the backend that is its RAM file
     */
    public Optional<String> refusal(Memory ram) {
        return againstMemory(ram)
                .or(this::againstMigration)
                .or(() -> devices.stream()
                        .flatMap(device -> Foreign.of(device.type()).stream()
                                .map(foreign -> device + " " + foreign.fault + ": remove it"))
                        .findFirst())
                .or(() -> tpms.stream()
                        .findFirst()
                        .map(tpm -> "the trusted platform module (" + tpm
                                + ") keeps its state in a file that is not carried to the other site: remove it"));
    }

    private Optional<String> againstMemory(Memory ram) {
        Optional<Memory> other = memories.stream()
                .filter(memory -> memory.shared() && !memory.id().equals(ram.id()))
                .findFirst();
        if (other.isPresent()) {
            return Optional.of(
                    other.get() + " is shared, and " + ram.id()
                            + " alone is carried to the other site: remove it, or give the VM all of its RAM in one shared backend");
        }
        return ramBytes == ram.bytes()
                ? Optional.empty()
                : Optional.of("the VM has " + words(ramBytes) + " of RAM, and " + ram
                        + " is not all of it: give the VM all of its RAM in one shared backend");
    }

    private Optional<String> againstMigration() {
        return blockers.isEmpty()
                ? Optional.empty()
                : Optional.of("QEMU cannot write the state of this VM: " + String.join("; ", blockers)
                        + ": remove what it names");
    }

    /**
     * How this machine differs from an earlier one in what the command that starts the VM at the other site has to say, too.
     *
     * @return such as {@code device net1 (virtio-net-pci) has come}; empty if it does not
     */
    public String differenceFrom(VmMachine before) {
        TreeSet<String> mine = parts();
        TreeSet<String> others = before.parts();
        List<String> words = new ArrayList<>();
        mine.stream().filter(part -> !others.contains(part)).forEach(part -> words.add(part + " has come"));
        others.stream().filter(part -> !mine.contains(part)).forEach(part -> words.add(part + " is gone"));
        if (processors.count() != before.processors.count()) {
            words.add(processors.count() + " processors instead of " + before.processors.count());
        }
        return String.join(", ", words);
    }

    /** What the VM that is started at the other site has to have, too. */
    public MachineParts print() {
        List<String> lines = new ArrayList<>();
        lines.add("machine " + type);
        lines.add(processors.count() + " processors of " + processors.type());
        lines.add(words(ramBytes) + " of RAM");
        memories.forEach(memory -> lines.add(memory.toString()));
        slots.forEach(slot -> lines.add("PCI " + slot));
        Map<String, Long> counted =
                devices.stream().collect(Collectors.groupingBy(Device::part, TreeMap::new, Collectors.counting()));
        counted.forEach((part, count) -> lines.add(count == 1 ? part : count + " times " + part));
        return MachineParts.of(lines);
    }

    private TreeSet<String> parts() {
        TreeSet<String> parts = new TreeSet<>();
        memories.forEach(memory -> parts.add(memory.toString()));
        devices.forEach(device -> parts.add(device.toString()));
        return parts;
    }

    private static String words(long bytes) {
        return bytes % MIB == 0 ? bytes / MIB + " MiB" : bytes + " bytes";
    }
}
