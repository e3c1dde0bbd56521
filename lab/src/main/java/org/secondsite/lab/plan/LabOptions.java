package org.secondsite.lab.plan;

import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What can be chosen about a lab.
 *
 * @param name prefix of every namespace and file
 * @param delayMillis one-way delay on every path of the WAN
 * @param load what the guest does beside serving
 * @param hold whether the gateways hold output; without, a takeover is expected to lose connections
 * @param witnesses nodes of the witness: one, three or five
 * @param fakeClocks whether each process of the product has a wall clock of its own, which can jump
 * @param overload what gives way when the WAN does not carry the checkpoints
 * @param guest what runs in the VM
 * @param javaOption one more option for every process of the product, such as an agent of a test; empty if none
 * @param network how packets go between the guest and the outside client
 * @param fleet which VMs there are, all with the same in them
 * @param agents how agents reach their gateways
 */
public record LabOptions(
        String name,
        int delayMillis,
        Load load,
        boolean hold,
        int witnesses,
        boolean fakeClocks,
        Overload overload,
        Guest guest,
        String javaOption,
        Network network,
        Fleet fleet,
        Agents agents) {
    /** The name if none is given. */
    public static final String DEFAULT_NAME = "sslab";

    private static final Set<Integer> WITNESS_COUNTS = Set.of(1, 3, 5);
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]{0,19}");

    /** The guest's memory load. */
    public enum Load {
        /** Only the kernel's own. */
        IDLE(""),
        /** A working set of 4 MiB, written over and over. */
        BUSY("busy 1024 1000"),
        /** The same with 1 MiB, less often. */
        WORKING("busy 256 4000"),
        /** 64 KiB of the disk, some twenty times a second. */
        POURING("pour 64 50000");

        private final String command;

        Load(String command) {
            this.command = command;
        }

        /** What to tell the guest's control port; empty if nothing. */
        public String command() {
            return command;
        }
    }

    /** How agents reach their gateways. */
    public enum Agents {
        /** By TLS, as from another machine. */
        TLS,
        /** By a Unix socket, as on the same machine. */
        LOCAL
    }

    /** What gives way when the WAN does not carry the checkpoints. */
    public enum Overload {
        /** As a gateway has it that is not told. */
        USUAL(""),
        /** The VM, soon. */
        SLOW(", maxIntervalMs: 100, overload: slow, overloadAfterMs: 2000"),
        /** The protection, soon. */
        SOLO(", maxIntervalMs: 100, overload: solo, overloadAfterMs: 2000");

        private final String settings;

        Overload(String settings) {
            this.settings = settings;
        }

        /** More of the gateways' section {@code checkpoint}. */
        String settings() {
            return settings;
        }
    }

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException in words
     */
    public LabOptions {
        checkedName(name);
        if (delayMillis < 0 || delayMillis > 5_000) {
            throw new IllegalArgumentException("a delay of " + delayMillis + " ms is not between 0 and 5000");
        }
        if (!WITNESS_COUNTS.contains(witnesses)) {
            throw new IllegalArgumentException(witnesses + " witnesses are not 1, 3 or 5");
        }
        if (!fleet.equals(Fleet.ONE)
                && (guest.hasDisk() || network.mode() != Network.Mode.ROUTED || network.isDual())) {
            throw new IllegalArgumentException(
                    "several VMs are to be had in mode routed, without disks and with IPv4 addresses only");
        }
    }

    /** A lab with one witness and the machine's clock. */
    public LabOptions(String name, int delayMillis, Load load, boolean hold) {
        this(
                name,
                delayMillis,
                load,
                hold,
                1,
                false,
                Overload.USUAL,
                Guest.MEMORY,
                "",
                Network.USUAL,
                Fleet.ONE,
                Agents.TLS);
    }

    /** The same with so many nodes of the witness. */
    public LabOptions withWitnesses(int count) {
        return new LabOptions(
                name, delayMillis, load, hold, count, fakeClocks, overload, guest, javaOption, network, fleet, agents);
    }

    /** The same with or without clocks that can jump. */
    public LabOptions withFakeClocks(boolean fake) {
        return new LabOptions(
                name, delayMillis, load, hold, witnesses, fake, overload, guest, javaOption, network, fleet, agents);
    }

    /** The same with another load. */
    public LabOptions withLoad(Load other) {
        return new LabOptions(
                name,
                delayMillis,
                other,
                hold,
                witnesses,
                fakeClocks,
                overload,
                guest,
                javaOption,
                network,
                fleet,
                agents);
    }

    /** The same, but something else gives way. */
    public LabOptions withOverload(Overload other) {
        return new LabOptions(
                name, delayMillis, load, hold, witnesses, fakeClocks, other, guest, javaOption, network, fleet, agents);
    }

    /** The same with another VM. */
    public LabOptions withGuest(Guest other) {
        return new LabOptions(
                name,
                delayMillis,
                load,
                hold,
                witnesses,
                fakeClocks,
                overload,
                other,
                javaOption,
                network,
                fleet,
                agents);
    }

    /** The same with one more option for every process of the product. */
    public LabOptions withJavaOption(String option) {
        return new LabOptions(
                name, delayMillis, load, hold, witnesses, fakeClocks, overload, guest, option, network, fleet, agents);
    }

    /** The same with another network. */
    public LabOptions withNetwork(Network other) {
        return new LabOptions(
                name,
                delayMillis,
                load,
                hold,
                witnesses,
                fakeClocks,
                overload,
                guest,
                javaOption,
                other,
                fleet,
                agents);
    }

    /** The same with other VMs. */
    public LabOptions withFleet(Fleet other) {
        return new LabOptions(
                name,
                delayMillis,
                load,
                hold,
                witnesses,
                fakeClocks,
                overload,
                guest,
                javaOption,
                network,
                other,
                agents);
    }

    /** The same with agents that reach their gateways in another way. */
    public LabOptions withAgents(Agents other) {
        return new LabOptions(
                name,
                delayMillis,
                load,
                hold,
                witnesses,
                fakeClocks,
                overload,
                guest,
                javaOption,
                network,
                fleet,
                other);
    }

    /** The addresses at which guests serve. */
    public List<String> guestAddresses() {
        return fleet.equals(Fleet.ONE)
                ? network.guestAddresses()
                : fleet.vms().stream().map(LabVm::address).toList();
    }

    /** The nodes of the witness. */
    List<WitnessNode> witnessNodes() {
        return WitnessNode.of(name, witnesses);
    }

    /**
     * A lab's name that is fit for namespaces and files.
     *
     * @throws IllegalArgumentException if it is not
     */
    public static String checkedName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' is not a lab's name: 1 to 20 lower-case letters and digits, a letter first");
        }
        return name;
    }
}
