package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exit codes of the command line: 0 done, 1 the answer is no, 2 wrong usage. */
class CommandsTest {
    @TempDir
    private Path directory;

    @Test
    void checkTellsAWitnessFileByItsKeys() throws IOException {
        Path file = directory.resolve("witness.yaml");
        Files.writeString(file, """
                listen: "127.0.0.1:7500"
                dataDirectory: data
                tls: {certificate: w.crt, key: w.key, authority: ca.crt}
                groups: [{name: web, sites: [a, b], initialOwner: a}]
                """);
        assertEquals(0, Main.execute("check", file.toString()));
    }

    @Test
    void checkRefusesAFileWithErrors() throws IOException {
        Path file = directory.resolve("gateway.yaml");
        Files.writeString(file, "site: A B\nunknown: 1\n");
        assertEquals(1, Main.execute("check", file.toString()));
        assertEquals(1, Main.execute("check", directory.resolve("absent.yaml").toString()));
    }

    @Test
    void wrongUsageIsTwo() {
        assertEquals(2, Main.execute("check"));
        assertEquals(2, Main.execute("no-such-command"));
        assertEquals(2, Main.execute());
    }

    @Test
    void bufferTakesItsOwnWords() {
        assertEquals(0, Main.execute("buffer", "--help"));
        assertEquals(2, Main.execute("buffer", "run", "--mode", "sideways"));
        assertEquals(
                1,
                Main.execute(
                        "buffer",
                        "verify",
                        "--mode",
                        "transparent",
                        "--inside",
                        "sst-absent",
                        "--outside",
                        "sst-absent2",
                        "--vm",
                        "52:54:00:12:34:56"));
    }

    @Test
    void statusWithoutAGatewayIsOne() {
        assertEquals(
                1,
                Main.execute(
                        "status", "--socket", directory.resolve("none.sock").toString()));
    }

    @Test
    void activationByHandSaysThatItIsColdAndWhy() {
        assertEquals(2, Main.execute("activate", "--config", "none.yaml", "--vm", "vm1", "--reason", "so"));
        assertEquals(2, Main.execute("activate", "--config", "none.yaml", "--vm", "vm1", "--cold"));
    }

    @Test
    void aTickNeedsAVmAndAGateway() {
        assertEquals(2, Main.execute("protect", "--socket", "/nowhere.sock"));
        assertEquals(2, Main.execute("unprotect", "vm1"));
        assertEquals(1, Main.execute("protect", "vm1", "--socket", "/nowhere.sock"));
    }

    @Test
    void vouchingNeedsAReasonAndAGateway() {
        String socket = "/nowhere.sock";
        assertEquals(2, Main.execute("vouch", "vm1", "--socket", socket));
        assertEquals(1, Main.execute("vouch", "vm1", "--socket", socket, "--reason", "seen"));
    }

    @Test
    void switchoverNeedsAReasonAndAGateway() {
        String socket = directory.resolve("none.sock").toString();
        assertEquals(2, Main.execute("switchover", "web", "--socket", socket));
        assertEquals(1, Main.execute("switchover", "web", "--socket", socket, "--reason", "maintenance"));
    }
}
