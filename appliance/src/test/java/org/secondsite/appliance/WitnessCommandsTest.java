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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.PkiCommand;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.io.client.WitnessListener;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;

/** An operator's commands against a witness that runs. */
@Tag("slow")
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
        server = WitnessServer.begin(settings(0));
    }

    private WitnessServerSettings settings(int port) {
        return new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                directory.resolve("data"),
                TlsFiles.in(directory, "witness"),
                List.of(new GroupSettings(new GroupId("web"), new SiteId("a"), new SiteId("b"), new SiteId("a"))),
                300,
                2000);
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
    void forceTellsWhichGatewaysHaveTakenItIn() throws Exception {
        WitnessClientSettings gateway = new WitnessClientSettings(
                new SiteId("b"),
                List.of(server.address()),
                new TlsFiles(Path.of(file("b.crt")), Path.of(file("b.key")), Path.of(file("ca.crt"))),
                50,
                3000);
        CountDownLatch told = new CountDownLatch(1);
        try (WitnessClient _ = WitnessClient.open(gateway, new WitnessListener() {
            @Override
            public void record(OwnershipRecord record) {
                told.countDown();
            }

            @Override
            public void reachable(boolean up, String reason) {}
        })) {
            told.await();
            String[] force = {"witness", "force", "--group", "web", "--owner", "b", "--yes", "--json", "--reason", "x"};
            assertEquals(0, run("operator", force));
            assertEquals(
                    "its gateway has taken in term 2", json().at("/gateways/b").asText(), printed::toString);
            assertTrue(
                    json().at("/gateways/a").asText().contains("does not know of it yet; it was never heard"),
                    printed::toString);
        }
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

    /** What an operator does when the witness's disk is lost, with a copy of before the last grant. */
    @Test
    void aWitnessIsBackedUpRestoredAndRecovered() throws Exception {
        int port = server.address().getPort();
        Path config = Files.writeString(directory.resolve("witness.yaml"), """
                listen: "127.0.0.1:%d"
                dataDirectory: data
                tls: {certificate: witness.crt, key: witness.key, authority: ca.crt}
                groups: [{name: web, sites: [a, b], initialOwner: a}]
                """.formatted(port));
        Path copy = directory.resolve("copy");
        assertEquals(0, execute("witness", "backup", "--config", config.toString(), "--output", copy.toString()));
        String[] force = {"witness", "force", "--group", "web", "--owner", "b", "--yes", "--reason", "a burnt down"};
        assertEquals(0, run("operator", force));
        assertEquals(1, execute("witness", "restore", "--config", config.toString(), "--input", copy.toString()));
        server.close();
        Files.move(directory.resolve("data"), directory.resolve("lost"));

        assertEquals(0, execute("witness", "restore", "--config", config.toString(), "--input", copy.toString()));
        server = WitnessServer.open(settings(port));
        assertEquals(1, run("operator", force), "nothing is granted");
        assertEquals(1, server.records().getFirst().term());
        String[] recover = {"witness", "recover", "--group", "web", "--owner", "b", "--reason", "b runs the VM"};
        assertEquals(0, run("operator", recover));
        assertTrue(printed.toString(StandardCharsets.UTF_8).contains("recovered: web term "), printed::toString);
        assertTrue(server.records().getFirst().term() > 1L << 32);
        assertEquals(1, run("operator", recover), "there is nothing in doubt any more");
        assertEquals(0, run("operator", force));
    }

    @Test
    void unreachableWitnessIsSaid() {
        server.close();
        assertEquals(1, run("operator", "witness", "status"));
    }
}
