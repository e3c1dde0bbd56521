package org.secondsite.openflow.pipeline;

import static org.secondsite.openflow.pipeline.Pipeline.ADMISSION_TABLE;
import static org.secondsite.openflow.pipeline.Pipeline.BUBBLE_TABLE;
import static org.secondsite.openflow.pipeline.Pipeline.CLAIMS_TABLE;
import static org.secondsite.openflow.pipeline.Pipeline.GATE_TABLE;
import static org.secondsite.openflow.pipeline.Pipeline.TARGET_TABLE;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Flow.Outcome;

/** Puts the flows of a {@link Pipeline} together, in the order in which they can be written. */
final class Construction {
    private static final int CLAIM_PRIORITY = 500;
    private static final int FALSE_CLAIM_PRIORITY = 400;
    private static final int ADMISSION_PRIORITY = 300;
    private static final int DELIVERY_PRIORITY = 200;
    private static final int UNCLAIMED_PRIORITY = 100;
    private static final int MISS_PRIORITY = 0;

    private static final long ETH_TYPE_IPV4 = 0x0800;
    private static final long ETH_TYPE_ARP = 0x0806;
    private static final long ETH_TYPE_IPV6 = 0x86dd;
    private static final Bits GROUP_BIT = Bits.of(0x0100_0000_0000L);
    private static final long IP_PROTO_ICMPV6 = 58;

    // RFC 4861 §4.
    private static final long ROUTER_ADVERTISEMENT = 134;
    private static final long NEIGHBOR_SOLICITATION = 135;
    private static final long NEIGHBOR_ADVERTISEMENT = 136;
    private static final long REDIRECT = 137;
    private static final long[] CLAIMS = {ROUTER_ADVERTISEMENT, NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, REDIRECT
    };

    /** {@code fe80::/10}, RFC 4291 §2.5.6. */
    private static final Match.Condition LINK_LOCAL =
            new Match.Condition(new Bits(0xfe80_0000_0000_0000L, 0), new Bits(0xffc0_0000_0000_0000L, 0));

    private static final Match MULTICAST = Match.ANY.with(Field.ETH_DST, GROUP_BIT, GROUP_BIT);

    private final Layout layout;
    private final OptionalInt gateway;
    private final List<Flow> drops = new ArrayList<>();
    private final List<Flow> others = new ArrayList<>();

    Construction(Layout layout, OptionalInt gateway) {
        this.layout = layout;
        this.gateway = gateway;
    }

    List<Flow> flows(List<Pipeline.Place> places) {
        for (int table = 0; table < layout.tables(); table++) {
            put(table, MISS_PRIORITY, Match.ANY, new Outcome.Drop());
        }
        for (long type : CLAIMS) {
            put(claimsTable(), FALSE_CLAIM_PRIORITY, claim(Match.ANY, type).build(), new Outcome.Drop());
        }
        if (layout == Layout.TABLES) {
            claims();
        }
        for (Pipeline.Place place : places) {
            place(place.vm(), place.port());
        }
        gateway.ifPresent(port -> multicast(port, places));
        bubble(places);
        List<Flow> all = new ArrayList<>(drops);
        all.addAll(others);
        return all;
    }

    private void place(VmAttachment vm, int port) {
        Outcome admitted = admitted(vm.role(), vm.vlan());
        if (gateway.isPresent()) {
            admit(vm, port, admitted);
            put(
                    GATE_TABLE,
                    DELIVERY_PRIORITY,
                    Pipeline.from(gateway.getAsInt())
                            .and()
                            .with(Field.ETH_DST, vm.mac().value())
                            .with(Field.VLAN_VID, vm.vlan().match())
                            .build(),
                    vm.role() == Role.OWNER ? delivered(vm.vlan(), port) : new Outcome.Drop());
        }
        if (layout == Layout.TABLES) {
            boolean open = !vm.role().isSilent() && gateway.isPresent();
            Flow.Key gate = Pipeline.gate(port);
            put(gate.table(), gate.priority(), gate.match(), open ? onward(ADMISSION_TABLE) : new Outcome.Drop());
        }
    }

    /** What becomes of a frame that the VM may send. */
    private Outcome admitted(Role role, Vlan vlan) {
        if (gateway.isEmpty()) {
            return new Outcome.Drop();
        }
        int tag = vlan.isTranslated() ? vlan.id() : 0;
        if (layout == Layout.ONE_TABLE) {
            return role == Role.OWNER ? toGateway(tag) : new Outcome.Drop();
        }
        // Of a silent VM the same as when it is owned: its gate is shut, and opening it is all that a takeover has to
        // do.
        return role == Role.DRILL ? new Outcome.Continue(BUBBLE_TABLE, tag) : toGateway(tag);
    }

    private void admit(VmAttachment vm, int port, Outcome admitted) {
        long mac = vm.mac().value();
        Match spoken = Pipeline.from(port)
                .and()
                .with(Field.ETH_SRC, mac)
                // Without it a tagged frame would match by the type behind its tag.
                .with(Field.VLAN_VID, vm.vlan().matchAtPort())
                .build();
        List<Match.Condition> ipv6 = new ArrayList<>();
        for (InetAddress address : vm.addresses()) {
            if (address instanceof Inet4Address) {
                admitIpv4(spoken, mac, address, admitted);
            } else {
                ipv6.add(new Match.Condition(Bits.of(address), Field.IPV6_SRC.all()));
            }
        }
        if (!ipv6.isEmpty()) {
            ipv6.addFirst(LINK_LOCAL);
            if (layout == Layout.TABLES) {
                admitIpv6(spoken, ipv6, port, mac, admitted);
            } else {
                admitIpv6InOneTable(spoken, ipv6, mac, admitted);
            }
        }
    }

    private void admitIpv4(Match spoken, long mac, InetAddress address, Outcome admitted) {
        Bits own = Bits.of(address);
        Match arp = spoken.and()
                .with(Field.ETH_TYPE, ETH_TYPE_ARP)
                .with(Field.ARP_SHA, mac)
                .build();
        admission(arp.with(Field.ARP_SPA, own), admitted);
        // RFC 5227 §2.1.1: who probes for conflicts does not claim the address yet.
        admission(arp.and().with(Field.ARP_SPA, 0).with(Field.ARP_TPA, own).build(), admitted);
        admission(
                spoken.and()
                        .with(Field.ETH_TYPE, ETH_TYPE_IPV4)
                        .with(Field.IPV4_SRC, own)
                        .build(),
                admitted);
    }

    /** What is the same for every VM, so that it takes a flow of each only for what is its own. */
    private void claims() {
        put(
                TARGET_TABLE,
                FALSE_CLAIM_PRIORITY,
                claim(Match.ANY, NEIGHBOR_ADVERTISEMENT).build(),
                new Outcome.Drop());
        if (gateway.isPresent()) {
            claimed(Match.ANY, 0);
            put(CLAIMS_TABLE, UNCLAIMED_PRIORITY, Match.ANY, onward(TARGET_TABLE));
        }
    }

    /** A neighbour message may name this MAC address, or, by 0, none. */
    private void claimed(Match from, long mac) {
        put(
                CLAIMS_TABLE,
                CLAIM_PRIORITY,
                claim(from, NEIGHBOR_SOLICITATION).with(Field.ND_SLL, mac).build(),
                onward(TARGET_TABLE));
        put(
                CLAIMS_TABLE,
                CLAIM_PRIORITY,
                claim(from, NEIGHBOR_ADVERTISEMENT).with(Field.ND_TLL, mac).build(),
                onward(TARGET_TABLE));
    }

    private void admitIpv6(Match spoken, List<Match.Condition> own, int port, long mac, Outcome admitted) {
        Match from = Pipeline.from(port);
        for (Match.Condition address : own) {
            put(
                    TARGET_TABLE,
                    CLAIM_PRIORITY,
                    claim(from, NEIGHBOR_ADVERTISEMENT)
                            .with(Field.ND_TARGET, address)
                            .build(),
                    admitted);
        }
        put(TARGET_TABLE, UNCLAIMED_PRIORITY, from, admitted);
        claimed(from, mac);
        for (Match.Condition address : own) {
            admission(source(spoken, address), onward(CLAIMS_TABLE));
            admission(probe(spoken, address), onward(CLAIMS_TABLE));
        }
    }

    private void admitIpv6InOneTable(Match spoken, List<Match.Condition> own, long mac, Outcome admitted) {
        for (Match.Condition address : own) {
            for (long option : new long[] {mac, 0}) {
                put(
                        GATE_TABLE,
                        CLAIM_PRIORITY,
                        claim(spoken, NEIGHBOR_SOLICITATION)
                                .with(Field.IPV6_SRC, address)
                                .with(Field.ND_SLL, option)
                                .build(),
                        admitted);
                put(
                        GATE_TABLE,
                        CLAIM_PRIORITY,
                        claim(spoken, NEIGHBOR_ADVERTISEMENT)
                                .with(Field.ND_TARGET, address)
                                .with(Field.ND_TLL, option)
                                .build(),
                        admitted);
            }
            put(GATE_TABLE, CLAIM_PRIORITY, probe(spoken, address), admitted);
        }
        for (Match.Condition address : own) {
            admission(source(spoken, address), admitted);
        }
    }

    /** RFC 4862 §5.4: a duplicate address detection comes from :: and names what it will claim. */
    private static Match probe(Match spoken, Match.Condition address) {
        return claim(spoken, NEIGHBOR_SOLICITATION)
                .with(Field.IPV6_SRC, 0)
                .with(Field.ND_TARGET, address)
                .build();
    }

    private static Match source(Match spoken, Match.Condition address) {
        return spoken.and()
                .with(Field.ETH_TYPE, ETH_TYPE_IPV6)
                .with(Field.IPV6_SRC, address)
                .build();
    }

    private static Match.Builder claim(Match match, long type) {
        return match.and()
                .with(Field.ETH_TYPE, ETH_TYPE_IPV6)
                .with(Field.IP_PROTO, IP_PROTO_ICMPV6)
                .with(Field.ICMPV6_TYPE, type);
    }

    private void multicast(int gatewayPort, List<Pipeline.Place> places) {
        for (int vlan : vlans(places)) {
            put(
                    GATE_TABLE,
                    DELIVERY_PRIORITY,
                    and(Pipeline.from(gatewayPort), MULTICAST).with(Field.VLAN_VID, Vlan.match(vlan)),
                    toAll(places, Role.OWNER, vlan));
        }
    }

    private static SortedSet<Integer> vlans(List<Pipeline.Place> places) {
        SortedSet<Integer> vlans = new TreeSet<>(Set.of(Vlan.NONE.id()));
        places.forEach(place -> vlans.add(place.vm().vlan().id()));
        return vlans;
    }

    /** Only frames of copies come here, so the flows need not say where from. */
    private void bubble(List<Pipeline.Place> places) {
        if (layout == Layout.ONE_TABLE
                || places.stream().noneMatch(place -> place.vm().role() == Role.DRILL)) {
            return;
        }
        for (Pipeline.Place place : places) {
            if (place.vm().role() == Role.DRILL) {
                Vlan vlan = place.vm().vlan();
                Match addressed =
                        Match.ANY.with(Field.ETH_DST, place.vm().mac().value()).with(Field.VLAN_VID, vlan.match());
                put(BUBBLE_TABLE, DELIVERY_PRIORITY, addressed, delivered(vlan, place.port()));
            }
        }
        for (int vlan : vlans(places)) {
            put(
                    BUBBLE_TABLE,
                    DELIVERY_PRIORITY,
                    MULTICAST.with(Field.VLAN_VID, Vlan.match(vlan)),
                    toAll(places, Role.DRILL, vlan));
        }
    }

    private static Outcome toAll(List<Pipeline.Place> places, Role role, int vlan) {
        List<Integer> ports = new ArrayList<>();
        List<Integer> untaggedPorts = new ArrayList<>();
        for (Pipeline.Place place : places) {
            if (place.vm().role() == role && place.vm().vlan().id() == vlan) {
                (place.vm().vlan().isTranslated() ? untaggedPorts : ports).add(place.port());
            }
        }
        return ports.isEmpty() && untaggedPorts.isEmpty()
                ? new Outcome.Drop()
                : new Outcome.Output(0, ports, untaggedPorts);
    }

    /** A frame with the VLAN's tag to a VM's port, as that wants it. */
    private static Outcome delivered(Vlan vlan, int port) {
        return vlan.isTranslated()
                ? new Outcome.Output(0, List.of(), List.of(port))
                : new Outcome.Output(List.of(port));
    }

    private Outcome toGateway(int tag) {
        return new Outcome.Output(tag, List.of(gateway.getAsInt()), List.of());
    }

    private static Match and(Match one, Match other) {
        Match both = one;
        for (var condition : other.conditions().entrySet()) {
            both = both.with(
                    condition.getKey(),
                    condition.getValue().value(),
                    condition.getValue().mask());
        }
        return both;
    }

    private int claimsTable() {
        return layout == Layout.TABLES ? CLAIMS_TABLE : GATE_TABLE;
    }

    private void admission(Match match, Outcome outcome) {
        put(layout == Layout.TABLES ? ADMISSION_TABLE : GATE_TABLE, ADMISSION_PRIORITY, match, outcome);
    }

    private static Outcome onward(int table) {
        return new Outcome.Continue(table);
    }

    private void put(int table, int priority, Match match, Outcome outcome) {
        Flow flow = new Flow(new Flow.Key(table, priority, match), outcome);
        (outcome instanceof Outcome.Drop ? drops : others).add(flow);
    }
}
