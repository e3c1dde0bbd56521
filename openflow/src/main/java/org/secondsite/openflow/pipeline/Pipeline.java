package org.secondsite.openflow.pipeline;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;

/**
 * The flows that a switch shall have: a function of the VMs, their roles and the ports that exist.
 *
 * <pre>
 *  table 0, who speaks, who is spoken to            table 1, what a neighbour message claims
 *  ┌──────────────────────────────────────────┐     ┌──────────────────────────────────────────┐
 *  │ 1000 from and to a standby VM  → drop    │     │ 500 solicitation, advertisement with the │
 *  │  300 port of a VM, its MAC,              │     │     VM's own addresses     → gateway     │
 *  │      ARP, IPv4 with its address → gateway│     │ 400 any other of these, router           │
 *  │      IPv6 with its address ──────────────┼────▶│     advertisement, redirect → drop       │
 *  │  200 gateway port, to VM's MAC → VM port │     │ 100 from a VM's port       → gateway     │
 *  │      gateway port, multicast → all owned │     │   0 all else               → drop        │
 *  │    0 all else                  → drop    │     └──────────────────────────────────────────┘
 *  └──────────────────────────────────────────┘
 * </pre>
 *
 * <p>Invariants, each a test: a frame that came in by a VM's port goes out by the gateway's port or not at all, also when
 * it is for a neighbour on the same switch; a VM speaks under its own MAC and addresses only; a standby VM neither speaks
 * nor is spoken to; frames of ports that nobody named are dropped.
 *
 * <p>A standby VM has all the flows of an owned one, below two drops that hide them: a takeover only lifts these.
 *
 * <p>A VM whose port does not exist yet has no flows; without the gateway's port only drops remain.
 *
 * @param flows the flows, no two of the same key
 * @param missingPorts names of ports that are wanted and do not exist
 */
public record Pipeline(List<Flow> flows, SortedSet<String> missingPorts) {
    /** Where every frame starts. */
    public static final int ADMISSION_TABLE = 0;

    /** Where IPv6 frames with a permitted source go on. */
    public static final int CLAIMS_TABLE = 1;

    /** More outputs in one flow than this do not fit into a message of 65,535 bytes, with room for the match. */
    static final int MAXIMUM_OWNED_VMS = 4000;

    private static final int STANDBY_PRIORITY = 1000;
    private static final int CLAIM_PRIORITY = 500;
    private static final int FALSE_CLAIM_PRIORITY = 400;
    private static final int ADMISSION_PRIORITY = 300;
    private static final int DELIVERY_PRIORITY = 200;
    private static final int UNCLAIMED_PRIORITY = 100;
    private static final int MISS_PRIORITY = 0;

    private static final long ETH_TYPE_IPV4 = 0x0800;
    private static final long ETH_TYPE_ARP = 0x0806;
    private static final long ETH_TYPE_IPV6 = 0x86dd;
    private static final long UNTAGGED = 0;
    private static final Bits GROUP_BIT = Bits.of(0x0100_0000_0000L);
    private static final long IP_PROTO_ICMPV6 = 58;

    // RFC 4861 §4.
    private static final long ROUTER_ADVERTISEMENT = 134;
    private static final long NEIGHBOR_SOLICITATION = 135;
    private static final long NEIGHBOR_ADVERTISEMENT = 136;
    private static final long REDIRECT = 137;

    /** {@code fe80::/10}, RFC 4291 §2.5.6. */
    private static final Match.Condition LINK_LOCAL =
            new Match.Condition(new Bits(0xfe80_0000_0000_0000L, 0), new Bits(0xffc0_0000_0000_0000L, 0));

    /** Freezes the collections. */
    public Pipeline {
        flows = List.copyOf(flows);
        missingPorts = Collections.unmodifiableSortedSet(new TreeSet<>(missingPorts));
    }

    /**
     * Computes the flows.
     *
     * @param gatewayPort the name of the port towards the gateway
     * @param vms the VMs of this switch, as checked by {@link #check}
     * @param ports the numbers of the ports that exist, by name
     */
    public static Pipeline of(String gatewayPort, List<VmAttachment> vms, Map<String, Integer> ports) {
        Construction construction = new Construction(ports.get(gatewayPort));
        SortedSet<String> missing = new TreeSet<>();
        if (!ports.containsKey(gatewayPort)) {
            missing.add(gatewayPort);
        }
        for (VmAttachment vm : vms) {
            Integer port = ports.get(vm.portName());
            if (port == null) {
                missing.add(vm.portName());
            } else {
                construction.place(vm, port);
            }
        }
        construction.finish();
        return new Pipeline(construction.flows, missing);
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
        if (vms.size() > MAXIMUM_OWNED_VMS) {
            throw new IllegalArgumentException(
                    vms.size() + " VMs are more than " + MAXIMUM_OWNED_VMS + " of one switch");
        }
    }

    /** The flows so far. */
    private static final class Construction {
        private final Integer gateway;
        private final Set<Integer> ownedPorts = new LinkedHashSet<>();
        private final List<Flow> flows = new ArrayList<>();

        Construction(Integer gateway) {
            this.gateway = gateway;
        }

        void place(VmAttachment vm, int port) {
            long mac = vm.mac().value();
            if (vm.role() == Role.OWNER) {
                ownedPorts.add(port);
            } else {
                drop(ADMISSION_TABLE, STANDBY_PRIORITY, from(port));
            }
            if (gateway != null) {
                Match delivered = from(gateway).with(Field.ETH_DST, mac);
                if (vm.role() == Role.STANDBY) {
                    drop(ADMISSION_TABLE, STANDBY_PRIORITY, delivered);
                }
                toPorts(DELIVERY_PRIORITY, delivered, List.of(port));
                admit(vm, port, mac);
            }
        }

        private void admit(VmAttachment vm, int port, long mac) {
            Match spoken = from(port)
                    .with(Field.ETH_SRC, mac)
                    // Without it a tagged frame would match by the type behind its tag.
                    .with(Field.VLAN_VID, UNTAGGED);
            List<InetAddress> ipv6 = new ArrayList<>();
            for (InetAddress address : vm.addresses()) {
                if (address instanceof Inet4Address) {
                    admitIpv4(spoken, mac, address);
                } else {
                    ipv6.add(address);
                }
            }
            admitIpv6(spoken, ipv6, port, mac);
        }

        private void admitIpv4(Match spoken, long mac, InetAddress address) {
            Match arp = spoken.with(Field.ETH_TYPE, ETH_TYPE_ARP).with(Field.ARP_SHA, mac);
            toGateway(ADMISSION_TABLE, ADMISSION_PRIORITY, arp.with(Field.ARP_SPA, address));
            // RFC 5227 §2.1.1: who probes for conflicts does not claim the address yet.
            toGateway(
                    ADMISSION_TABLE,
                    ADMISSION_PRIORITY,
                    arp.with(Field.ARP_SPA, Bits.ZERO).with(Field.ARP_TPA, address));
            toGateway(
                    ADMISSION_TABLE,
                    ADMISSION_PRIORITY,
                    spoken.with(Field.ETH_TYPE, ETH_TYPE_IPV4).with(Field.IPV4_SRC, address));
        }

        private void admitIpv6(Match spoken, List<InetAddress> addresses, int port, long mac) {
            if (addresses.isEmpty()) {
                return;
            }
            Match ipv6 = spoken.with(Field.ETH_TYPE, ETH_TYPE_IPV6);
            Match claim = from(port).with(Field.ETH_TYPE, ETH_TYPE_IPV6).with(Field.IP_PROTO, IP_PROTO_ICMPV6);
            Match solicitation = claim.with(Field.ICMPV6_TYPE, NEIGHBOR_SOLICITATION);
            Match advertisement = claim.with(Field.ICMPV6_TYPE, NEIGHBOR_ADVERTISEMENT);
            List<Match.Condition> own = new ArrayList<>();
            own.add(LINK_LOCAL);
            addresses.forEach(address -> own.add(new Match.Condition(Bits.of(address), Field.IPV6_SRC.all())));
            for (Match.Condition address : own) {
                Match source = ipv6.with(Field.IPV6_SRC, address.value(), address.mask());
                onward(source);
                // RFC 4862 §5.4: a duplicate address detection comes from :: and names what it will claim.
                onward(ipv6.with(Field.IPV6_SRC, Bits.ZERO)
                        .with(Field.IP_PROTO, IP_PROTO_ICMPV6)
                        .with(Field.ICMPV6_TYPE, NEIGHBOR_SOLICITATION)
                        .with(Field.ND_TARGET, address.value(), address.mask()));
                for (long option : new long[] {mac, 0}) {
                    toGateway(
                            CLAIMS_TABLE,
                            CLAIM_PRIORITY,
                            advertisement
                                    .with(Field.ND_TARGET, address.value(), address.mask())
                                    .with(Field.ND_TLL, option));
                }
            }
            for (long option : new long[] {mac, 0}) {
                toGateway(CLAIMS_TABLE, CLAIM_PRIORITY, solicitation.with(Field.ND_SLL, option));
            }
            toGateway(CLAIMS_TABLE, UNCLAIMED_PRIORITY, from(port));
        }

        void finish() {
            for (long type :
                    new long[] {ROUTER_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, REDIRECT}) {
                drop(
                        CLAIMS_TABLE,
                        FALSE_CLAIM_PRIORITY,
                        Match.ANY
                                .with(Field.ETH_TYPE, ETH_TYPE_IPV6)
                                .with(Field.IP_PROTO, IP_PROTO_ICMPV6)
                                .with(Field.ICMPV6_TYPE, type));
            }
            if (gateway != null && !ownedPorts.isEmpty()) {
                Match multicast = from(gateway).with(Field.ETH_DST, GROUP_BIT, GROUP_BIT);
                toPorts(DELIVERY_PRIORITY, multicast, List.copyOf(ownedPorts));
            }
            drop(ADMISSION_TABLE, MISS_PRIORITY, Match.ANY);
            drop(CLAIMS_TABLE, MISS_PRIORITY, Match.ANY);
        }

        private static Match from(int port) {
            return Match.ANY.with(Field.IN_PORT, Integer.toUnsignedLong(port));
        }

        private void onward(Match match) {
            flows.add(new Flow(
                    new Flow.Key(ADMISSION_TABLE, ADMISSION_PRIORITY, match), new Flow.Outcome.Continue(CLAIMS_TABLE)));
        }

        private void toGateway(int table, int priority, Match match) {
            flows.add(new Flow(new Flow.Key(table, priority, match), new Flow.Outcome.Output(List.of(gateway))));
        }

        private void toPorts(int priority, Match match, List<Integer> ports) {
            flows.add(new Flow(new Flow.Key(ADMISSION_TABLE, priority, match), new Flow.Outcome.Output(ports)));
        }

        private void drop(int table, int priority, Match match) {
            flows.add(new Flow(new Flow.Key(table, priority, match), new Flow.Outcome.Drop()));
        }
    }
}
