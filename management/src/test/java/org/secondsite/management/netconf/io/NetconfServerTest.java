package org.secondsite.management.netconf.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.NetconfConfig;
import org.secondsite.management.JudgedFile;

/** Debian's ncclient, and others who are less friendly, at the port. */
@Tag("lab")
@Timeout(180)
class NetconfServerTest {
    @TempDir
    private Path directory;

    private final JudgedFile file = new JudgedFile(JudgedFile.resource("everything.yaml"));
    private NetconfServer server;

    @BeforeEach
    void open() throws Exception {
        List<String> keys = new ArrayList<>();
        for (String name : List.of("host", "automation", "looker", "nobody")) {
            ran(
                    "ssh-keygen",
                    "-q",
                    "-t",
                    "ecdsa",
                    "-N",
                    "",
                    "-C",
                    name,
                    "-f",
                    directory.resolve(name).toString());
            keys.add(Files.readString(directory.resolve(name + ".pub")).strip());
        }
        Path authorized = Files.write(directory.resolve("keys"), keys.subList(1, 4));
        server = NetconfServer.open(
                new NetconfConfig(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        directory.resolve("host"),
                        authorized,
                        List.of("automation"),
                        List.of(),
                        List.of("looker")),
                file);
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private String ran(String... command) throws Exception {
        Path out = directory.resolve("out");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        int code = process.waitFor();
        String text = Files.readString(out);
        assertEquals(0, code, text);
        return text;
    }

    @Test
    void ncclientDoesItsEightCases() throws Exception {
        Path script = directory.resolve("cases.py");
        try (var in = NetconfServerTest.class.getResourceAsStream("/org/secondsite/management/netconf/cases.py")) {
            Files.copy(in, script);
        }
        String text = ran(
                "/usr/bin/python3",
                script.toString(),
                Integer.toString(server.address().getPort()),
                directory.toString());
        assertEquals(8, text.lines().filter(line -> line.startsWith("case ")).count(), text);
        long free = text.lines()
                .filter(line -> line.startsWith("case 3"))
                .map(line -> line.replaceAll(".* (\\d+) ms", "$1"))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow();
        assertTrue(free < 10_000, text);
    }

    @Test
    void aKeyThatEverybodyCanReadOpensNothing() throws Exception {
        Path host = directory.resolve("host");
        Files.setPosixFilePermissions(host, PosixFilePermissions.fromString("rw-r--r--"));
        NetconfConfig settings = new NetconfConfig(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                host,
                directory.resolve("keys"),
                List.of("automation"),
                List.of(),
                List.of());
        IOException refused = assertThrows(IOException.class, () -> NetconfServer.open(settings, file));
        assertEquals(host + " can be read by every user of this machine: chmod o-r " + host, refused.getMessage());
    }

    /** More of them than there are places. */
    @Test
    void whoSaysNothingKeepsNobodyOut() throws Exception {
        List<Socket> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 40; i++) {
                Socket socket = new Socket();
                socket.connect(server.address());
                silent.add(socket);
            }
            Socket first = silent.getFirst();
            first.setSoTimeout(30_000);
            byte[] banner = first.getInputStream().readAllBytes();
            assertTrue(new String(banner, StandardCharsets.US_ASCII).startsWith("SSH-2.0-secondsite"));
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    @Test
    void nonsenseIsCut() throws Exception {
        try (Socket socket = new Socket()) {
            socket.connect(server.address());
            socket.setSoTimeout(30_000);
            socket.getOutputStream().write("GET / HTTP/1.1\r\n".repeat(2000).getBytes(StandardCharsets.US_ASCII));
            var _ = socket.getInputStream().readAllBytes();
        } catch (IOException reset) {
            assertTrue(String.valueOf(reset.getMessage()).matches("(?i).*(reset|broken pipe).*"), reset.toString());
        }
    }
}
