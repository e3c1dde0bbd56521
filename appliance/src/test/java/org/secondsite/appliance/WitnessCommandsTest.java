package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.pki.PkiCommand;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;

/** An operator's commands against a witness that runs. */
@Timeout(180)
class WitnessCommandsTest {
    @TempDir
    private Path directory;

    private WitnessServer server;
    private PrintStream out;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @BeforeEach
    void startWitness() throws Exception {
        out = System.out;
        PkiCommand.write(directory, List.of("a", "b", "witness", "operator"));
        server = WitnessServer.begin(new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                directory.resolve("witness.crt"),
                directory.resolve("witness.key"),
                directory.resolve("ca.crt"),
                List.of(new GroupSettings(new GroupId("web"), new SiteId("a"), new SiteId("b"), new SiteId("a"))),
                300,
                2000));
    }

    @AfterEach
    void stopWitness() {
        System.setOut(out);
        server.close();
    }

    private int run(String holder, String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--endpoint", "127.0.0.1:" + server.address().getPort(), "--authority", file("ca.crt")));
        all.addAll(List.of("--certificate", file(holder + ".crt"), "--key", file(holder + ".key")));
        return execute(all.toArray(String[]::new));
    }

    private int execute(String... arguments) {
        printed.reset();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            return Main.execute(arguments);
        } finally {
            System.setOut(out);
        }
    }

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    private JsonNode json() throws Exception {
        return new ObjectMapper().readTree(printed.toString(StandardCharsets.UTF_8));
    }

    @Test
    void statusTellsRecordsAndWhy() throws Exception {
        assertEquals(0, run("operator", "witness", "status", "--json"));
        JsonNode node = json().at("/nodes/0");
        assertEquals("LEADER", node.get("role").asText());
        assertEquals(1, node.at("/records/0/term").asLong());
        assertEquals(
                "first record, from the configuration",
                node.at("/records/0/reason").asText());
        assertTrue(node.at("/metrics/secondsite_witness_fsync_seconds_count").asDouble() >= 1, node::toPrettyString);
        assertEquals(0, run("operator", "witness", "status"));
        assertTrue(
                printed.toString(StandardCharsets.UTF_8)
                        .contains("group web: term 1, owner a, in sync [a] — by a: first record"),
                printed::toString);
    }

    @Test
    void forcedTakeoverStandsInTheStatusWithItsReason() throws Exception {
        String reason = "site a burnt down; its last hour is lost";
        String[] force = {"witness", "force", "--group", "web", "--owner", "b", "--yes", "--json", "--reason", reason};
        assertEquals(0, run("operator", force));
        assertEquals("b", json().get("owner").asText());
        assertEquals(0, run("operator", "witness", "status", "--json"));
        JsonNode record = json().at("/nodes/0/records/0");
        assertEquals(2, record.get("term").asLong());
        assertEquals("operator", record.get("asker").asText());
        assertEquals("FORCED: " + reason, record.get("reason").asText());
        assertTrue(record.get("forced").asBoolean());
    }

    @Test
    void forceNeedsAReasonAConfirmationTheTermAndTheOperatorsCertificate() {
        String[] words = {"witness", "force", "--group", "web", "--owner", "b"};
        assertEquals(2, run("operator", words), "no reason");
        assertEquals(1, run("operator", with(words, "--yes", "--reason", " ")), "a blank reason");
        assertEquals(1, run("operator", with(words, "--yes", "--reason", "x", "--expected-term", "9")), "another term");
        assertEquals(1, run("a", with(words, "--yes", "--reason", "x")), "a site's certificate");
        System.setIn(new ByteArrayInputStream("no\n".getBytes(StandardCharsets.UTF_8)));
        assertEquals(1, run("operator", with(words, "--reason", "x")), "not confirmed");
        assertEquals(1, server.records().getFirst().term());
        System.setIn(new ByteArrayInputStream("web\n".getBytes(StandardCharsets.UTF_8)));
        assertEquals(0, run("operator", with(words, "--reason", "x")), "confirmed");
        assertEquals(2, server.records().getFirst().term());
    }

    private static String[] with(String[] words, String... more) {
        List<String> all = new ArrayList<>(List.of(words));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void unreachableWitnessIsSaid() {
        server.close();
        assertEquals(1, run("operator", "witness", "status"));
    }
}
