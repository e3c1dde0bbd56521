package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.appliance.WitnessMetrics;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.SiteId;
import org.secondsite.config.SwitchId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.metrics.MetricsServer;
import org.secondsite.net.tls.io.CertificateWatch;
import org.secondsite.pki.PkiCommand;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;

/**
 * Two gateways and a witness in one JVM, asked for their metrics before and after a peer with a wrong certificate, traffic,
 * and a takeover. Run with {@code SECONDSITE_RENDER=true} to write the tables of {@code docs/metrics.md}.
 */
@Tag("slow")
@Isolated("times what is fast only on a machine of its own")
@Timeout(240)
class MetricsTest {
    private static final Path DOCUMENT = Path.of("../docs/metrics.md");
    private static final String TABLES = "\n## Gateway\n";
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int POLL_MS = 50;
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final String[] WEB = {"group", "web"};
    private static final String[] VM1 = {"group", "web", "vm", "vm1"};

    @TempDir
    private Path directory;

    private final HttpClient http = HttpClient.newHttpClient();
    private final int[] ports = freePorts();

    private static int[] freePorts() {
        try {
            return EmbeddedDemo.freePorts(12);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void showWhatHappenedAndAreAllInTheDocument() throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "host-a", "host-b", "witness", "mallory"));
        Path foreign = directory.resolve("foreign");
        PkiCommand.write(foreign, List.of("b"));
        InetAddress addressA = IpPrefix.parseAddress("127.0.0.2");
        InetAddress addressB = IpPrefix.parseAddress("127.0.0.3");
        InetSocketAddress coreAt = local(ports[0]);
        InetSocketAddress tunnelA = new InetSocketAddress(addressA, ports[2]);
        InetSocketAddress tunnelB = new InetSocketAddress(addressB, ports[3]);
        EmbeddedSite.Place placeA = new EmbeddedSite.Place(
                A, B, addressA, 65001, ports[2], ports[4], ports[6], openflow(addressA, ports[8]), tunnelB);
        EmbeddedSite.Place placeB = new EmbeddedSite.Place(
                B, A, addressB, 65002, ports[3], ports[5], ports[7], openflow(addressB, ports[9]), tunnelA);
        Map<InetAddress, EmbeddedSite> sites = new LinkedHashMap<>();
        try (WitnessServer witness = witness();
                CertificateWatch certificates = CertificateWatch.open(TlsFiles.in(directory, "witness"), what -> {});
                MetricsServer witnessMetrics = MetricsServer.open(
                        local(0), () -> WitnessMetrics.read(witness.figures(), certificates.state()));
                CoreRouter core = new CoreRouter(coreAt, Map.of(addressA, 65001L, addressB, 65002L));
                EmbeddedClient client = new EmbeddedClient(10, frame -> core.route(EmbeddedSite.SERVICE)
                        .map(sites::get)
                        .ifPresent(site -> site.deliver(frame)));
                EmbeddedSite a = new EmbeddedSite(placeA, coreAt, witness.address(), directory, true, client::receive);
                EmbeddedSite b =
                        new EmbeddedSite(placeB, coreAt, witness.address(), directory, true, client::receive)) {
            sites.put(addressA, a);
            sites.put(addressB, b);
            a.boot();
            client.start();
            Exposition before = await(placeA.metrics(), "protection and traffic", MetricsTest::isProtectedWithTraffic);
            assertProtects(before);

            turnsAwayFromTheAgentsPort(placeA);
            refuses(a, placeA, "foreign", tls(foreign, "b"));
            refuses(a, placeA, "identity", tls(directory, "mallory"));

            Exposition standby = scrape(placeB.metrics());
            Exposition granted = scrape(witnessMetrics.address());
            assertEquals(0, standby.value("secondsite_vm_released_packets_total", VM1));
            assertEquals(0, standby.value("secondsite_group_takeovers_total", WEB));
            a.die(10);
            Exposition owner = await(
                    placeB.metrics(),
                    "takeover",
                    seen -> seen.value("secondsite_group_takeovers_total", WEB) == 1
                            && seen.value("secondsite_vm_released_packets_total", VM1) > 10);
            assertTookOver(standby, owner);
            Exposition decided = scrape(witnessMetrics.address());
            assertGrew(granted, decided, "secondsite_witness_grants_total");
            assertEquals(
                    owner.value("secondsite_group_term", WEB), decided.value("secondsite_witness_record_term", WEB));
            assertEquals(1, decided.value("secondsite_witness_record_owner", "group", "web", "site", "b"));
            assertEquals(1, decided.value("secondsite_witness_role", "state", "leader"));
            assertTrue(decided.value("secondsite_witness_fsync_seconds_count") > 0);
            refusesStaleTerm(placeB, tunnelA, before);
            assertDocumented(owner, decided);
        }
    }

    private static boolean isProtectedWithTraffic(Exposition seen) {
        return seen.value("secondsite_group_state", "group", "web", "state", "protected") == 1
                && seen.value("secondsite_vm_commit_seconds_count", VM1) > 3
                && seen.value("secondsite_vm_released_packets_total", VM1) > 10;
    }

    private void assertProtects(Exposition owner) {
        assertEquals(1, owner.value("secondsite_gateway_info", "site", "a", "peer", "b"));
        assertEquals(1, owner.value("secondsite_peer_up", "peer", "b"));
        assertEquals(1, owner.value("secondsite_tunnel_up", "peer", "b"));
        assertEquals(1, owner.value("secondsite_gateway_witness_up"));
        assertEquals(1, owner.value("secondsite_bgp_session_up", "peer", "127.0.0.1"));
        assertEquals(0, owner.value("secondsite_switch_connected", "switch", "sw-a"));
        assertEquals(2, owner.value("secondsite_group_in_sync_sites", WEB));
        assertEquals(1, owner.value("secondsite_vm_output", "group", "web", "vm", "vm1", "state", "hold"));
        assertTrue(owner.value("secondsite_tunnel_rtt_seconds", "peer", "b") > 0);
        assertTrue(owner.value("secondsite_tunnel_coded_bytes_sent_total", "peer", "b") > 0);
        assertTrue(owner.value("secondsite_page_cache_misses_total", "peer", "b") > 0);
        assertTrue(owner.value("secondsite_vm_pause_seconds_count", VM1) > 3);
        assertTrue(owner.value("secondsite_vm_sent_pages_total", VM1) > 0);
        assertTrue(owner.value("secondsite_group_witness_requests_total", "group", "web", "answer", "granted") > 0);
    }

    private static void assertTookOver(Exposition before, Exposition after) {
        assertGrew(before, after, "secondsite_group_term", WEB);
        assertGrew(before, after, "secondsite_group_transitions_total", "group", "web", "to", "promoting");
        assertGrew(before, after, "secondsite_peer_suspicions_total", "peer", "a", "reason", "silence");
        assertEquals(1, after.value("secondsite_group_state", "group", "web", "state", "solo"));
        assertEquals(0, after.value("secondsite_group_state", "group", "web", "state", "standby"));
        assertEquals(1, after.value("secondsite_group_in_sync_sites", WEB));
        assertEquals(0, after.value("secondsite_peer_up", "peer", "a"));
        assertEquals(0, after.value("secondsite_tunnel_up", "peer", "a"));
        assertTrue(after.value("secondsite_peer_silence_seconds", "peer", "a") > 0);
        assertTrue(after.value("secondsite_tunnel_epochs_received_total", "peer", "a") > 3);
        assertEquals(1, after.value("secondsite_vm_output", "group", "web", "vm", "vm1", "state", "pass"));
    }

    private static void assertGrew(Exposition before, Exposition after, String name, String... labels) {
        assertTrue(after.value(name, labels) > before.value(name, labels), name);
    }

    /** A peer whose certificate is not the configured one's is counted with the reason, and nothing else changes. */
    private void refuses(EmbeddedSite a, EmbeddedSite.Place place, String reason, TlsFiles tls) throws Exception {
        Exposition before = scrape(place.metrics());
        assertEquals(0, before.value("secondsite_tunnel_rejections_total", "peer", "b", "reason", reason));
        InetSocketAddress own = new InetSocketAddress(IpPrefix.parseAddress("127.0.0.4"), ports[10]);
        TunnelSettings settings =
                new TunnelSettings(B, A, own, new InetSocketAddress(place.address(), place.tunnelPort()), tls);
        Exposition after;
        try (TlsTunnel intruder = TlsTunnel.open(settings, new Nobody())) {
            after = await(
                    place.metrics(),
                    "rejection: " + reason,
                    seen -> seen.value("secondsite_tunnel_rejections_total", "peer", "b", "reason", reason) > 0);
            assertTrue(!intruder.status().connected(), "let in");
        }
        assertEquals(1, after.value("secondsite_tunnel_up", "peer", "b"));
        assertEquals(
                before.value("secondsite_tunnel_sessions_total", "peer", "b"),
                after.value("secondsite_tunnel_sessions_total", "peer", "b"));
        assertEquals(before.value("secondsite_group_term", WEB), after.value("secondsite_group_term", WEB));
        assertTrue(a.gateway().timeline().entries().stream()
                .anyMatch(entry -> entry.kind().equals("tunnel-rejected")
                        && entry.text().startsWith(reason.toUpperCase(Locale.ROOT))));
    }

    /** A stranger at the agents' port, which says rubbish. */
    private void turnsAwayFromTheAgentsPort(EmbeddedSite.Place place) throws Exception {
        String turnedAway = "secondsite_agents_turned_away_total";
        Exposition before = scrape(place.metrics());
        try (Socket stranger = new Socket(place.address(), place.checkpointPort())) {
            stranger.getOutputStream().write(new byte[64]);
            await(place.metrics(), "a stranger", seen -> seen.value(turnedAway) == before.value(turnedAway) + 1);
        }
        assertEquals(0, before.value("secondsite_agents_wrong_messages_total"));
    }

    /** The former owner's gateway, back with its certificate but in its old term, is refused what it sends, and told. */
    private void refusesStaleTerm(EmbeddedSite.Place place, InetSocketAddress formerTunnel, Exposition old)
            throws Exception {
        EpochId stale = new EpochId((long) old.value("secondsite_group_term", WEB), 1);
        Nobody former = new Nobody();
        TunnelSettings settings = new TunnelSettings(
                A, B, formerTunnel, new InetSocketAddress(place.address(), place.tunnelPort()), tls(directory, "a"));
        try (TlsTunnel tunnel = TlsTunnel.open(settings, former)) {
            Waiting.until("connection", () -> tunnel.status().connected());
            Exposition before = scrape(place.metrics());
            String[] series = {"group", "web", "reason", "stale_term"};
            assertEquals(0, before.value("secondsite_group_refused_epochs_total", series));
            tunnel.send(new Epoch(
                    new EpochHeader(EmbeddedSite.VM, stale, EpochId.NONE, 8 << 20), PageSet.empty(), new byte[8]));
            Exposition after = await(
                    place.metrics(),
                    "refusal",
                    seen -> seen.value("secondsite_group_refused_epochs_total", series) == 1);
            assertEquals(1, after.value("secondsite_tunnel_up", "peer", "a"));
            assertEquals(1, after.value("secondsite_group_state", "group", "web", "state", "solo"));
            assertEquals(before.value("secondsite_group_term", WEB), after.value("secondsite_group_term", WEB));
            Waiting.until(
                    "the reason", () -> former.refusals.stream().anyMatch(reason -> reason.contains("SOLO in term")));
        }
    }

    private static void assertDocumented(Exposition gateway, Exposition witness) throws IOException {
        String document = Files.readString(DOCUMENT);
        String rendered = document.substring(0, document.indexOf(TABLES)) + TABLES + table(gateway)
                + "\n## Node of a witness\n" + table(witness);
        if ("true".equals(System.getenv("SECONDSITE_RENDER"))) {
            Files.writeString(DOCUMENT, rendered);
        }
        assertEquals(rendered, Files.readString(DOCUMENT), "docs/metrics.md is stale");
    }

    private static String table(Exposition exposition) {
        StringBuilder table = new StringBuilder("\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n");
        for (Exposition.Family family : exposition.families()) {
            table.append("| `%s` | %s | %s | %s |\n"
                    .formatted(family.name(), family.type(), String.join(", ", family.labels()), family.help()));
        }
        return table.toString();
    }

    private Exposition await(InetSocketAddress at, String what, Predicate<Exposition> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        Exposition seen = scrape(at);
        while (!condition.test(seen)) {
            assertTrue(System.nanoTime() < deadline, "no " + what + " in " + seen);
            Thread.sleep(POLL_MS);
            seen = scrape(at);
        }
        return seen;
    }

    private Exposition scrape(InetSocketAddress at) {
        URI uri = URI.create("http://" + at.getAddress().getHostAddress() + ":" + at.getPort() + MetricsServer.PATH);
        try {
            HttpResponse<String> answer =
                    http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer::body);
            return Exposition.parse(answer.body());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private WitnessServer witness() throws IOException {
        return WitnessServer.begin(new WitnessServerSettings(
                local(ports[1]),
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of(new GroupSettings(EmbeddedSite.GROUP, A, B, A)),
                300,
                2000));
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(IpPrefix.parseAddress("127.0.0.1"), port);
    }

    private static Optional<GatewayConfig.OpenFlow> openflow(InetAddress address, int port) {
        return Optional.of(new GatewayConfig.OpenFlow(
                Optional.of(new InetSocketAddress(address, port)),
                Optional.empty(),
                List.of(new GatewayConfig.Switch(new SwitchId("sw-a"), 0xa01, "gw"))));
    }

    /** That certificate, and trust in the real authority: it is the gateway that refuses. */
    private TlsFiles tls(Path folder, String name) {
        return new TlsFiles(folder.resolve(name + ".crt"), folder.resolve(name + ".key"), directory.resolve("ca.crt"));
    }

    /** Hears of nothing but refusals. */
    private static final class Nobody implements TunnelListener {
        private final List<String> refusals = new CopyOnWriteArrayList<>();

        @Override
        public void connected() {}

        @Override
        public void disconnected(Reset reset) {}

        @Override
        public void rejected(ResetCode code, String reason) {}

        @Override
        public void peerHeard(long nanoTime) {}

        @Override
        public void message(PeerMessage message) {}

        @Override
        public void epochReceived(Epoch epoch) {
            epoch.close();
        }

        @Override
        public void acknowledged(VmId vm, EpochId epoch) {}

        @Override
        public void refused(VmId vm, EpochId epoch, String reason) {
            refusals.add(reason);
        }
    }
}
