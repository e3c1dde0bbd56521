package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.management.io.YangFile;
import org.secondsite.management.model.StateTree;
import org.secondsite.replicator.checkpoint.Callers;
import org.secondsite.replicator.codec.VersionCounters;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelStatus;

/** Whatever {@code status} and {@code vms} tell, network automation can read. */
class StatusShapeTest {
    private static final String FILE = """
            site: a
            peerSite: b
            tunnel: {listen: "127.0.0.1:7400", connect: "127.0.0.2:7400", heartbeatMs: 50, suspectAfterMs: 600}
            tls: {certificate: a.crt, key: a.key, authority: ca.crt}
            witness: {endpoints: ["127.0.0.3:7500"], requestTimeoutMs: 3000}
            checkpoint: {listen: "127.0.0.1:7600", intervalMs: 100, maxEpochsInFlight: 16, hosts: [{name: h1, vms: [vm1]}]}
            dataPlane: {mode: loopback, poolMiB: 64, perVmMiB: 32}
            management: {socket: a.sock}
            groups:
              - name: web
                prefixes: [203.0.113.0/24]
                vms:
                  - {name: vm1, protected: true, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10]}
            """;
    private static final TunnelStatus TUNNEL = new TunnelStatus(
            true,
            "",
            1_234_567,
            0,
            1,
            Map.of(ResetCode.CORRUPT, 2L),
            "",
            Map.of(),
            Map.of(),
            VersionCounters.ZERO,
            new TunnelStatus.Counters(0, 0, 0, 0, 0, 0, 0, 0, 0));

    @Test
    void yangHasANodeForEachFigure() throws Exception {
        GatewayConfig config =
                switch (ConfigReader.readGateway(Path.of("a.yaml"), FILE)) {
                    case ConfigResult.Valid<GatewayConfig> valid -> valid.config();
                    case ConfigResult.Invalid<GatewayConfig> invalid -> throw new AssertionError(invalid.problems());
                };
        SiteCore core = new SiteCore(config, (_, tunnel, now) -> new PeerWatch(tunnel, Runnable::run, now), 0);
        try (LoopbackDataPlane plane =
                new LoopbackDataPlane(GatewaySettings.protectedVms(config), 8 << 20, 4 << 20, frame -> {})) {
            ObjectNode status = GatewayStatus.of(new GatewayView(
                    config,
                    core,
                    Map.of(new SiteId("b"), TUNNEL),
                    new GatewayView.AgentsPort(0, 0),
                    plane.counters(),
                    Map.of("10.1.0.1", new Session("Established")),
                    Map.of("sw-a", new Session("connected"))));
            GatewayStatus.with(
                    status,
                    new VmList(config, core, List.of(new Callers.Call(new VmId("vm1"), "h1", true, 1, "QEMU", 0)), 1)
                            .tell());
            assertEquals(
                    List.of(),
                    StateTree.ofStatus(YangFile.model(), status.toString()).leftOut(),
                    status.toPrettyString());
            assertEquals(1, status.get("groups").get(0).get("vms").size());
            assertEquals(
                    2,
                    status.get("peers")
                            .get(0)
                            .get("wan")
                            .get("rejections")
                            .get("CORRUPT")
                            .asInt());
        }
    }
}
