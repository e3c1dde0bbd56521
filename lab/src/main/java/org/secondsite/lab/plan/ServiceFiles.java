package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Configuration of the product's own daemons. */
final class ServiceFiles {
    /** Twice the default: a lab has more processes than a witness's machine. */
    private static final int ELECTION_TIMEOUT_MS = 200;

    private static final int ELECTION_TIMEOUT_DELAYS = 10;

    private ServiceFiles() {}

    static Map<Path, String> of(LabOptions options, LabPaths paths, GuestFiles guest) {
        Map<Path, String> files = new LinkedHashMap<>();
        for (Site site : Site.values()) {
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
                peerSite: %2$s
                tunnel: {listen: "%3$s:7400", connect: "%4$s:7400", heartbeatMs: 50, suspectAfterMs: 600, maxInFlightMiB: 256}
                tls: {certificate: %1$s.crt, key: %1$s.key, authority: ca.crt, crl: ca.crl}
                witness: {endpoints: [%11$s], requestTimeoutMs: 3000, termFile: gateway-%1$s.term}
                checkpoint: {listen: "%5$s:7600", intervalMs: 100, maxEpochsInFlight: 16%12$s, hosts: [{name: host-%1$s, vms: [vm1]}]}
                dataPlane: {%13$s, inside: in0, %14$spoolMiB: 64, perVmMiB: 32}
                bgp: {localAs: 65100, routerId: %6$s, listen: [%6$s], standbyPrepend: 3, commands: bgp-%1$s, neighbors: [{address: %7$s, remoteAs: %8$d, holdTimeSeconds: 9%15$s}]}
                openflow: {listen: "%5$s:6653", switches: [{name: sw-%1$s, datapathId: "0x%9$s", gatewayPort: gw}]}
                management: {socket: %10$s}
                metrics: {listen: "127.0.0.1:9464"}
                groups:
                  - name: web
                    prefixes: [203.0.113.0/24%16$s]
                    promotedPrefixes: [203.0.113.0/25, 203.0.113.128/25%17$s]
                    vms: [{name: vm1, protected: true, mac: "52:54:00:c0:10:01", addresses: [%18$s], switch: sw-%1$s, port: vm1}]
                """.formatted(
                        site.id(),
                        site.peer().id(),
                        site.wanAddress(),
                        site.peer().wanAddress(),
                        site.gatewayHostAddress(),
                        site.uplinkAddress(),
                        site.routerAddress(),
                        site.routerAs(),
                        site.datapathId(),
                        paths.management(site),
                        options.witnessNodes().stream()
                                .map(node -> '"' + node.endpoint() + '"')
                                .collect(Collectors.joining(", ")),
                        options.overload().settings(),
                        dataPlane(options),
                        port(options),
                        dual(options, ", otherAddress: \"" + site.uplinkAddress6() + "\""),
                        dual(options, ", \"" + LabNumbers.VM_PREFIX6 + "\""),
                        dual(options, ", \"2001:db8:71::/65\", \"2001:db8:71:0:8000::/65\""),
                        options.network().guestAddresses().stream()
                                .map(address -> '"' + address + '"')
                                .collect(Collectors.joining(", ")));
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
                "mode: routed, insideMac: \"%s\", insideAddresses: [%s/24%s], uplink: %s"
                        .formatted(
                                LabNumbers.INSIDE_MAC,
                                LabNumbers.INSIDE_ADDRESS,
                                dual(options, ", \"" + LabNumbers.INSIDE_ADDRESS6 + "/64\""),
                                network.uplink());
            case TRANSPARENT -> "mode: transparent, outside: " + network.uplink();
        };
    }

    private static String agent(LabOptions options, LabPaths paths, Site site, GuestFiles guest) {
        List<String> command = new ArrayList<>(options.fakeClocks() ? FakeClock.REMOVED : List.of());
        command.addAll(GuestCommand.of(options.guest(), options.network(), paths, site, guest));
        return """
                gateway: "%1$s:7600"
                site: %2$s
                tls: {certificate: host-%2$s.crt, key: host-%2$s.key, authority: ca.crt, crl: ca.crl}
                runDirectory: %3$s
                stateDirectory: %4$s
                vms:
                  - name: vm1
                    ramFile: %5$s
                    ramMiB: %6$d
                    qmpSocket: %7$s
                    pidFile: %8$s
                    command: [%9$s]
                %10$s""".formatted(
                        site.gatewayHostAddress(),
                        site.id(),
                        paths.agentRun(site),
                        paths.agentState(site),
                        paths.ram(site),
                        options.guest().ramMiB(),
                        paths.qmp(site),
                        paths.qemuPid(site),
                        command.stream().map(word -> '"' + word + '"').collect(Collectors.joining(", ")),
                        options.guest().hasDisk() ? disks(options.guest(), paths, site) : "");
    }

    private static String disks(Guest guest, LabPaths paths, Site site) {
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
                groups: [{name: web, sites: [a, b], initialOwner: a}]
                %s""".formatted(
                node.endpoint(), paths.file(node.process()), options.witnesses() == 1 ? "" : peers(options, node));
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
