package org.secondsite.config.change;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.NetconfConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.yaml.Document;
import org.secondsite.config.yaml.GatewayDocument;

class ConfigDiffTest {
    private static final String FILE = """
            site: a
            peerSite: b
            tunnel: {listen: "10.9.0.1:7400", connect: "10.9.0.2:7400", congestion: cubic}
            tls: {certificate: a.crt, key: a.key, authority: ca.crt}
            witness: {endpoints: ["10.9.0.3:7500"], termFile: gateway.term}
            checkpoint: {listen: "10.1.1.2:7600", allowPlaintext: true, hosts: [{name: host-a, vms: [vm1]}], local: {socket: agents.sock, host: host-a}}
            dataPlane:
              mode: routed
              inside: in0
              insideMac: "02:00:5e:00:01:01"
              insideAddresses: [203.0.113.1/24]
              uplink: up0
            bgp:
              localAs: 65100
              routerId: 10.1.0.2
              listen: [10.1.0.2]
              commands: /run/secondsite/bgp
              installs: [0.0.0.0/0]
              standbyMed: 50
              communities: {owner: ["65100:80"], standby: ["65100:20"]}
              neighbors:
                - address: 10.1.0.1
                  remoteAs: 65001
                  localAddress: 10.1.0.2
                  password: one
                  localAs: 65200
                  otherAddress: "2001:db8::2"
                  device: up0
                  ttlSecurityHops: 1
                  maximumPrefixes: {maximum: 1000, restartAfterSeconds: 60}
                  bfd: {intervalMs: 50, key: {secret: b}}
                  imports: [{action: accept}]
                - {address: 10.1.0.9, remoteAs: 65001}
            openflow:
              listen: "10.1.1.2:6653"
              tls: {certificate: of.crt, key: of.key, authority: of-ca.crt}
              switches: [{name: sw-a, datapathId: "0x0000000000000a01", database: "192.0.2.9:6640", databaseCertificate: rack, gatewayPort: gw, connect: "10.1.1.9:6653"}]
            management:
              socket: /run/secondsite/a.sock
              logLevel: info
              debug: [bgp]
              netconf: {listen: "10.1.1.2:830", hostKey: n.key, authorizedKeys: keys, admins: [tool]}
              https: {listen: "10.1.1.2:8443", tls: {certificate: m.crt, key: m.key, authority: m-ca.crt}, tokens: tokens,
                admins: [automation], operators: [oncall], viewers: [grafana]}
            metrics: {listen: "127.0.0.1:9464"}
            groups:
              - name: web
                prefixes: [203.0.113.0/25]
                promotedPrefixes: [203.0.113.0/26]
                vms:
                  - {name: vm1, protected: true, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10], switch: sw-a, port: vm1}
                  - {name: vm2, protected: false, mac: "52:54:00:c0:10:02", addresses: [203.0.113.11], switch: sw-a, port: vm2}
              - name: db
                prefixes: [203.0.113.128/25]
                vms:
                  - {name: vm3, protected: true, mac: "52:54:00:c0:10:03", addresses: [203.0.113.130], switch: sw-a, port: vm3, vlan: 100, tagged: true}
            """;

    private static GatewayConfig config(String text) {
        ConfigResult<GatewayConfig> result = GatewayDocument.read(new Document("gateway.yaml", Path.of("/etc"), text));
        return switch (result) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) -> config;
            case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                throw new AssertionError(problems.toString());
        };
    }

    /** The changes when a part of the file, which must be there, is replaced. */
    private static List<Change> replaced(String part, String by) {
        assertTrue(FILE.contains(part), part);
        return ConfigDiff.of(config(FILE), config(FILE.replace(part, by)));
    }

    private static Change one(ChangeKind kind, String subject, List<Change> changes) {
        assertEquals(1, changes.size(), changes.toString());
        assertEquals(kind, changes.getFirst().kind());
        assertEquals(subject, changes.getFirst().subject());
        return changes.getFirst();
    }

    private static String text(Change change) {
        return change.differences().stream().map(Difference::toString).collect(Collectors.joining("\n"));
    }

    @Test
    void theSameFileChangesNothing() {
        assertEquals(List.of(), ConfigDiff.of(config(FILE), config(FILE)));
    }

    @Test
    void aDefaultThatIsWrittenOutChangesNothing() {
        assertEquals(List.of(), replaced("congestion: cubic}", "congestion: cubic, heartbeatMs: 50, connections: 1}"));
        assertEquals(List.of(), replaced("remoteAs: 65001}", "remoteAs: 65001, holdTimeSeconds: 9, port: 179}"));
        assertEquals(List.of(), replaced("uplink: up0", "uplink: [up0]"));
        assertEquals(List.of(), replaced("  standbyMed: 50", "  standbyMed: 50\n  standbyPrepend: 3"));
        assertEquals(List.of(), replaced("gatewayPort: gw,", "gatewayPort: gw, sharing: exclusive,"));
    }

    @Test
    void theOrderOfThingsThatHaveNamesSaysNothing() {
        String neighbor = "    - {address: 10.1.0.9, remoteAs: 65001}\n";
        assertEquals(
                List.of(),
                ConfigDiff.of(
                        config(FILE),
                        config(FILE.replace(neighbor, "").replace("  neighbors:\n", "  neighbors:\n" + neighbor))));
    }

    @Test
    void aNeighbourComesGoesAndChanges() {
        String neighbor = "    - {address: 10.1.0.9, remoteAs: 65001}\n";
        Change gone = one(ChangeKind.NEIGHBOR_REMOVED, "10.1.0.9", replaced(neighbor, ""));
        assertTrue(text(gone).contains("- bgp.neighbors[10.1.0.9].remoteAs: 65001"), text(gone));
        one(ChangeKind.NEIGHBOR_ADDED, "10.1.0.9", ConfigDiff.of(config(FILE.replace(neighbor, "")), config(FILE)));
        Change altered = one(
                ChangeKind.NEIGHBOR_ALTERED,
                "10.1.0.9",
                replaced(
                        "{address: 10.1.0.9, remoteAs: 65001}", "{address: 10.1.0.9, remoteAs: 65002, passive: true}"));
        assertEquals("""
                ~ bgp.neighbors[10.1.0.9].remoteAs: 65001 -> 65002
                ~ bgp.neighbors[10.1.0.9].passive: false -> true""", text(altered));
    }

    @Test
    void aSecretIsSeenToDifferAndNotShown() {
        Change change = one(ChangeKind.NEIGHBOR_ALTERED, "10.1.0.1", replaced("password: one", "password: other"));
        assertEquals("~ bgp.neighbors[10.1.0.1].password: (hidden) -> (hidden)", text(change));
    }

    @Test
    void rolesSwitchesGroupsAndPrefixes() {
        one(ChangeKind.ROUTE_ROLES_ALTERED, "bgp.standbyMed", replaced("standbyMed: 50", "standbyMed: 60"));
        one(ChangeKind.ROUTE_ROLES_ALTERED, "bgp.communities.owner", replaced("\"65100:80\"", "\"65100:81\""));
        one(ChangeKind.INSTALLS_ALTERED, "bgp.installs", replaced("installs: [0.0.0.0/0]", "installs: [\"::/0\"]"));
        Change shared = one(
                ChangeKind.SWITCH_ALTERED,
                "sw-a",
                replaced("gatewayPort: gw,", "gatewayPort: gw, sharing: cooperative,"));
        assertEquals("~ openflow.switches[sw-a].sharing: exclusive -> cooperative", text(shared));
        one(ChangeKind.PREFIXES_ALTERED, "web", replaced("promotedPrefixes: [203.0.113.0/26]", ""));
        List<Change> group = ConfigDiff.of(config(FILE.substring(0, FILE.indexOf("  - name: db"))), config(FILE));
        assertEquals(
                List.of(ChangeKind.GROUP_ADDED, ChangeKind.VM_ADDED),
                group.stream().map(Change::kind).toList());
    }

    @Test
    void vms() {
        one(ChangeKind.VM_TICKED, "vm2", replaced("protected: false", "protected: true"));
        one(ChangeKind.VM_UNTICKED, "vm1", replaced("vm1, protected: true", "vm1, protected: false"));
        one(ChangeKind.VM_ALTERED, "vm1", replaced("port: vm1", "port: vm9"));
        String vm2 = FILE.lines()
                        .filter(line -> line.contains("name: vm2"))
                        .findFirst()
                        .orElseThrow() + "\n";
        one(ChangeKind.VM_REMOVED, "vm2", replaced(vm2, ""));
        one(
                ChangeKind.VM_MOVED,
                "vm2",
                ConfigDiff.of(config(FILE), config(FILE.replace(vm2, "") + vm2.replace(".11]", ".131]"))));
    }

    @Test
    void theSpeakerAsAWhole() {
        one(ChangeKind.SPEAKER_ALTERED, "bgp.localAs", replaced("localAs: 65100", "localAs: 65101"));
        one(ChangeKind.SPEAKER_ALTERED, "bgp.listen", replaced("listen: [10.1.0.2]", "listen: [10.1.0.2, 10.1.0.3]"));
        String section = FILE.substring(FILE.indexOf("bgp:\n"), FILE.indexOf("openflow:\n"));
        assertTrue(
                replaced(section, "").stream()
                        .anyMatch(change -> change.kind() == ChangeKind.OTHER
                                && change.subject().equals("bgp.localAs")),
                "a speaker that goes is another thing");
    }

    @Test
    void settings() {
        one(
                ChangeKind.CHECKPOINTS_ALTERED,
                "checkpoint.maxIntervalMs",
                replaced("7600\", allow", "7600\", maxIntervalMs: 900, allow"));
        one(ChangeKind.DETECTION_ALTERED, "tunnel.suspectAfterMs", replaced("cubic}", "cubic, suspectAfterMs: 300}"));
        one(ChangeKind.DETECTION_ALTERED, "tunnel.heartbeatMs", replaced("cubic}", "cubic, heartbeatMs: 60}"));
        one(ChangeKind.TUNNEL_ALTERED, "tunnel.maxInFlightMiB", replaced("cubic}", "cubic, maxInFlightMiB: 64}"));
        one(ChangeKind.TUNNEL_ALTERED, "tunnel.connections", replaced("cubic}", "cubic, connections: 2}"));
        one(
                ChangeKind.CHECKPOINTS_ALTERED,
                "checkpoint.overload",
                replaced("7600\", allow", "7600\", overload: slow, allow"));
        one(
                ChangeKind.CHECKPOINTS_ALTERED,
                "checkpoint.maxEpochsInFlight",
                replaced("7600\", allow", "7600\", maxEpochsInFlight: 8, allow"));
        one(ChangeKind.METRICS_ALTERED, "metrics.listen", replaced("9464", "9465"));
        one(ChangeKind.METRICS_ALTERED, "metrics.listen", replaced("metrics: {listen: \"127.0.0.1:9464\"}\n", ""));
        one(ChangeKind.LOG_ALTERED, "management.logLevel", replaced("logLevel: info", "logLevel: warn"));
        one(ChangeKind.LOG_ALTERED, "management.debug", replaced("debug: [bgp]", "debug: [bgp, net]"));
        one(ChangeKind.OTHER, "management.socket", replaced("secondsite/a.sock", "secondsite/b.sock"));
        one(ChangeKind.OTHER, "management.https.admins", replaced("admins: [automation]", "admins: [somebody]"));
        one(ChangeKind.OTHER, "management.netconf.admins", replaced("admins: [tool]", "admins: [somebody]"));
        Change pool =
                one(ChangeKind.OTHER, "dataPlane.poolMiB", replaced("uplink: up0\n", "uplink: up0\n  poolMiB: 512\n"));
        assertEquals("~ dataPlane.poolMiB: 256 -> 512", text(pool));
        one(ChangeKind.OTHER, "tls.certificate", replaced("certificate: a.crt", "certificate: a2.crt"));
        one(ChangeKind.TUNNEL_ALTERED, "tunnel.congestion", replaced(", congestion: cubic", ""));
    }

    /** A component that is added to the records is a setting from then on, without anybody's thinking of it. */
    @Test
    void everyComponentIsASetting() {
        Set<String> paths =
                new HashSet<>(Leaves.of(config(FILE), Leaves.Form.LONG).keySet());
        paths.addAll(Leaves.of(config(bump()), Leaves.Form.LONG).keySet());
        Set<String> missing = new HashSet<>();
        Stream<Class<?>> records = Stream.concat(
                Stream.of(GatewayConfig.class, NetconfConfig.class),
                Stream.of(GatewayConfig.class.getDeclaredClasses()));
        records.filter(Class::isRecord)
                .flatMap(type -> Stream.of(type.getRecordComponents()))
                .map(RecordComponent::getName)
                .filter(name -> !Leaves.WITHOUT_A_NAME.contains(name))
                .filter(name -> paths.stream()
                        .noneMatch(path -> ("." + path + ".").contains("." + Leaves.key(name) + ".")
                                || ("." + path).contains("." + Leaves.key(name) + "[")))
                .forEach(missing::add);
        assertEquals(Set.of(), missing);
    }

    /** The same file in the other mode. */
    private static String bump() {
        String routed = FILE.substring(FILE.indexOf("  mode: routed"), FILE.indexOf("bgp:"));
        return FILE.replace(routed, "  mode: transparent\n  inside: in0\n  outside: out0\n");
    }

    @Test
    void everyPathOfSomethingThatHasANameIsItsOwn() {
        assertFalse(Leaves.of(config(FILE), Leaves.Form.LONG).keySet().stream().anyMatch(path -> path.contains("..")));
    }
}
