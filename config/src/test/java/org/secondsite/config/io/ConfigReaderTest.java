package org.secondsite.config.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.DirtyPages;
import org.secondsite.config.DiskAttachment;
import org.secondsite.config.Durability;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.HostId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MetricsConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.config.WitnessConfig;

class ConfigReaderTest {
    @TempDir
    private Path directory;

    @Test
    void readsGatewayWithItsDefaults() throws IOException {
        GatewayConfig config = valid(ConfigReader.readGateway(written("gateway.yaml", resource("gateway.yaml"))));

        assertEquals(new SiteId("a"), config.site());
        assertEquals(50, config.peers().getFirst().tunnel().heartbeatMs());
        assertEquals(240, config.peers().getFirst().tunnel().suspectAfterMs());
        assertEquals(256L << 20, config.peers().getFirst().tunnel().maxInFlightBytes());
        assertEquals(
                "10.9.0.2",
                config.peers().getFirst().tunnel().connect().getAddress().getHostAddress());
        assertEquals(7400, config.peers().getFirst().tunnel().connect().getPort());
        assertEquals(1000, config.witness().requestTimeoutMs());
        assertEquals(100, config.checkpoint().intervalMs());
        assertEquals(16, config.checkpoint().maxEpochsInFlight());
        assertEquals(
                List.of(new GatewayConfig.Host(new HostId("host-a"), List.of(new VmId("vm1"), new VmId("vm3")))),
                config.checkpoint().hosts());
        assertFalse(config.checkpoint().allowsPlaintext());
        GatewayConfig.Routed routed = assertInstanceOf(GatewayConfig.Routed.class, config.dataPlane());
        assertEquals("203.0.113.1/24", routed.insideAddresses().getFirst().toString());
        assertEquals(256L << 20, routed.poolBytes());
        assertEquals(64L << 20, routed.perVmBytes());
        BgpConfig.Neighbor neighbor = config.bgp().orElseThrow().neighbors().getFirst();
        assertEquals(179, neighbor.port());
        assertEquals(9, neighbor.holdTimeSeconds());
        assertFalse(neighbor.passive());
        assertEquals(Optional.empty(), neighbor.password());
        assertEquals(3, config.bgp().orElseThrow().roles().standbyPrepend());
        assertEquals(
                0xa01, config.openflow().orElseThrow().switches().getFirst().datapathId());
        GatewayConfig.Group web = config.groups().getFirst();
        assertEquals(new GroupId("web"), web.id());
        assertTrue(web.vms().get(0).isProtected());
        assertFalse(web.vms().get(1).isProtected());
        assertEquals(
                Optional.of(new GatewayConfig.Attachment(new SwitchId("sw-a"), "vm2")),
                web.vms().get(1).attachment());
    }

    @Test
    void readsABumpInTheWire() throws IOException {
        String text = resource("gateway.yaml");
        String routed = text.substring(text.indexOf("  mode: routed"), text.indexOf("bgp:"));
        String bump = text.replace(routed, "  mode: transparent\n  inside: in0\n  outside: out0\n");

        assertEquals(
                new GatewayConfig.Transparent("in0", "out0", GatewayConfig.Port.AF_PACKET, 256L << 20, 64L << 20),
                valid(ConfigReader.readGateway(written("g.yaml", bump))).dataPlane());

        assertEquals(
                List.of("18:12 dataPlane.outside: in0 is the inside interface: a bump in the wire has two sides"),
                problems("gateway", written("g.yaml", bump.replace("outside: out0", "outside: in0"))));
    }

    @Test
    void showsMetricsOnlyWhereTheFileSaysSo() throws IOException {
        String gateway = resource("gateway.yaml");
        String witness = resource("witness.yaml");
        String metrics = "metrics: {listen: \"127.0.0.1:9464\"}\n";
        assertEquals(
                Optional.empty(),
                valid(ConfigReader.readGateway(written("g.yaml", gateway))).metrics());
        assertEquals(
                Optional.empty(),
                valid(ConfigReader.readWitness(written("w.yaml", witness))).metrics());
        Optional<MetricsConfig> expected =
                Optional.of(new MetricsConfig(new InetSocketAddress(IpPrefix.parseAddress("127.0.0.1"), 9464)));
        assertEquals(
                expected,
                valid(ConfigReader.readGateway(written("g.yaml", metrics + gateway)))
                        .metrics());
        assertEquals(
                expected,
                valid(ConfigReader.readWitness(written("w.yaml", metrics + witness)))
                        .metrics());
    }

    @Test
    void resolvesRelativePathsAgainstTheDirectoryOfTheFile() throws IOException {
        GatewayConfig config = valid(ConfigReader.readGateway(written("gateway.yaml", resource("gateway.yaml"))));
        assertEquals(directory.resolve("a.crt"), config.tls().certificate());
        assertEquals(Path.of("/etc/secondsite/ca.crt"), config.tls().authority());
        assertEquals(directory.resolve("run/a.sock"), config.management().socket());
    }

    @Test
    void readsWitnessWithItsDefaults() throws IOException {
        WitnessConfig config = valid(ConfigReader.readWitness(written("witness.yaml", resource("witness.yaml"))));
        assertEquals(300, config.ownerFreshMs());
        assertEquals(2000, config.maximumGrantDelayMs());
        assertEquals(directory.resolve("data"), config.dataDirectory());
        assertEquals(
                List.of(new WitnessConfig.Group(
                        new GroupId("web"), List.of(new SiteId("a"), new SiteId("b")), new SiteId("a"))),
                config.groups());
    }

    @Test
    void readsAgentAndKeepsRepeatedArguments() throws IOException {
        AgentConfig config = valid(ConfigReader.readAgent(written("agent.yaml", resource("agent.yaml"))));
        assertEquals(
                new AgentConfig.Proof(new SiteId("a"), TlsFiles.in(directory, "host-a")),
                config.proof().orElseThrow());
        assertEquals(
                List.of(new AgentConfig.Vm(
                        new VmId("vm1"),
                        new AgentConfig.Machine.Qemu(
                                Optional.of(Path.of("/dev/shm/vm1")),
                                128L << 20,
                                directory.resolve("vm1.qmp"),
                                directory.resolve("vm1.pid"),
                                List.of(
                                        "qemu-system-x86_64",
                                        "-device",
                                        "virtio-rng-pci",
                                        "-device",
                                        "virtio-net-pci")),
                        DirtyPages.AUTO,
                        List.of(new AgentConfig.Disk("disk0", DiskAttachment.SHARED)),
                        Durability.DISK,
                        0)),
                config.vms());
    }

    @Test
    void readsDisksThatTheAgentServes() throws IOException {
        String served = resource("agent.yaml")
                .replace("runDirectory:", "stateDirectory: state\nrunDirectory:")
                .replace(
                        "attach: shared",
                        "attach: serve\n        file: vm1.raw\n        socket: vm1.nbd\n    durability: memory");
        AgentConfig config = valid(ConfigReader.readAgent(written("agent.yaml", served)));
        AgentConfig.Vm vm = config.vms().getFirst();
        assertEquals(Optional.of(directory.resolve("state")), config.stateDirectory());
        assertEquals(Durability.MEMORY, vm.durability());
        assertEquals(0, vm.copyBytesPerSecond());
        String limited = served.replace("    durability: memory", "    durability: memory\n    copyMiBPerSecond: 40");
        assertEquals(
                40L << 20,
                valid(ConfigReader.readAgent(written("agent.yaml", limited)))
                        .vms()
                        .getFirst()
                        .copyBytesPerSecond());
        assertTrue(String.join(" && ", problems("agent", written("f.yaml", limited.replace("40", "0"))))
                .contains("copyMiBPerSecond"));
        assertEquals(
                List.of(new AgentConfig.Disk(
                        "disk0",
                        DiskAttachment.SERVE,
                        Optional.of(
                                new AgentConfig.Served(directory.resolve("vm1.raw"), directory.resolve("vm1.nbd"))))),
                vm.disks());
        AgentConfig.Disk tapped = valid(
                        ConfigReader.readAgent(written("agent.yaml", served.replace("attach: serve", "attach: tap"))))
                .vms()
                .getFirst()
                .disks()
                .getFirst();
        assertEquals(
                new AgentConfig.Disk(
                        "disk0", DiskAttachment.TAP, vm.disks().getFirst().served()),
                tapped);
        AgentConfig usual =
                valid(ConfigReader.readAgent(written("agent.yaml", served.replace("        socket: vm1.nbd\n", ""))));
        assertEquals(
                Optional.of(directory.resolve("run/vm1.disk0.nbd")),
                usual.vms().getFirst().disks().getFirst().served().map(AgentConfig.Served::socket));
        assertTrue(
                String.join(" && ", problems("agent", written("f.yaml", served.replace("stateDirectory: state\n", ""))))
                        .contains("their journals need a place"));
    }

    @ParameterizedTest(name = "{0} with {2}")
    @CsvFileSource(resources = "one-fault.csv", delimiter = '|', quoteCharacter = '`', maxCharsPerColumn = 8192)
    void namesLineColumnPathAndReasonOfOneFault(String kind, String from, String to, String expected)
            throws IOException {
        String good = resource(kind + ".yaml");
        assertEquals(1, good.split(Pattern.quote(from), -1).length - 1, "one place for: " + from);
        Path file = written("f.yaml", good.replace(from, to.replace("\\n", "\n")));
        assertEquals(expected, String.join(" && ", problems(kind, file)));
    }

    @Test
    void anAgentAndAGatewayDoWithoutProofOnlyIfThatIsWritten() throws IOException {
        String agent = resource("agent.yaml").replaceFirst("(?s)site: a\\n.*", "allowPlaintext: true\n");
        assertEquals(
                Optional.empty(),
                valid(ConfigReader.readAgent(written("agent.yaml", agent))).proof());
        String gateway = resource("gateway.yaml").replaceFirst("hosts: .*\\n", "allowPlaintext: true\n");
        GatewayConfig.Checkpoint checkpoint = valid(ConfigReader.readGateway(written("gateway.yaml", gateway)))
                .checkpoint();
        assertTrue(checkpoint.allowsPlaintext());
        assertEquals(List.of(), checkpoint.hosts());
    }

    @Test
    void anAgentAndTheGatewayOfItsMachineMeetAtASocketWithoutCertificates() throws IOException {
        String agent = resource("agent.yaml")
                .replace("gateway: 10.1.1.2:7600", "gatewaySocket: /run/secondsite/agents.sock")
                .replaceFirst("(?s)site: a\\n.*", "");
        AgentConfig read = valid(ConfigReader.readAgent(written("agent.yaml", agent)));
        assertEquals(UnixDomainSocketAddress.of("/run/secondsite/agents.sock"), read.gateway());
        assertEquals(Optional.empty(), read.proof());
        String gateway = resource("gateway.yaml")
                .replace(
                        "checkpoint:\n", "checkpoint:\n  local: {socket: /run/secondsite/agents.sock, host: host-a}\n");
        assertEquals(
                Optional.of(new GatewayConfig.Local(Path.of("/run/secondsite/agents.sock"), new HostId("host-a"))),
                valid(ConfigReader.readGateway(written("gateway.yaml", gateway)))
                        .checkpoint()
                        .local());
    }

    @Test
    void aSwitchIsTheGatewaysAloneUnlessItIsSaidToBeShared() throws IOException {
        String text = resource("gateway.yaml");
        String shared = text.replace(
                "      gatewayPort: gw\n",
                "      gatewayPort: gw\n      sharing: cooperative\n      foreignGeneration: reset\n"
                        + "      preflight: report\n      database: 192.0.2.9:6640\n");
        for (boolean changed : new boolean[] {false, true}) {
            GatewayConfig config = valid(ConfigReader.readGateway(written("gateway.yaml", changed ? shared : text)));
            GatewayConfig.Switch first =
                    config.openflow().orElseThrow().switches().getFirst();
            assertEquals(changed, first.isShared());
            assertEquals(changed, first.resetsForeignGeneration());
            assertEquals(changed ? GatewayConfig.Preflight.REPORT : GatewayConfig.Preflight.MEND, first.preflight());
            assertEquals(changed, first.database().isPresent());
        }
    }

    @Test
    void aSwitchIsDialledAndProvesItselfWhereThatIsWritten() throws IOException {
        String text = resource("gateway.yaml");
        String tls = "openflow:\n  tls: {certificate: of.crt, key: of.key, authority: switches.crt}\n";
        String dialled = "      gatewayPort: gw\n      connect: 192.0.2.9:6653\n";
        GatewayConfig.OpenFlow proved = openflow(text.replace("openflow:\n", tls));
        assertEquals(Optional.of(Path.of("switches.crt")), proved.tls().map(files -> files.authority()
                .getFileName()));
        assertEquals(Optional.of("sw-a"), proved.switches().getFirst().certificate());
        String database = "      gatewayPort: gw\n      database: 192.0.2.9:6640\n";
        assertEquals(
                Optional.of("rack 7"),
                openflow(text.replace("openflow:\n", tls)
                                .replace("      gatewayPort: gw\n", database + "      databaseCertificate: rack 7\n"))
                        .switches()
                        .getFirst()
                        .databaseCertificate());
        GatewayConfig.OpenFlow both = openflow(text.replace("openflow:\n", tls)
                .replace("      gatewayPort: gw\n", dialled + "      certificate: rack 7\n")
                .replaceFirst("  listen: .*:6653\n", ""));
        assertEquals(Optional.empty(), both.listen());
        assertEquals(Optional.of("rack 7"), both.switches().getFirst().certificate());
        assertEquals(6653, both.switches().getFirst().connect().orElseThrow().getPort());
        String refused = String.join(
                "; ",
                problems(
                        "gateway",
                        written(
                                "f.yaml",
                                text.replace("      gatewayPort: gw\n", "      gatewayPort: gw\n      certificate: x\n")
                                        .replaceFirst("  listen: .*:6653\n", ""))));
        assertTrue(refused.contains("certificate: proves nothing without a section openflow.tls"), refused);
        assertTrue(refused.contains("openflow.listen: is missing"), refused);
    }

    @Test
    void aVmsPortIsInAVlanWhereThatIsWritten() throws IOException {
        String text = resource("gateway.yaml");
        GatewayConfig config = valid(ConfigReader.readGateway(written(
                "gateway.yaml", text.replaceFirst("port: vm1", "port: vm1\n        vlan: 100\n        tagged: true"))));
        GatewayConfig.Attachment port =
                config.groups().getFirst().vms().getFirst().attachment().orElseThrow();
        assertEquals(OptionalInt.of(100), port.vlan());
        assertTrue(port.isTagged());
        String refused = String.join(
                "; ",
                problems(
                        "gateway",
                        written("f.yaml", text.replaceFirst("port: vm1", "port: vm1\n        tagged: true"))));
        assertTrue(refused.endsWith("tagged: needs a vlan"), refused);
        refused = String.join(
                "; ",
                problems(
                        "gateway", written("f.yaml", text.replaceFirst("port: vm1", "port: vm1\n        vlan: 4095"))));
        assertTrue(refused.endsWith("vlan: 4095 is not within 1..4094"), refused);
    }

    private GatewayConfig.OpenFlow openflow(String text) throws IOException {
        return valid(ConfigReader.readGateway(written("gateway.yaml", text)))
                .openflow()
                .orElseThrow();
    }

    @Test
    void reportsAllProblemsAtOnceInTheOrderOfTheFile() throws IOException {
        String text = resource("gateway.yaml")
                .replace("peerSite: b", "peerSite: a")
                .replace("connect: 10.9.0.2:7400", "conect: 10.9.0.2:7400")
                .replace("localAs: 65100", "localAs: many")
                .replace("c0:10:02", "c0:10:01");
        assertEquals(
                List.of(
                        "2:11 peerSite: a is this gateway's own site",
                        "4:3 tunnel.connect: is missing",
                        "5:3 tunnel.conect: is not a key here; did you mean 'connect'?",
                        "22:12 bgp.localAs: 'many' is not a whole number",
                        "47:14 groups[0].vms[1].mac: 52:54:00:c0:10:01 is taken by groups[0].vms[0]"),
                problems("gateway", written("f.yaml", text)));
    }

    @Test
    void problemTextIsAsEditorsAndCompilersHaveIt() throws IOException {
        Path file = written("gateway-a.yaml", resource("gateway.yaml").replace("\"52:54:00:c0:10:02\"", "52-54"));
        ConfigResult.Invalid<GatewayConfig> invalid = invalid(ConfigReader.readGateway(file));
        assertEquals(
                file + ":47:14 groups[0].vms[1].mac: '52-54' is not a MAC address like 52:54:00:12:34:56",
                invalid.problems().getFirst().toString());
    }

    @Test
    void unreadableFilesAreProblemsToo() throws IOException {
        assertEquals(List.of("1:1: the file does not exist"), problems("gateway", directory.resolve("none.yaml")));
        assertEquals(List.of("1:1: the file is empty"), problems("gateway", written("empty.yaml", "")));
        assertEquals(List.of("1:1: the file is empty"), problems("agent", written("comment.yaml", "# only this\n")));
        assertEquals(
                List.of("1:1: must be a mapping of keys to values"), problems("agent", written("list.yaml", "- a\n")));
        Path latin = directory.resolve("latin.yaml");
        Files.write(latin, new byte[] {'a', ':', ' ', (byte) 0xe4, '\n'});
        assertEquals(List.of("1:1: the file is not UTF-8 text"), problems("witness", latin));
    }

    private static final String THREE_NODES = """
            listen: 10.9.0.3:7500
            dataDirectory: data
            tls: {certificate: w.crt, key: w.key, authority: ca.crt}
            node: w1
            peers:
              - {id: w1, address: 10.9.0.3:7500}
              - {id: w2, address: 10.9.0.4:7500}
              - {id: w3, address: 10.9.0.5:7500}
            groups: [{name: web, sites: [a, b], initialOwner: a}]
            """;

    @Test
    void readsTheNodesOfAWitness() throws IOException {
        WitnessConfig.Quorum quorum = valid(ConfigReader.readWitness(written("w.yaml", THREE_NODES)))
                .quorum()
                .orElseThrow();
        assertEquals("w1", quorum.node().name());
        assertEquals(100, quorum.electionTimeoutMs());
        assertEquals(
                List.of("w1", "w2", "w3"),
                quorum.peers().stream().map(peer -> peer.id().name()).toList());
        assertEquals(7500, quorum.peers().getLast().address().getPort());
        assertTrue(valid(ConfigReader.readWitness(written("one.yaml", resource("witness.yaml"))))
                .quorum()
                .isEmpty());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            node: w1          | node: w4            | 4:7 node: w4 is none of the peers [w1, w2, w3]
            node: w1          |                     | node: is missing
            node: w1          | node: W1            | 4:7 node: node name 'W1' must be 1 to 63
            id: w2            | id: w1              | 7:10 peers[1].id: w1 is taken by peers[0]
            10.9.0.4          | 10.9.0.3            | 7:23 peers[1].address: 10.9.0.3:7500 is taken by peers[0]
            - {id: w3, address: 10.9.0.5:7500} | # | peers: one, three or five nodes keep the records, not 2
            peers:            | electionTimeoutMs: 5\\npeers: | 5:20 electionTimeoutMs: 5 is not within 50..60000
            """)
    void wrongNodesOfAWitnessAreProblems(String right, String wrong, String expected) throws IOException {
        String text = THREE_NODES.replace(right, wrong == null ? "" : wrong.replace("\\n", "\n"));
        List<String> problems = problems("witness", written("w.yaml", text));
        assertTrue(problems.stream().anyMatch(problem -> problem.contains(expected)), problems::toString);
    }

    @Test
    void nodeWithoutPeersIsAProblem() throws IOException {
        String text = resource("witness.yaml") + "node: w1\nelectionTimeoutMs: 300\n";
        assertEquals(2, problems("witness", written("w.yaml", text)).size());
    }

    @Test
    void brokenYamlIsOneProblemWithItsPlace() throws IOException {
        List<String> problems = problems("gateway", written("f.yaml", "site: a\npeerSite: [b\ntunnel: {}\n"));
        assertEquals(1, problems.size());
        assertTrue(problems.getFirst().matches("3:\\d+: is not YAML: .*"), problems::toString);
        List<String> two = problems("gateway", written("two.yaml", "site: a\n---\nsite: b\n"));
        assertEquals(1, two.size());
        assertTrue(two.getFirst().startsWith("2:1: is not YAML: "), two::toString);
    }

    @Test
    void everyTruncationOfAFileIsAnsweredWithProblemsOrSettings() throws IOException {
        String good = resource("gateway.yaml");
        for (int length = 0; length < good.length(); length++) {
            switch (ConfigReader.readGateway(written("f.yaml", good.substring(0, length)))) {
                case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) ->
                    assertTrue(config.groups().size() == 1 || length > good.indexOf("port: vm3"), config::toString);
                case ConfigResult.Invalid<GatewayConfig> invalid ->
                    assertFalse(invalid.problems().isEmpty());
            }
        }
    }

    private List<String> problems(String kind, Path file) {
        Function<Path, ConfigResult<?>> reader =
                switch (kind) {
                    case "gateway" -> ConfigReader::readGateway;
                    case "witness" -> ConfigReader::readWitness;
                    case "agent" -> ConfigReader::readAgent;
                    default -> throw new IllegalArgumentException(kind);
                };
        return invalid(reader.apply(file)).problems().stream()
                .map(problem -> problem.toString().substring(file.toString().length() + 1))
                .toList();
    }

    private Path written(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = ConfigReaderTest.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static <T> T valid(ConfigResult<T> result) {
        return switch (result) {
            case ConfigResult.Valid<T>(T config) -> config;
            case ConfigResult.Invalid<T>(var problems) -> fail("refused: " + problems);
        };
    }

    private static <T> ConfigResult.Invalid<T> invalid(ConfigResult<T> result) {
        return switch (result) {
            case ConfigResult.Valid<T>(T config) -> fail("accepted: " + config);
            case ConfigResult.Invalid<T> invalid -> invalid;
        };
    }
}
