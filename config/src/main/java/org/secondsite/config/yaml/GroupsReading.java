package org.secondsite.config.yaml;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.InterfaceAddress;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;

/** The groups of a gateway's file: their keys, and the rules between groups, VMs, data plane and switches. */
final class GroupsReading {
    /** IEEE 802.1Q: 4095 is reserved. */
    private static final int MAX_VLAN = 4094;

    /** The gateways tell each other all of a group's VMs in one message. */
    private static final int MAX_VMS = 500;

    private final PeersReading peers;
    private final Optional<GatewayConfig.Routed> routed;
    private final Optional<GatewayConfig.OpenFlow> openflow;

    private final Unique<GroupId> groupNames = new Unique<>();
    private final Unique<VmId> vmNames = new Unique<>();
    private final Unique<MacAddress> macs = new Unique<>();
    private final Unique<InetAddress> addresses = new Unique<>();
    private final Unique<GatewayConfig.Attachment> attachments = new Unique<>();
    private final Map<IpPrefix, String> prefixesSoFar = new HashMap<>();

    GroupsReading(PeersReading peers, GatewayConfig.DataPlane dataPlane, Optional<GatewayConfig.OpenFlow> openflow) {
        this.peers = peers;
        this.routed = dataPlane instanceof GatewayConfig.Routed r ? Optional.of(r) : Optional.empty();
        this.openflow = openflow;
    }

    List<GatewayConfig.Group> read(Section root) {
        List<GatewayConfig.Group> groups = new ArrayList<>();
        for (Section section : root.sections("groups")) {
            groups.add(group(section));
        }
        return groups;
    }

    private GatewayConfig.Group group(Section section) {
        GroupId id = section.value("name", GroupId::new);
        groupNames.add(id, section, "name");
        Optional<SiteId> standby = peers.standby(section);
        List<IpPrefix> prefixes = section.list("prefixes", IpPrefix::parse);
        for (IpPrefix prefix : prefixes) {
            prefixesSoFar.forEach((other, where) -> {
                if (prefix.overlaps(other)) {
                    section.problem("prefixes", prefix + " overlaps " + other + " of " + where);
                }
            });
        }
        prefixes.forEach(prefix -> prefixesSoFar.putIfAbsent(prefix, section.path()));
        List<IpPrefix> promoted = section.optionalList("promotedPrefixes", IpPrefix::parse);
        for (IpPrefix prefix : promoted) {
            if (section.sound("prefixes") && prefixes.stream().noneMatch(p -> p.contains(prefix))) {
                section.problem("promotedPrefixes", prefix + " is in none of the group's prefixes " + prefixes);
            }
        }
        List<GatewayConfig.Vm> vms = new ArrayList<>();
        for (Section at : section.sections("vms")) {
            GatewayConfig.Vm vm = vm(at);
            for (InetAddress address : vm.addresses()) {
                if (section.sound("prefixes") && prefixes.stream().noneMatch(p -> p.contains(address))) {
                    at.problem(
                            "addresses",
                            address.getHostAddress() + " is in none of the group's prefixes " + prefixes
                                    + ": its traffic would not move with the group");
                }
            }
            vms.add(vm);
        }
        if (vms.size() > MAX_VMS) {
            section.problem("vms", vms.size() + " VMs: a group has " + MAX_VMS + " at most");
        }
        return new GatewayConfig.Group(id, standby, prefixes, promoted, vms);
    }

    private GatewayConfig.Vm vm(Section section) {
        GatewayConfig.Vm vm = new GatewayConfig.Vm(
                section.value("name", VmId::new),
                section.flag("protected", true),
                section.value("mac", Values::stationMac),
                section.list("addresses", Values::address),
                attachment(section));
        vmNames.add(vm.id(), section, "name");
        macs.add(vm.mac(), section, "mac");
        vm.attachment()
                .map(at -> new GatewayConfig.Attachment(at.switchId(), at.port()))
                .ifPresent(port -> attachments.add(port, section, "port"));
        for (InetAddress address : vm.addresses()) {
            addresses.add(address, section, "addresses");
        }
        routed.ifPresent(dataPlane -> checkFirstHop(vm, section, dataPlane));
        return vm;
    }

    /** The gateway is the VM's router: the VM must be on its subnet, and nobody may have the gateway's own addresses. */
    private static void checkFirstHop(GatewayConfig.Vm vm, Section section, GatewayConfig.Routed dataPlane) {
        if (vm.mac() != null && Objects.equals(vm.mac(), dataPlane.insideMac())) {
            section.problem("mac", vm.mac() + " is the gateway's own dataPlane.insideMac");
        }
        List<InterfaceAddress> inside = dataPlane.insideAddresses();
        for (InetAddress address : vm.addresses()) {
            String text = address.getHostAddress();
            if (inside.stream().anyMatch(own -> own.address().equals(address))) {
                section.problem("addresses", text + " is the gateway's own, of dataPlane.insideAddresses");
            } else if (!inside.isEmpty()
                    && inside.stream().noneMatch(own -> own.subnet().contains(address))) {
                section.problem("addresses", text + " is in no subnet of dataPlane.insideAddresses " + inside);
            }
        }
    }

    private Optional<GatewayConfig.Attachment> attachment(Section section) {
        if (openflow.isEmpty()) {
            section.forbid("switch", "refers to a switch, but there is no section openflow");
            section.forbid("port", "refers to a switch's port, but there is no section openflow");
            section.forbid("vlan", "is what a switch tags frames with, but there is no section openflow");
            section.forbid("tagged", "refers to a switch's port, but there is no section openflow");
            return Optional.empty();
        }
        List<GatewayConfig.Switch> switches = openflow.get().switches();
        SwitchId id = section.value("switch", SwitchId::new);
        String port = section.text("port");
        OptionalInt vlan =
                section.has("vlan") ? OptionalInt.of(section.integer("vlan", 1, MAX_VLAN, 1)) : OptionalInt.empty();
        boolean isTagged = section.flag("tagged", false);
        if (isTagged && vlan.isEmpty()) {
            section.problem("tagged", "needs a vlan");
        }
        if (id == null || port == null) {
            return Optional.empty();
        }
        Optional<GatewayConfig.Switch> found =
                switches.stream().filter(s -> id.equals(s.id())).findFirst();
        if (found.isEmpty()) {
            List<String> names = switches.stream()
                    .map(GatewayConfig.Switch::id)
                    .filter(Objects::nonNull)
                    .map(SwitchId::name)
                    .toList();
            section.problem(
                    "switch",
                    "there is no switch " + id + " in openflow.switches" + Suggestion.among(names, id.name()));
        } else if (port.equals(found.get().gatewayPort())) {
            section.problem("port", port + " is the port of the gateway itself");
        }
        return Optional.of(new GatewayConfig.Attachment(id, port, vlan, isTagged));
    }
}
