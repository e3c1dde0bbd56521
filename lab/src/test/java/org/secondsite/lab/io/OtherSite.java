package org.secondsite.lab.io;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.Gateway;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.io.CheckpointAgent;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;

/**
 * All that is around the gateway of a {@link LiveSite} and is not looked at: the witness, the other site's gateway, and the agents of both with
 * VMs that have memory and no hypervisor. One process, in a namespace of its own, with the site's directory as its argument.
 */
final class OtherSite {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final int RAM_BYTES = 1 << 20;
    private static final AgentTiming TIMING = new AgentTiming(5_000, 100, 1_000, 1_000, 250);

    /** As the file at site a says of what both have. */
    private static final String FILE = """
            site: b
            peerSite: a
            tunnel: {listen: "10.9.0.2:7400", connect: "10.9.0.1:7400", heartbeatMs: 50, suspectAfterMs: 5000}
            tls: {certificate: b.crt, key: b.key, authority: ca.crt}
            witness: {endpoints: ["10.9.0.3:7500"], termFile: b.term}
            checkpoint: {listen: "10.9.0.2:7600", intervalMs: 50, overload: slow, hosts: [{name: host-b, vms: [vm1, vm3]}]}
            dataPlane:
              mode: routed
              inside: in0
              insideMac: "02:00:5e:00:01:01"
              insideAddresses: [203.0.113.1/24, 10.20.0.1/16]
              uplink: up0
            management: {socket: b.sock}
            groups:
              - name: web
                prefixes: [203.0.113.0/24]
                vms: [{name: vm1, protected: true, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10]}]
              - name: g3
                prefixes: [10.20.3.0/24]
                vms: [{name: vm3, protected: false, mac: "52:54:00:c0:10:03", addresses: [10.20.3.3]}]
            """;

    private OtherSite() {}

    private static InetSocketAddress at(String address, int port) {
        return new InetSocketAddress(IpPrefix.parseAddress(address), port);
    }

    public static void main(String[] arguments) throws Exception {
        Path directory = Path.of(arguments[0]);
        Path file = Files.writeString(directory.resolve("b.yaml"), FILE);
        if (!(ConfigReader.readGateway(file) instanceof ConfigResult.Valid<GatewayConfig>(GatewayConfig config))) {
            throw new AssertionError(ConfigReader.readGateway(file).toString());
        }
        try (WitnessServer _ = witness(directory);
                Gateway _ = Gateway.open(
                        config,
                        (chosen, vms, _) -> new LoopbackDataPlane(vms, 8 << 20, 4 << 20, _ -> {}),
                        (reason, details) -> {
                            System.out.println(reason + ": " + details.get());
                            Runtime.getRuntime().halt(1);
                        });
                CheckpointAgent _ = agent(A, "10.9.0.1", directory);
                CheckpointAgent _ = agent(B, "10.9.0.2", directory)) {
            int end = System.in.read();
            System.out.println("ended by " + end);
        }
    }

    private static WitnessServer witness(Path directory) throws Exception {
        return WitnessServer.begin(new WitnessServerSettings(
                at("10.9.0.3", 7500),
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of("web", "g1", "g2", "g3").stream()
                        .map(name -> new GroupSettings(new GroupId(name), A, B, name.equals("g3") ? B : A))
                        .toList(),
                300,
                2000));
    }

    private static CheckpointAgent agent(SiteId site, String gateway, Path directory) throws IOException {
        List<SyntheticVm> vms = new ArrayList<>(List.of(new SyntheticVm(new VmId("vm1"), RAM_BYTES)));
        if (site.equals(A)) {
            vms.getFirst().boot();
            // Those that come and go run nowhere, and the gateway knows that.
            for (int vm = 2; vm <= LiveSwitches.MOST_VMS; vm++) {
                vms.add(new SyntheticVm(new VmId("vm" + vm), RAM_BYTES));
            }
        }
        AgentConfig.Proof proof = new AgentConfig.Proof(site, TlsFiles.in(directory, "host-" + site));
        return CheckpointAgent.open(new GatewayAccess(at(gateway, 7600), Optional.of(proof)), vms, TIMING);
    }
}
