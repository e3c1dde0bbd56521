package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.Gateway;
import org.secondsite.gateway.GatewayFile;
import org.secondsite.pki.PkiCommand;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;

/**
 * Sites a and b protect a group of theirs while a third site joins a by commits of a's file, has its VM taken over when it dies, and leaves
 * again: nothing between a and b is touched, and what cannot be is refused with the reason.
 */
@Tag("slow")
@Isolated
class ThirdSiteTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");

    /** From the start a's, with b as its standby. */
    private static final GroupId WEB = new GroupId("web");

    private static final VmId VM1 = new VmId("vm1");

    /** At first c's, with a as its standby. */
    private static final GroupId MAIL = new GroupId("mail");

    private static final VmId VM2 = new VmId("vm2");

    /** A site that ends its tunnel is missed after four heartbeats; a machine that is busy for some seconds is no site that is dead. */
    private static final int SUSPECT_AFTER_MS = 20_000;

    @TempDir
    private Path directory;

    private final NamedPorts ports = new NamedPorts();
    private final LivingSites sites = new LivingSites();
    private InetSocketAddress witness;

    /** A group in a site's file. */
    private record Entry(GroupId group, SiteId standby, VmId vm, boolean isTicked) {
        private String text() {
            String number = vm.name().substring(2);
            return """
                      - name: %1$s
                        standby: %2$s
                        prefixes: [10.0.%3$s.0/24]
                        vms: [{name: %4$s, protected: %5$s, mac: "52:54:00:c0:10:0%3$s", addresses: [10.0.%3$s.10]}]
                    """.formatted(group, standby, number, vm, isTicked);
        }
    }

    private static Entry web(SiteId standby) {
        return new Entry(WEB, standby, VM1, true);
    }

    private static Entry mail(SiteId standby) {
        return new Entry(MAIL, standby, VM2, true);
    }

    /** The file of a site with these peers. */
    private String file(SiteId self, List<SiteId> peers, Entry... groups) {
        String tunnels = peers.stream()
                .map(peer -> """
                          - site: %1$s
                            tunnel: {listen: "127.0.0.1:%2$d", connect: "127.0.0.1:%3$d", heartbeatMs: 200, suspectAfterMs: %4$d}
                        """.formatted(
                                peer, ports.port(self + "-" + peer), ports.port(peer + "-" + self), SUSPECT_AFTER_MS))
                .collect(Collectors.joining());
        String vms = Arrays.stream(groups).map(group -> group.vm().name()).collect(Collectors.joining(", "));
        return """
                site: %1$s
                peers:
                %2$stls: {certificate: %1$s.crt, key: %1$s.key, authority: ca.crt}
                witness: {endpoints: ["127.0.0.1:%3$d"], requestTimeoutMs: 3000, termFile: %1$s.term}
                checkpoint: {listen: "127.0.0.1:%4$d", intervalMs: 25, hosts: [{name: host-%1$s, vms: [%5$s]}]}
                dataPlane: {mode: loopback, poolMiB: 8, perVmMiB: 4}
                management: {socket: %1$s.sock}
                groups:
                """.formatted(self, tunnels, witness.getPort(), ports.port(self + ""), vms)
                + Arrays.stream(groups).map(Entry::text).collect(Collectors.joining());
    }

    private void begin(SiteId self, List<VmId> vms, String text) throws IOException {
        Path path = Files.writeString(directory.resolve(self + ".yaml"), text);
        GatewayFile file = GatewayFile.open(path);
        if (!(file.config() instanceof ConfigResult.Valid<GatewayConfig>(GatewayConfig config))) {
            throw new AssertionError(file.config().toString());
        }
        sites.begun(new RingSite(
                self,
                directory,
                ports.address(self + ""),
                vms,
                (factory, ending) -> Gateway.open(file, config, _ -> {}, factory, ending),
                sites::end,
                sites::leaves));
    }

    private WitnessServer witness() throws IOException {
        return WitnessServer.begin(new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of(new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, C, A, C)),
                300,
                2000));
    }

    private JsonNode ask(String text, String... more) throws IOException {
        Map<String, String> request = new HashMap<>(Map.of("action", "commit", "text", text));
        for (int i = 0; i < more.length; i += 2) {
            request.put(more[i], more[i + 1]);
        }
        return sites.at(A).config(request);
    }

    private void commit(String text, String... more) throws IOException {
        JsonNode answer = ask(text, more);
        assertFalse(answer.has("error"), answer.toString());
    }

    private void refused(String reason, String text) throws IOException {
        String error = ask(text).path("error").asText();
        assertTrue(error.contains(reason), error);
    }

    private void requirePeers(String... names) throws IOException {
        assertEquals(List.of(names), sites.at(A).peers());
    }

    private String joined(boolean isTicked) {
        return file(A, List.of(B, C), web(B), new Entry(MAIL, C, VM2, isTicked));
    }

    private String alone() {
        return file(A, List.of(B), web(B));
    }

    @Test
    void aThirdSiteJoinsAndLeavesAndNothingBetweenTheOthersIsTouched() throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "c", "witness", "host-a", "host-b", "host-c"));
        EmbeddedClient ofWeb = sites.client(VM1);
        EmbeddedClient ofMail = sites.client(VM2);
        try (WitnessServer server = witness();
                sites) {
            witness = server.address();
            begin(A, List.of(VM1, VM2), alone());
            begin(B, List.of(VM1), file(B, List.of(A), web(A)));
            sites.at(A).boot(VM1);
            sites.awaitProtection(WEB);
            ofWeb.start();
            long term = sites.at(A).group(WEB).path("term").asLong();
            whatCannotBeOrIsNotConfirmedChangesNothing(ofWeb);
            joins(ofWeb, ofMail);
            goesAndComesBack(List.of(ofWeb, ofMail));
            leaves(List.of(ofWeb, ofMail));
            requireUntouched(term);
            sites.requireNoneBroken();
        }
    }

    /** Only a machine that stands still breaks the tunnel to b, and only that has the group ask for another term. */
    private void requireUntouched(long term) throws Exception {
        List<String> history = sites.at(A).timeline();
        List<String> ended = history.stream()
                .filter(line -> line.startsWith("tunnel tunnel-down: to site b: ") && !line.contains("SILENCE"))
                .toList();
        assertEquals(List.of(), ended);
        if (history.stream().noneMatch(line -> line.startsWith("b suspicion: "))) {
            assertEquals(term, sites.at(A).group(WEB).path("term").asLong());
            assertTrue(sites.at(A).is(WEB, "PROTECTED"), "as before");
        }
    }

    private void whatCannotBeOrIsNotConfirmedChangesNothing(EmbeddedClient client) throws Exception {
        try (ServerSocket _ = new ServerSocket(ports.port("a-c"), 1, InetAddress.getLoopbackAddress())) {
            refused("the tunnel cannot listen on", joined(false));
        }
        requirePeers("b");
        refused(
                "a.yaml:16:14 groups[1].standby: site c is none of the peers [b]",
                file(A, List.of(B), web(B), mail(C)));
        commit(joined(false), "confirmSeconds", "1");
        sites.until(
                "going back", () -> sites.at(A).timeline().stream().anyMatch(line -> line.contains("not confirmed")));
        requirePeers("b");
        sites.awaitAnswers(List.of(client));
    }

    private void joins(EmbeddedClient ofWeb, EmbeddedClient ofMail) throws Exception {
        JsonNode diff = sites.at(A).config(Map.of("action", "diff", "text", joined(true)));
        assertEquals(
                Set.of(
                        "peer_added c",
                        "hosts_altered checkpoint.hosts[host-a].vms",
                        "group_added mail",
                        "vm_added vm2"),
                changes(diff).collect(Collectors.toSet()));
        commit(joined(true));
        requirePeers("b", "c");
        begin(C, List.of(VM2), file(C, List.of(A), mail(A)));
        sites.at(C).boot(VM2);
        sites.until("protection of mail at c", () -> sites.at(C).is(MAIL, "PROTECTED"));
        ofMail.start();
        sites.awaitAnswers(List.of(ofWeb, ofMail));
        refused("site c owns group mail, and vm2 is a member there: unprotect it there first", alone());
        requirePeers("b", "c");
    }

    private static Stream<String> changes(JsonNode diff) {
        return diff.path("changes")
                .valueStream()
                .peek(change -> assertFalse(change.path("needsRestart").asBoolean(), change.toString()))
                .map(change -> change.path("kind").asText() + " "
                        + change.path("subject").asText());
    }

    private void goesAndComesBack(List<EmbeddedClient> clients) throws Exception {
        sites.until("protection of mail at c", () -> sites.at(C).is(MAIL, "PROTECTED"));
        sites.cutOff(C).close();
        sites.until("a takeover of mail", () -> sites.at(A).is(MAIL, "SOLO"));
        sites.awaitAnswers(clients);
        begin(C, List.of(VM2), file(C, List.of(A), mail(A)));
        sites.until("protection of mail at a", () -> sites.at(A).is(MAIL, "PROTECTED"));
    }

    private void leaves(List<EmbeddedClient> clients) throws Exception {
        // Refused while the group is not protected, as after a moment in which the machine stood still.
        sites.until("leaving", () -> !ask(alone()).has("error"));
        requirePeers("b");
        sites.until(
                "c to miss a",
                () -> sites.at(C).status().at("/peers/0/tunnel").asText().equals("down"));
        sites.awaitAnswers(clients);
        commit(alone().replace("heartbeatMs: 200", "heartbeatMs: 190"));
        requirePeers("b");
    }
}
