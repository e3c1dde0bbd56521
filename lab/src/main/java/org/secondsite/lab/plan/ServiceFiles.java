package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Configuration of the product's own daemons. */
final class ServiceFiles {
    /** Twice the default: a lab has more processes than a witness's machine. */
    private static final int ELECTION_TIMEOUT_MS = 200;

    private static final int ELECTION_TIMEOUT_DELAYS = 10;

    private static final int INTERVAL_MS = 100;

    /** Several VMs on a machine that has hardly a processor for one. */
    private static final int INTERVAL_OF_SEVERAL_MS = 300;

    private ServiceFiles() {}

    static Map<Path, String> of(LabOptions options, LabPaths paths, GuestFiles guest) {
        Map<Path, String> files = new LinkedHashMap<>();
        for (Site site : options.fleet().sites()) {
            files.put(gatewayFile(paths, site), gateway(options, paths, site));
            files.put(agentFile(paths, site), agent(options, paths, site, guest));
        }
        for (WitnessNode node : options.witnessNodes()) {
            files.put(witnessFile(paths, node), witness(options, paths, node));
        }
        return files;
    }

    static Path gatewayFile(LabPaths paths, Site site) {
        return paths.file("gateway-" + site.id() + ".yaml");
    }

    static Path agentFile(LabPaths paths, Site site) {
        return paths.file("agent-" + site.id() + ".yaml");
    }

    static Path witnessFile(LabPaths paths, WitnessNode node) {
        return paths.file(node.process() + ".yaml");
    }

    private static String gateway(LabOptions options, LabPaths paths, Site site) {
        return """
                site: %1$s
                %2$stls: {certificate: %1$s.crt, key: %1$s.key, authority: ca.crt, crl: ca.crl}
                witness: {endpoints: [%9$s], requestTimeoutMs: 3000, termFile: gateway-%1$s.term}
                checkpoint: {listen: "%3$s:7600",%16$s intervalMs: %13$d, maxEpochsInFlight: 16%10$s, hosts: [{name: host-%1$s, vms: [%14$s]}]}
                dataPlane: {%11$s, inside: in0, %12$spoolMiB: 64, perVmMiB: 32}
                bgp: {localAs: 65100, routerId: %4$s, listen: [%15$s], standbyPrepend: 3, commands: bgp-%1$s, neighbors: [%5$s]%6$s}
                openflow: {listen: "%3$s:6653", switches: [{name: sw-%1$s, datapathId: "0x%7$s", gatewayPort: gw}]}
                management: {socket: %8$s}
                metrics: {listen: "127.0.0.1:9464"}
                groups:
                """.formatted(
                                site.id(),
                                tunnels(options, site),
                                site.gatewayHostAddress(),
                                site.uplinkAddress(),
                                neighbors(options, site),
                                options.network().isRedundant() ? ", installs: [0.0.0.0/0, \"::/0\"]" : "",
                                site.datapathId(),
                                paths.management(site),
                                options.witnessNodes().stream()
                                        .map(node -> '"' + node.endpoint() + '"')
                                        .collect(Collectors.joining(", ")),
                                options.overload().settings(),
                                dataPlane(options),
                                port(options),
                                options.fleet().vms().size() == 1 ? INTERVAL_MS : INTERVAL_OF_SEVERAL_MS,
                                names(options.fleet().vmsOf(site)),
                                options.network().uplinks(site).stream()
                                        .map(Uplink::uplinkAddress)
                                        .collect(Collectors.joining(", ")),
                                local(options, paths, site))
                + options.fleet().groupsOf(site).stream()
                        .map(group -> group(options, group, site))
                        .collect(Collectors.joining());
    }

    /** The short form of a sole peer, which a gateway of the release before knows as well. */
    private static String tunnels(LabOptions options, Site site) {
        if (!options.fleet().hasThreeSites()) {
            return "peerSite: " + site.peer().id() + "\n" + tunnel(site, site.peer());
        }
        return "peers:\n"
                + options.fleet().sites().stream()
                        .filter(other -> other != site)
                        .map(other -> "  - site: " + other.id() + "\n    " + tunnel(site, other))
                        .collect(Collectors.joining());
    }

    private static String tunnel(Site site, Site other) {
        return "tunnel: {listen: \"%1$s:%3$d\", connect: \"%2$s:%3$d\", heartbeatMs: 50, suspectAfterMs: 600, maxInFlightMiB: 256}\n"
                .formatted(site.wanAddress(), other.wanAddress(), site.tunnelPort(other));
    }

    private static String local(LabOptions options, LabPaths paths, Site site) {
        return switch (options.agents()) {
            case TLS -> "";
            case LOCAL -> " local: {socket: " + paths.agents(site) + ", host: host-" + site.id() + "},";
        };
    }

    private static String neighbors(LabOptions options, Site site) {
        String learning = options.network().isRedundant()
                ? ", bfd: {intervalMs: 100, multiplier: 5}, imports: [{action: accept, prefixes: [0.0.0.0/0, \"::/0\"]}]"
                : "";
        return options.network().uplinks(site).stream()
                .map(uplink -> "{address: %s, remoteAs: %d, holdTimeSeconds: 9%s%s}"
                        .formatted(
                                uplink.routerAddress(),
                                site.routerAs(),
                                dual(options, ", otherAddress: \"" + uplink.uplinkAddress6() + "\""),
                                learning))
                .collect(Collectors.joining(", "));
    }

    private static String group(LabOptions options, LabGroup group, Site site) {
        return """
                  - name: %s
                %s    prefixes: [%s%s]
                    promotedPrefixes: [%s%s]
                    vms: [%s]
                """.formatted(
                        group.name(),
                        options.fleet().hasThreeSites()
                                ? "    standby: " + group.other(site).id() + "\n"
                                : "",
                        group.prefix(),
                        dual(options, ", \"" + LabNumbers.VM_PREFIX6 + "\""),
                        String.join(", ", group.halves()),
                        dual(options, ", \"2001:db8:71::/65\", \"2001:db8:71:0:8000::/65\""),
                        group.vms().stream()
                                .map(vm -> vm(vm, addresses(options, vm), site))
                                .collect(Collectors.joining(", ")));
    }

    private static List<String> addresses(LabOptions options, LabVm vm) {
        return options.fleet().equals(Fleet.ONE) ? options.network().guestAddresses() : List.of(vm.address());
    }

    private static String vm(LabVm vm, List<String> addresses, Site site) {
        return "{name: %1$s, protected: true, mac: \"%2$s\", addresses: [%3$s], switch: sw-%4$s, port: %1$s}"
                .formatted(
                        vm.name(),
                        vm.mac(),
                        addresses.stream().map(address -> '"' + address + '"').collect(Collectors.joining(", ")),
                        site.id());
    }

    private static String names(List<LabVm> vms) {
        return vms.stream().map(LabVm::name).collect(Collectors.joining(", "));
    }

    /** The usual one is not written: a gateway of the release before knows no other. */
    private static String port(LabOptions options) {
        Network network = options.network();
        return network.port() == Network.USUAL.port()
                ? ""
                : "port: " + network.port().text() + ", ";
    }

    private static String dual(LabOptions options, String text) {
        return options.network().isDual() ? text : "";
    }

    private static String dataPlane(LabOptions options) {
        Network network = options.network();
        return switch (network.mode()) {
            case ROUTED ->
                "mode: routed, insideMac: \"%s\", insideAddresses: [%s%s], uplink: %s"
                        .formatted(
                                LabNumbers.INSIDE_MAC,
                                options.fleet().groups().stream()
                                        .map(group -> group.firstHop() + "/24")
                                        .collect(Collectors.joining(", ")),
                                dual(options, ", \"" + LabNumbers.INSIDE_ADDRESS6 + "/64\""),
                                network.isRedundant() ? network.exits() : network.uplink());
            case TRANSPARENT -> "mode: transparent, outside: " + network.uplink();
        };
    }

    private static String agent(LabOptions options, LabPaths paths, Site site, GuestFiles guest) {
        return """
                %s
                runDirectory: %s
                stateDirectory: %s
                vms:
                """.formatted(gatewayOf(options, paths, site), paths.agentRun(site), paths.agentState(site))
                + options.fleet().vmsOf(site).stream()
                        .map(vm -> agentsVm(options, paths, vm, site, guest))
                        .collect(Collectors.joining());
    }

    private static String agentsVm(LabOptions options, LabPaths all, LabVm vm, Site site, GuestFiles guest) {
        VmPaths paths = all.vm(vm);
        List<String> command = new ArrayList<>(options.fakeClocks() ? FakeClock.REMOVED : List.of());
        command.addAll(GuestCommand.of(options.guest(), options.network(), vm, all, site, guest));
        return """
                  - name: %s
                    ramFile: %s
                    ramMiB: %d
                    qmpSocket: %s
                    pidFile: %s
                    command: [%s]
                %s""".formatted(
                        vm.name(),
                        paths.ram(site),
                        options.guest().ramMiB(),
                        paths.qmp(site),
                        paths.qemuPid(site),
                        command.stream().map(word -> '"' + word + '"').collect(Collectors.joining(", ")),
                        options.guest().hasDisk() ? disks(options.guest(), paths, site) : "");
    }

    private static String gatewayOf(LabOptions options, LabPaths paths, Site site) {
        return switch (options.agents()) {
            case TLS -> """
                gateway: "%1$s:7600"
                site: %2$s
                tls: {certificate: host-%2$s.crt, key: host-%2$s.key, authority: ca.crt, crl: ca.crl}""".formatted(site.gatewayHostAddress(), site.id());
            case LOCAL -> "gatewaySocket: " + paths.agents(site);
        };
    }

    private static String disks(Guest guest, VmPaths paths, Site site) {
        return """
                    disks: [{name: %s, attach: %s, file: %s, socket: %s}]
                """.formatted(
                LabNumbers.DISK, guest == Guest.TAP ? "tap" : "serve", paths.disk(site), paths.diskSocket(site));
    }

    private static String witness(LabOptions options, LabPaths paths, WitnessNode node) {
        return """
                listen: "%s"
                dataDirectory: %s
                tls: {certificate: witness.crt, key: witness.key, authority: ca.crt, crl: ca.crl}
                ownerFreshMs: 300
                maximumGrantDelayMs: 2000
                groups: [%s]
                %s""".formatted(
                        node.endpoint(),
                        paths.file(node.process()),
                        options.fleet().groups().stream()
                                .map(group -> "{name: %s, sites: [%s], initialOwner: %s}"
                                        .formatted(
                                                group.name(),
                                                Stream.of(group.home(), group.standby())
                                                        .sorted()
                                                        .map(Site::id)
                                                        .collect(Collectors.joining(", ")),
                                                group.home().id()))
                                .collect(Collectors.joining(", ")),
                        options.witnesses() == 1 ? "" : peers(options, node));
    }

    private static String peers(LabOptions options, WitnessNode node) {
        return """
                node: %s
                peers: [%s]
                electionTimeoutMs: %d
                """.formatted(
                        node.id(),
                        options.witnessNodes().stream()
                                .map(peer -> "{id: " + peer.id() + ", address: \"" + peer.endpoint() + "\"}")
                                .collect(Collectors.joining(", ")),
                        Math.max(ELECTION_TIMEOUT_MS, ELECTION_TIMEOUT_DELAYS * options.delayMillis()));
    }
}
