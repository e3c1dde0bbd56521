package org.secondsite.openflow.pipeline;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.secondsite.openflow.VmAttachment;

/**
 * The flows that a switch shall have: a function of the VMs, their roles and the ports that exist.
 *
 * <pre>
 *  table 0, whose frame it is                       table 1, under which name the VM speaks
 *  ┌──────────────────────────────────────────┐     ┌──────────────────────────────────────────┐
 *  │ 1000 port of an owned VM   ──────────────┼────▶│ 300 port of a VM, its MAC,               │
 *  │      port of a silent VM   → drop        │     │     ARP, IPv4 with its address → gateway │
 *  │  200 gateway port, to VM's MAC → VM port │     │     IPv6 with its address ──────────┐    │
 *  │         or, of a silent VM     → drop    │     │   0 all else                   → drop    │
 *  │      gateway port, multicast → all owned │     └─────────────────────────────────────┼────┘
 *  │    0 all else                  → drop    │     table 2, which MAC a neighbour names  ▼
 *  └──────────────────────────────────────────┘     ┌──────────────────────────────────────────┐
 *  table 4, copies of a drill among themselves      │ 500 solicitation, advertisement with the │
 *  ┌──────────────────────────────────────────┐     │     VM's own MAC, or none ──────────┐    │
 *  │ 200 to the MAC of a copy    → its port   │     │ 400 any other of these, router      │    │
 *  │     multicast               → all copies │     │     advertisement, redirect  → drop │    │
 *  │   0 all else                → drop       │     │ 100 all else ───────────────────────┤    │
 *  └──────────────────────────────────────────┘     │   0 nothing is left          → drop │    │
 *                                                   └─────────────────────────────────────┼────┘
 *                                                   table 3, which address it announces   ▼
 *                                                   ┌──────────────────────────────────────────┐
 *                                                   │ 500 advertisement of an address of the   │
 *                                                   │     VM's own                 → gateway   │
 *                                                   │ 400 any other advertisement  → drop      │
 *                                                   │ 100 from a VM's port         → gateway   │
 *                                                   │   0 all else                 → drop      │
 *                                                   └──────────────────────────────────────────┘
 * </pre>
 *
 * <p>A VM's VLAN is part of what its frames have to be, at its own port and at the gateway's ({@link
 * org.secondsite.openflow.Vlan}); between the two ports a tag is put on or taken off. Frames of the copies of a drill bear the
 * tag in table 4.
 *
 * <p>Invariants, each a test: a frame that came in by a VM's port goes out by the gateway's port or not at all, also when
 * it is for a neighbour on the same switch; a VM speaks under its own MAC and addresses only; a silent VM neither speaks
 * nor is spoken to; a drill's copies reach each other and nobody else; frames of ports that nobody named are dropped.
 *
 * <p>A VM has flows of the same keys in every role. So a change of roles modifies flows that stand and needs no room in a
 * full table, and one flow, {@link #gate}, silences a VM.
 *
 * <p>The flows are in an order in which they can be written one by one: drops first, and a VM's gate after all that lies
 * behind it. Where a table has no room for all, the first VMs work whole instead of all of them in part.
 *
 * <p>A VM whose port does not exist yet has no flows; without the gateway's port only drops remain.
 *
 * @param layout how the flows are spread over tables
 * @param gateway the number of the port towards the gateway, if there is one
 * @param flows the flows, no two of the same key
 * @param places the VMs that have flows, and the numbers of their ports
 * @param missingPorts what is wanted and cannot be had: names of ports that do not exist or are ambiguous
 */
public record Pipeline(
        Layout layout, OptionalInt gateway, List<Flow> flows, List<Place> places, SortedSet<String> missingPorts) {
    /** Where every frame starts. */
    public static final int GATE_TABLE = 0;

    /** Where frames of VMs that may speak go on. */
    public static final int ADMISSION_TABLE = 1;

    /** Where IPv6 frames with a permitted source go on. */
    public static final int CLAIMS_TABLE = 2;

    /** Where those go on that name no MAC address but the VM's own. */
    public static final int TARGET_TABLE = 3;

    /** Where admitted frames of a drill's copies go on. */
    public static final int BUBBLE_TABLE = 4;

    /** More outputs in one flow than this do not fit into a message of 65,535 bytes, with room for the match. */
    static final int MAX_OWNED_VMS = 4000;

    private static final int GATE_PRIORITY = 1000;
    /** A VM at a port that exists. */
    public record Place(VmAttachment vm, int port) {}

    /** Freezes the collections. */
    public Pipeline {
        flows = List.copyOf(flows);
        places = List.copyOf(places);
        missingPorts = Collections.unmodifiableSortedSet(new TreeSet<>(missingPorts));
    }

    /**
     * Computes the flows.
     *
     * @param layout how to spread them over tables
     * @param gatewayPort the name or number of the port towards the gateway
     * @param vms the VMs of this switch, as checked by {@link #check}
     * @param ports the ports that exist
     */
    public static Pipeline of(Layout layout, String gatewayPort, List<VmAttachment> vms, PortTable ports) {
        SortedSet<String> missing = new TreeSet<>();
        OptionalInt gateway = port(gatewayPort, ports, missing);
        List<Place> places = places(gateway, vms, ports, missing);
        return new Pipeline(layout, gateway, new Construction(layout, gateway).flows(places), places, missing);
    }

    /** The flows of VMs at ports that are known. */
    public static Pipeline of(Layout layout, OptionalInt gateway, List<Place> places) {
        return new Pipeline(layout, gateway, new Construction(layout, gateway).flows(places), places, new TreeSet<>());
    }

    /** The number of the gateway's port, if there is one. */
    public static OptionalInt gateway(String gatewayPort, PortTable ports) {
        return port(gatewayPort, ports, new TreeSet<>());
    }

    /** The VMs that would have flows. */
    public static List<Place> places(String gatewayPort, List<VmAttachment> vms, PortTable ports) {
        SortedSet<String> missing = new TreeSet<>();
        return places(port(gatewayPort, ports, missing), vms, ports, missing);
    }

    private static List<Place> places(
            OptionalInt gateway, List<VmAttachment> vms, PortTable ports, Set<String> missing) {
        List<Place> places = new ArrayList<>();
        Set<Integer> taken = new HashSet<>();
        gateway.ifPresent(taken::add);
        for (VmAttachment vm : vms) {
            OptionalInt port = port(vm.portName(), ports, missing);
            if (port.isPresent() && !taken.add(port.getAsInt())) {
                // By name and by number the same port may be meant, which only now comes out.
                missing.add(vm.portName() + " (port " + port.getAsInt() + " is another's)");
            } else if (port.isPresent()) {
                places.add(new Place(vm, port.getAsInt()));
            }
        }
        return places;
    }

    private static OptionalInt port(String name, PortTable ports, Set<String> missing) {
        return switch (ports.meaning(name)) {
            case PortTable.Meaning.Port(int number) -> OptionalInt.of(number);
            case PortTable.Meaning.Missing() -> {
                missing.add(name);
                yield OptionalInt.empty();
            }
            case PortTable.Meaning.Ambiguous(List<Integer> numbers) -> {
                missing.add(name + " (ambiguous: ports " + numbers + ")");
                yield OptionalInt.empty();
            }
        };
    }

    /** The flow that every frame of this port meets first, when the port is a VM's. */
    public static Flow.Key gate(int port) {
        return new Flow.Key(GATE_TABLE, GATE_PRIORITY, from(port));
    }

    /** Whether the flow at this key, which is of a port, is its gate. */
    public static boolean isGate(Flow.Key key) {
        return key.table() == GATE_TABLE && key.priority() == GATE_PRIORITY;
    }

    /** Frames that come in by this port. */
    public static Match from(int port) {
        return Match.ANY.with(Field.IN_PORT, Integer.toUnsignedLong(port));
    }

    /** The VMs that these flows are about. */
    public SortedSet<String> vmsOf(Collection<Flow.Key> keys) {
        Set<Bits> ports = new HashSet<>();
        Set<Bits> macs = new HashSet<>();
        for (Flow.Key key : keys) {
            ports.add(value(key, Field.IN_PORT));
            macs.add(value(key, Field.ETH_DST));
        }
        SortedSet<String> names = new TreeSet<>();
        for (Place place : places) {
            if (ports.contains(Bits.of(Integer.toUnsignedLong(place.port())))
                    || macs.contains(Bits.of(place.vm().mac().value()))) {
                names.add(place.vm().vm().name());
            }
        }
        return names;
    }

    private static Bits value(Flow.Key key, Field field) {
        return key.match().of(field).map(Match.Condition::value).orElse(Bits.ZERO);
    }

    /**
     * Refuses VMs that cannot stand on one switch.
     *
     * @throws IllegalArgumentException if two share a name, MAC address or port, or one is on the gateway's port, or there
     *     are too many
     */
    public static void check(String gatewayPort, List<VmAttachment> vms) {
        Set<Object> seen = new HashSet<>();
        for (VmAttachment vm : vms) {
            if (vm.portName().equals(gatewayPort)) {
                throw new IllegalArgumentException(vm.vm() + " is on the gateway's port " + gatewayPort);
            }
            for (Object unique : List.of(vm.vm(), vm.mac(), vm.portName())) {
                if (!seen.add(unique)) {
                    throw new IllegalArgumentException(unique + " stands twice");
                }
            }
        }
        if (vms.size() > MAX_OWNED_VMS) {
            throw new IllegalArgumentException(vms.size() + " VMs are more than " + MAX_OWNED_VMS + " of one switch");
        }
    }
}
