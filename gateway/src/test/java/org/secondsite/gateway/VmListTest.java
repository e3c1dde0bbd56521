package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.VmId;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.checkpoint.Callers;

class VmListTest {
    private static final String FILE = """
            site: a
            peerSite: b
            tunnel: {listen: "127.0.0.1:7400", connect: "127.0.0.2:7400", heartbeatMs: 50, suspectAfterMs: 600}
            tls: {certificate: a.crt, key: a.key, authority: ca.crt}
            witness: {endpoints: ["127.0.0.3:7500"], requestTimeoutMs: 3000}
            checkpoint:
              listen: "127.0.0.1:7600"
              intervalMs: 100
              maxEpochsInFlight: 16
              hosts: [{name: h1, vms: [vm1, vm2]}, {name: h2, vms: [vm1]}]
            dataPlane: {mode: loopback, poolMiB: 64, perVmMiB: 32}
            management: {socket: a.sock}
            groups:
              - name: web
                prefixes: [203.0.113.0/24]
                vms:
                  - {name: vm1, protected: true, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10]}
                  - {name: vm2, protected: false, mac: "52:54:00:c0:10:02", addresses: [203.0.113.11]}
                  - {name: vm3, protected: false, mac: "52:54:00:c0:10:03", addresses: [203.0.113.12]}
            """;
    private static final long SECOND = 1_000_000_000L;

    private static Callers.Call call(String vm, String host) {
        return new Callers.Call(new VmId(vm), host, true, 128 << 20, "QEMU 7.2.22; disks drive0 1024 MiB", SECOND);
    }

    private static JsonNode list(Callers.Call... calls) {
        GatewayConfig config =
                switch (ConfigReader.readGateway(Path.of("a.yaml"), FILE)) {
                    case ConfigResult.Valid<GatewayConfig> valid -> valid.config();
                    case ConfigResult.Invalid<GatewayConfig> invalid -> throw new AssertionError(invalid.problems());
                };
        SiteCore core = new SiteCore(config, (_, tunnel, now) -> new PeerWatch(tunnel, Runnable::run, now), 0);
        return new VmList(config, core, List.of(calls), 5 * SECOND).tell();
    }

    private static String why(JsonNode vm) {
        return vm.path("why").toString();
    }

    @Test
    void everyVmOfTheFileAndOfTheAgentsIsListed() {
        JsonNode vms = list(call("vm1", "h1"), call("vm9", "h1")).path("vms");
        assertEquals(List.of("vm1", "vm2", "vm3", "vm9"), vms.findValuesAsText("name"));
        assertEquals("MEMBER", vms.get(0).path("membership").asText());
        JsonNode agent = vms.get(0).path("agents").get(0);
        assertEquals("h1", agent.path("host").asText());
        assertEquals(128, agent.path("ramMiB").asInt());
        assertEquals(4, agent.path("calledSecondsAgo").asInt());
        assertEquals("[\"it is in no group of this gateway's file\"]", why(vms.get(3)));
    }

    @Test
    void whatWouldStandAgainstAVmThatIsNotTickedIsSaid() {
        JsonNode vms = list(call("vm2", "h1"), call("vm3", "h2")).path("vms");
        assertEquals("[\"not ticked: 'secondsite protect vm2'\"]", why(vms.get(1)));
        assertTrue(why(vms.get(2)).contains("host h2 may not speak for vm3"), why(vms.get(2)));
        assertTrue(why(list().path("vms").get(1)).contains("no agent has called for it"));
    }
}
