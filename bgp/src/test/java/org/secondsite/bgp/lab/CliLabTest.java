package org.secondsite.bgp.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.io.BgpCommands;

/** ExaBGP's own {@code exabgpcli}, unmodified, commands {@code bgp speak}, which speaks to a real BIRD. */
@Tag("lab")
@Timeout(240)
class CliLabTest {
    private static final String NAME = "secondsite-test";
    private static final int PATIENCE_SECONDS = 40;

    private PeerLab lab;
    private Path pipes;
    private Thread speaker;

    @BeforeEach
    void build() throws Exception {
        lab = PeerLab.open("/usr/sbin/bird", "/usr/sbin/birdc", "/usr/sbin/exabgpcli", "/usr/bin/bgpdump");
        lab.file("bird.conf", """
                log "bird.log" all;
                router id 10.7.0.2;
                protocol device {}
                protocol static { ipv4; route 198.51.100.0/24 blackhole; }
                protocol static six { ipv6; route 2001:db8:51::/48 blackhole; }
                protocol bgp edge {
                  local 10.7.0.2 as 65001; neighbor 10.7.0.1 as 65100; passive on; error wait time 1, 2;
                  ipv4 { import all; export all; };
                  ipv6 { import all; export all; next hop address 2001:db8:7::2; };
                }
                """);
        Process bird = lab.start("bird", List.of("bird", "-f", "-c", "bird.conf", "-s", "bird.ctl"), Map.of());
        lab.awaitFile(bird, "bird.ctl");
        pipes = lab.directory.resolve("run");
        List<String> arguments = List.of(
                "speak",
                "--local-as",
                "65100",
                "--router-id",
                "10.7.0.1",
                "--api",
                pipes.toString(),
                "--api-name",
                NAME,
                "--mrt",
                lab.directory.resolve("updates.mrt").toString(),
                "--mrt-table",
                lab.directory.resolve("table.mrt").toString(),
                "--mrt-table-every",
                "1",
                "--neighbor",
                "10.7.0.2",
                "--peer-as",
                "65001",
                "--local-address",
                "10.7.0.1");
        speaker = lab.inOurNamespace(() -> BgpCommands.run(
                arguments,
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(new ByteArrayOutputStream()),
                System.err));
        lab.await("socket", PATIENCE_SECONDS, () -> String.valueOf(Files.exists(socket())), "true"::equals);
    }

    @AfterEach
    void remove() throws Exception {
        speaker.interrupt();
        speaker.join(10_000);
        lab.close();
    }

    private Path socket() {
        return pipes.resolve(NAME + ".sock");
    }

    private String birdc(String command) throws Exception {
        return lab.query("birdc", "-s", lab.directory.resolve("bird.ctl").toString(), command);
    }

    private String cli(String command) throws Exception {
        return lab.query(
                "env",
                "exabgp_api_pipename=" + NAME,
                "sh",
                "-c",
                "timeout -s INT 30 exabgpcli --root '" + lab.directory + "' " + command + " 2>&1");
    }

    @Test
    void exabgpcliAsksAnnouncesAndWithdraws() throws Exception {
        lab.await("up", PATIENCE_SECONDS, () -> birdc("show protocols edge"), t -> t.contains("Established"));
        String summary = lab.await(
                "its route", PATIENCE_SECONDS, () -> cli("show neighbor summary"), t -> t.contains("established"));
        assertTrue(summary.startsWith("Peer            AS        up/down state"), summary);
        assertTrue(summary.matches("(?s).*10\\.7\\.0\\.2 +65001 +0:00:\\d\\d established +\\d+ +\\d+\n"), summary);
        assertEquals("", cli("announce route 203.0.113.0/24 next-hop self med 7 community 65100:9"));
        String route = lab.await(
                "route",
                PATIENCE_SECONDS,
                () -> birdc("show route all for 203.0.113.0/24"),
                t -> t.contains("BGP.med"));
        assertTrue(route.contains("BGP.med: 7") && route.contains("(65100,9)"), route);
        assertEquals("neighbor 10.7.0.2 ipv4 unicast 203.0.113.0/24\n", cli("show adj-rib out"));
        assertEquals(
                "neighbor 10.7.0.2 ipv4 unicast 203.0.113.0/24 next-hop 10.7.0.1 origin igp as-path [ 65100 ] med 7"
                        + " community [ 65100:9 ]\n",
                cli("show adj-rib out extensive"));
        assertTrue(cli("show adj-rib in").contains("neighbor 10.7.0.2 ipv4 unicast 198.51.100.0/24\n"), "routes in");
        assertEquals("", cli("neighbor 10.7.0.2 withdraw route 203.0.113.0/24"));
        lab.await("gone", PATIENCE_SECONDS, () -> birdc("show route"), t -> !t.contains("203.0.113.0/24"));
        assertTrue(cli("show neighbor extensive").contains("ipv4 unicast:"), "extensive");
        assertTrue(cli("show neighbor configuration").contains("\tpeer-as 65001;\n"), "configuration");
        assertTrue(cli("help").contains("announce eor|route-refresh"), "help");
        assertTrue(cli("version").startsWith("exabgp 4.2"), "version");
        String refused = cli("announce route 203.0.113.0/24 next-hop self rd 1:2");
        assertTrue(refused.startsWith("error: 'rd' is not supported here\n"), refused);
        assertTrue(refused.contains("ExaBGP returns an error"), refused);
        assertTrue(cli("reload").startsWith("error: there is no configuration file"), "reload");
        assertEquals("", cli("\"# nothing\""));
        assertEquals("", cli("teardown 4"));
        lab.await("up again", PATIENCE_SECONDS, () -> birdc("show protocols edge"), t -> t.contains("Established"));
        assertEquals("", cli("shutdown"));
        speaker.join(10_000);
        assertFalse(speaker.isAlive());
        assertFalse(Files.exists(pipes.resolve(NAME + ".in")) || Files.exists(socket()), "what was made is removed");
    }

    @Test
    void bgpdumpReadsWhatTheNeighbourSaid() throws Exception {
        lab.await("up", PATIENCE_SECONDS, () -> birdc("show protocols edge"), t -> t.contains("Established"));
        birdc("disable static1");
        String dumped = lab.await(
                "the withdrawal",
                PATIENCE_SECONDS,
                () -> lab.query(
                        "bgpdump", "-m", lab.directory.resolve("updates.mrt").toString()),
                text -> text.contains("|W|"));
        List<String> lines = dumped.lines()
                .map(line -> line.replaceFirst("^(BGP4MP)\\|\\d+\\|", "$1|"))
                .toList();
        assertTrue(lines.contains("BGP4MP|A|10.7.0.2|65001|198.51.100.0/24|65001|IGP|10.7.0.2|0|0||NAG||"), dumped);
        assertTrue(
                lines.contains("BGP4MP|A|10.7.0.2|65001|2001:db8:51::/48|65001|IGP|2001:db8:7::2|0|0||NAG||"), dumped);
        assertTrue(lines.contains("BGP4MP|W|10.7.0.2|65001|198.51.100.0/24"), dumped);
        assertTrue(lines.contains("BGP4MP|STATE|10.7.0.2|65001|5|6"), dumped);
    }

    /** RFC 6396 §4.3. */
    @Test
    void bgpdumpReadsTheTable() throws Exception {
        String dumped = lab.await(
                "the table",
                PATIENCE_SECONDS,
                () -> lab.query(
                        "bgpdump", "-m", lab.directory.resolve("table.mrt").toString()),
                text -> text.contains("2001:db8:51::/48") && text.contains("198.51.100.0/24"));
        List<String> lines = dumped.lines()
                .map(line -> line.replaceFirst("^(TABLE_DUMP2)\\|\\d+\\|", "$1|"))
                .toList();
        assertTrue(
                lines.contains("TABLE_DUMP2|B|10.7.0.2|65001|198.51.100.0/24|65001|IGP|10.7.0.2|0|0||NAG||"), dumped);
        assertTrue(
                lines.contains("TABLE_DUMP2|B|10.7.0.2|65001|2001:db8:51::/48|65001|IGP|2001:db8:7::2|0|0||NAG||"),
                dumped);
    }

    @Test
    void theSocketCarriesConversationsSideBySide() throws Exception {
        try (Client one = new Client(socket());
                Client other = new Client(socket())) {
            one.say("announce route 203.0.113.0/24 next-hop self med 7");
            assertEquals("done", one.in.readLine());
            other.say("version\nannounce route 203.0.113.0/24 next-hop nowhere");
            assertTrue(other.in.readLine().startsWith("exabgp 4.2"));
            assertEquals("done", other.in.readLine());
            assertTrue(other.in.readLine().startsWith("error: next-hop: "));
            assertEquals("error", other.in.readLine());
        }
        // The routes are the speaker's, not the connection's.
        lab.await(
                "route",
                PATIENCE_SECONDS,
                () -> birdc("show route all for 203.0.113.0/24"),
                t -> t.contains("BGP.med: 7"));
    }

    private static final class Client implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader in;
        private final Writer out;

        Client(Path socket) throws Exception {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
            out = Channels.newWriter(channel, StandardCharsets.UTF_8);
        }

        void say(String lines) throws Exception {
            out.write(lines + "\n");
            out.flush();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
