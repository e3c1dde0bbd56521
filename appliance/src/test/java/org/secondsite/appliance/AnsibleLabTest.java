package org.secondsite.appliance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.appliance.packages.JavaOptions;
import org.secondsite.pki.PkiCommand;

/**
 * Debian's Ansible changes the configuration of a real gateway. Both are in a network namespace without a name, which ends with the
 * gateway.
 */
@Tag("lab")
@Timeout(480)
class AnsibleLabTest {
    private static final String TOKEN = "4c1d3ab6f2e94087b5aa";
    private static final String VIEWERS_TOKEN = "9f0e31c7d2aa4b5586f1";

    /** Then the program takes this shell's place. */
    private static final String INTERFACES = "set -e; ip link set lo up;"
            + " ip link add in0 type veth peer name in1; ip link add out0 type veth peer name out1;"
            + " for name in in0 in1 out0 out1; do ip link set $name up; done; exec \"$@\"";

    private static final Pattern NAME = Pattern.compile("\\[([a-z ]+)\\] \\*");

    @TempDir
    private Path directory;

    private Path file;
    private Path log;
    private Path play;
    private Process daemon;

    @BeforeEach
    void startAGateway() throws Exception {
        PkiCommand.write(directory, List.of("a"));
        Path tokens = Files.writeString(
                directory.resolve("tokens"),
                "automation " + digest(TOKEN) + "\ngrafana " + digest(VIEWERS_TOKEN) + "\n");
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rw-------"));
        play = directory.resolve("play.yaml");
        try (var in = AnsibleLabTest.class.getResourceAsStream("restconf.play.yaml")) {
            Files.copy(in, play);
        }
        file = Files.writeString(directory.resolve("gateway.yaml"), """
                # A comment of the operator's.
                site: a
                peerSite: b
                tunnel: {listen: "127.0.0.1:7400", connect: "127.0.0.2:7400"}
                tls: {certificate: a.crt, key: a.key, authority: ca.crt}
                witness: {endpoints: ["127.0.0.3:7500"]}
                checkpoint: {listen: "127.0.0.1:7600", hosts: [{name: host-a, vms: [vm1]}]}
                dataPlane: {mode: transparent, inside: in0, outside: out0}
                management:
                  socket: a.sock
                  https: {listen: "127.0.0.1:8443", tls: {certificate: a.crt, key: a.key, authority: ca.crt}, tokens: tokens,
                    admins: [automation], viewers: [grafana]}
                groups:
                  - name: web
                    prefixes: [203.0.113.0/24]
                    vms:
                      - {name: vm1, mac: "52:54:00:c0:10:01", addresses: [203.0.113.11]}
                      - {name: vm2, protected: false, mac: "52:54:00:c0:10:02", addresses: [203.0.113.12]}
                """);
        log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of("unshare", "--net", "sh", "-c", INTERFACES, "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JavaOptions.ofDaemons());
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-Dlogback.configurationFile=logback.xml", "-cp"));
        command.addAll(List.of(System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(List.of("gateway", "--config", file.toString()));
        daemon = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        while (!log().contains("RESTCONF is at https://")) {
            assertTrue(daemon.isAlive(), this::log);
            Thread.sleep(50);
        }
    }

    @AfterEach
    void end() throws Exception {
        daemon.destroyForcibly().waitFor();
    }

    private static String digest(String token) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(token.getBytes(UTF_8)));
    }

    private String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What Ansible says, play by play, by the play's name. */
    private Map<String, String> play() throws Exception {
        Path inventory = Files.writeString(directory.resolve("hosts"), """
                [gateways]
                gateway-a ansible_host=127.0.0.1 ansible_user=automation ansible_password=%s
                [lookers]
                viewed-a ansible_host=127.0.0.1 ansible_user=grafana ansible_password=%s
                [all:vars]
                ansible_connection=ansible.netcommon.httpapi
                ansible_network_os=ansible.netcommon.restconf
                ansible_httpapi_port=8443
                ansible_httpapi_use_ssl=true
                ansible_httpapi_validate_certs=false
                ansible_httpapi_restconf_root=/restconf
                ansible_python_interpreter=/usr/bin/python3
                """.formatted(TOKEN, VIEWERS_TOKEN));
        String namespace = "/proc/" + daemon.pid() + "/ns/net";
        ProcessBuilder builder = new ProcessBuilder(
                        "nsenter",
                        "--net=" + namespace,
                        "ansible-playbook",
                        "-i",
                        inventory.toString(),
                        play.toString())
                .redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "HOME",
                        directory.toString(),
                        "ANSIBLE_HOME",
                        directory.resolve("ansible").toString(),
                        "ANSIBLE_LOCAL_TEMP",
                        directory.resolve("ansible").toString(),
                        // A socket's path is short; who keeps the connection ends by himself.
                        "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR",
                        directory.resolve("pc").toString(),
                        "ANSIBLE_PERSISTENT_CONNECT_TIMEOUT",
                        "60",
                        "ANSIBLE_PERSISTENT_COMMAND_TIMEOUT",
                        "60",
                        "ANSIBLE_NOCOLOR",
                        "1",
                        "LC_ALL",
                        "C.UTF-8"));
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertEquals(0, process.waitFor(), said);
        Map<String, String> plays = new TreeMap<>();
        for (String section : said.split("\nPLAY ", -1)) {
            Matcher name = NAME.matcher(section);
            if (name.lookingAt()) {
                plays.put(name.group(1), section);
            }
        }
        return plays;
    }

    /** How many tasks of a play have changed something. */
    private static long changed(String said) {
        return said.lines().filter(line -> line.startsWith("changed: ")).count();
    }

    @Test
    void playMakesASiteAsItIsToBeAndThenChangesNothing() throws Exception {
        Map<String, String> said = play();
        String told = log();
        String text = Files.readString(file);

        assertEquals(3, changed(said.get("told")), said::toString);
        assertEquals(3, changed(said.get("done")), said::toString);
        assertEquals(0, changed(said.get("done again")), said::toString);
        assertTrue(said.get("wrong").contains("200 is less than three heartbeats of 150 ms"), said::toString);
        assertTrue(said.get("forbidden").contains("grafana is of role viewer"), said::toString);

        assertTrue(text.contains("heartbeatMs: 40") && text.contains("intervalMs: 50"), text);
        assertTrue(text.contains("name: vm9"), text);
        // A revision for each of the three, made by the second play: neither the first nor the third has written
        // anything.
        assertEquals(
                3, told.lines().filter(line -> line.contains("\"status\":20")).count(), told);
        assertTrue(told.contains("audit {\"who\":\"grafana\",\"role\":\"viewer\",\"by\":\"token\""), told);
        assertFalse(told.contains(TOKEN) || told.contains(VIEWERS_TOKEN), told);
    }
}
