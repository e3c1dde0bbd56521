package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code secondsite openflow}: what it prints is what Open vSwitch's own tool reads. */
@Tag("lab")
class OpenFlowCommandTest {
    private static final long PATIENCE_SECONDS = 30;

    @TempDir
    private Path directory;

    private Path config;

    @BeforeEach
    void configure() throws IOException {
        config = Files.writeString(directory.resolve("gateway.yaml"), """
                site: a
                peerSite: b
                tunnel: {listen: "127.0.0.1:7400", connect: "127.0.0.2:7400"}
                tls: {certificate: a.crt, key: a.key, authority: ca.crt}
                witness: {endpoints: ["127.0.0.3:7500"]}
                checkpoint: {listen: "127.0.0.1:7600", hosts: [{name: host-a, vms: [vm1, vm2, vm3]}]}
                dataPlane: {mode: routed, inside: in0, insideMac: "02:00:5e:00:01:01", insideAddresses: [203.0.113.1/24, "2001:db8::1/64"], uplink: up0}
                bgp: {localAs: 65100, routerId: 198.51.100.2, neighbors: [{address: 198.51.100.1, remoteAs: 65001}, {address: "2001:db8:f::1", remoteAs: 65001}]}
                openflow: {listen: "127.0.0.1:6653", switches: [{name: tor, datapathId: "0xa01", gatewayPort: gw}]}
                management: {socket: none.sock}
                groups:
                  - name: web
                    prefixes: [203.0.113.0/24, "2001:db8::/64"]
                    vms:
                      - {name: vm1, protected: true, mac: "52:54:00:c0:10:01", addresses: [203.0.113.10, "2001:db8::10"], switch: tor, port: vm1}
                      - {name: vm2, protected: true, mac: "52:54:00:c0:10:02", addresses: [203.0.113.11], switch: tor, port: vm2, vlan: 100}
                      - {name: vm3, protected: true, mac: "52:54:00:c0:10:03", addresses: [203.0.113.12], switch: tor, port: vm3, vlan: 100, tagged: true}
                """);
    }

    @Test
    void everyPlanAndEveryDifferenceIsReadByOvsOfctl() throws Exception {
        List<String> roles = List.of("owner", "standby", "fenced", "drill");
        for (String from : roles) {
            List<String> plan = lines("plan", "--switch", "tor", "--role", from);
            assertTrue(plan.size() > 30, plan::toString);
            parse(plan);
            for (String to : roles) {
                List<String> difference = lines("diff", "--switch", "tor", "--from", from, "--to", to);
                assertEquals(
                        from.equals(to) || (isSilent(from) && isSilent(to)), difference.isEmpty(), from + " to " + to);
                parse(difference);
            }
        }
        assertEquals(lines("plan", "--switch", "tor"), lines("plan", "--switch", "tor", "--role", "owner"));
    }

    @Test
    void portsHaveTheNumbersThatTheyAreGiven() throws Exception {
        List<String> plan = lines("plan", "--switch", "tor", "--ports", "gw=48,vm1=7");
        assertTrue(plan.stream().anyMatch(line -> line.contains("in_port=7") && line.endsWith("actions=output:48")));
        assertTrue(plan.stream().noneMatch(line -> line.endsWith("actions=output:1")), plan::toString);
    }

    @Test
    void whatCannotBeLookedAtIsSaid() {
        StringWriter out = new StringWriter();
        assertEquals(0, execute(out, "check", "--config", config.toString()));
        assertEquals(
                List.of(
                        "tor:",
                        "  no database is configured: fail_mode, in-band control, mirrors and back-off are not known"),
                out.toString().lines().toList());
        assertEquals(2, execute(new StringWriter(), "plan", "--config", config.toString(), "--switch", "other"));
    }

    private static boolean isSilent(String role) {
        return role.equals("standby") || role.equals("fenced");
    }

    private List<String> lines(String command, String... words) {
        StringWriter out = new StringWriter();
        String[] all = new String[words.length + 3];
        System.arraycopy(new String[] {command, "--config", config.toString()}, 0, all, 0, 3);
        System.arraycopy(words, 0, all, 3, words.length);
        assertEquals(0, execute(out, all), out::toString);
        return out.toString().lines().toList();
    }

    private static int execute(StringWriter out, String... words) {
        return new CommandLine(new OpenFlowCommand())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(words);
    }

    /** Without a switch the tool reads what a flow is, and not what becomes of it: the first word is taken off. */
    private void parse(List<String> lines) throws IOException, InterruptedException {
        Path flows = Files.write(
                directory.resolve("flows"),
                lines.stream()
                        .map(line -> line.substring(line.indexOf(' ') + 1))
                        .map(line -> line.contains("actions=") ? line : line + ",actions=drop")
                        .toList());
        Path printed = directory.resolve("printed");
        Process tool = new ProcessBuilder("ovs-ofctl", "-O", "OpenFlow14", "parse-flows", flows.toString())
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
        assertTrue(tool.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS));
        String read = Files.readString(printed);
        assertEquals(0, tool.exitValue(), read);
        assertEquals(
                lines.size(),
                read.lines().filter(line -> line.startsWith("OFPT_FLOW_MOD")).count(),
                read);
    }
}
