package org.secondsite.appliance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.pki.PkiCommand;
import org.secondsite.testing.FreePort;

/**
 * A daemon whose standard streams go into a pipe that is full and that nobody reads: the first line that it writes would have to wait.
 * Whoever serves and decides does not.
 */
@Tag("slow")
@Timeout(180)
class UnreadLogTest {
    /** Linux's own, pipe(7). */
    private static final int PIPE_OCTETS = 64 << 10;

    private static final int PATIENCE_MS = 30_000;

    @TempDir
    private Path directory;

    private RandomAccessFile pipe;
    private Process daemon;

    @BeforeEach
    void fillThePipe() throws Exception {
        Path path = directory.resolve("log");
        assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
        // Opened both ways, so that neither side waits for the other to come.
        pipe = new RandomAccessFile(path.toFile(), "rw");
        pipe.write(new byte[PIPE_OCTETS]);
        PkiCommand.write(directory, List.of("witness", "host-a"));
    }

    @AfterEach
    void end() throws Exception {
        if (daemon != null) {
            daemon.destroyForcibly().waitFor();
        }
        pipe.close();
    }

    private void start(String... arguments) throws IOException {
        List<String> java = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                // As the packages have it: what the virtual machine itself warns of waits for the stream.
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dlogback.configurationFile=logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName());
        daemon = new ProcessBuilder(
                        Stream.concat(java.stream(), Stream.of(arguments)).toList())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("log").toFile()))
                .start();
    }

    /** The tail of what the daemon said, once somebody reads, after what filled the pipe. */
    private String said(String end) throws IOException {
        StringBuilder said = new StringBuilder();
        byte[] some = new byte[4096];
        while (said.indexOf(end) < 0) {
            int length = pipe.read(some);
            said.append(new String(some, 0, length, UTF_8));
        }
        return said.substring(said.lastIndexOf("\0") + 1);
    }

    @Test
    void aWitnessServesWhileNobodyReadsItsLog() throws Exception {
        int port = FreePort.onLoopback();
        Path config = Files.writeString(directory.resolve("witness.yaml"), """
                listen: 127.0.0.1:%d
                dataDirectory: data
                tls: {certificate: witness.crt, key: witness.key, authority: ca.crt}
                groups:
                  - {name: web, sites: [a, b], initialOwner: a}
                """.formatted(port));
        start("witness", "--config", config.toString(), "--initialize");
        for (int stranger = 0; stranger < 3; stranger++) {
            try (Socket socket = connect(port)) {
                socket.setSoTimeout(PATIENCE_MS);
                // No TLS: it says so, and writes a line about it.
                socket.getOutputStream().write("rubbish, rubbish\n".getBytes(UTF_8));
                assertEquals(-1, answer(socket));
            }
        }
        String said = said("not an SSL/TLS record");
        assertTrue(said.contains("witness listens on"), said);
    }

    /** The first octet; -1 if the connection was ended, in whatever way. */
    private static int answer(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read();
        } catch (SocketException reset) {
            return -1;
        }
    }

    private Socket connect(int port) throws Exception {
        while (true) {
            try {
                return new Socket(InetAddress.getLoopbackAddress(), port);
            } catch (IOException e) {
                assertTrue(daemon.isAlive(), "the witness has ended");
                Thread.sleep(20);
            }
        }
    }

    @Test
    void anAgentCallsItsGatewayWhileNobodyReadsItsLog() throws Exception {
        try (ServerSocket gateway = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Path config = Files.writeString(directory.resolve("agent.yaml"), """
                    gateway: 127.0.0.1:%d
                    site: a
                    tls: {certificate: host-a.crt, key: host-a.key, authority: ca.crt}
                    runDirectory: run
                    vms:
                      - {name: vm1, ramFile: ram, ramMiB: 16, qmpSocket: qmp, pidFile: pid, command: [/bin/false]}
                    """.formatted(gateway.getLocalPort()));
            gateway.setSoTimeout(PATIENCE_MS);
            start("agent", "--config", config.toString());
            // Each call that comes to nothing is a line of the log.
            for (int call = 0; call < 3; call++) {
                gateway.accept().close();
            }
        }
    }
}
