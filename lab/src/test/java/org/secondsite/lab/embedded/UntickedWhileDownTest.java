package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
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
 * An owner's gateway dies while its VM runs on, the other site takes over, and an operator unticks the VM in the file of the dead gateway before
 * he starts it again. Nothing that the VM says there may leave, until the other site has let it leave.
 */
@Tag("slow")
@Isolated
class UntickedWhileDownTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId WEB = new GroupId("web");
    private static final VmId VM1 = new VmId("vm1");
    private static final String TICKED = "protected: true";

    @TempDir
    private Path directory;

    private final NamedPorts ports = new NamedPorts();
    private final LivingSites sites = new LivingSites();
    private final Map<SiteId, AtomicInteger> left = Map.of(A, new AtomicInteger(), B, new AtomicInteger());
    private InetSocketAddress witness;

    private String file(SiteId self, SiteId peer) {
        return """
                site: %1$s
                peerSite: %2$s
                tunnel: {listen: "127.0.0.1:%3$d", connect: "127.0.0.1:%4$d", heartbeatMs: 200, suspectAfterMs: 3000}
                tls: {certificate: %1$s.crt, key: %1$s.key, authority: ca.crt}
                witness: {endpoints: ["127.0.0.1:%5$d"], requestTimeoutMs: 3000, termFile: %1$s.term}
                checkpoint: {listen: "127.0.0.1:%6$d", intervalMs: 25, hosts: [{name: host-%1$s, vms: [vm1]}]}
                dataPlane: {mode: loopback, poolMiB: 8, perVmMiB: 4}
                management: {socket: %1$s.sock}
                groups:
                  - name: web
                    prefixes: [10.0.1.0/24]
                    vms: [{name: vm1, %7$s, mac: "52:54:00:c0:10:01", addresses: [10.0.1.10]}]
                """.formatted(
                        self,
                        peer,
                        ports.port(self + "-w"),
                        ports.port(peer + "-w"),
                        witness.getPort(),
                        ports.port(self + ""),
                        TICKED);
    }

    private RingSite.Opener opener(SiteId self, String text) throws IOException {
        GatewayFile file = GatewayFile.open(Files.writeString(directory.resolve(self + ".yaml"), text));
        if (!(file.config() instanceof ConfigResult.Valid<GatewayConfig>(GatewayConfig config))) {
            throw new AssertionError(file.config().toString());
        }
        return (factory, ending) -> Gateway.open(file, config, _ -> {}, factory, ending);
    }

    private RingSite begin(SiteId self, SiteId peer) throws IOException {
        RingSite site = new RingSite(
                self,
                directory,
                ports.address(self + ""),
                List.of(VM1),
                opener(self, file(self, peer)),
                sites::end,
                frame -> {
                    left.get(self).incrementAndGet();
                    sites.leaves(frame);
                });
        sites.begun(site);
        return site;
    }

    private WitnessServer witness() throws IOException {
        return WitnessServer.begin(new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of(new GroupSettings(WEB, A, B, A)),
                300,
                2000));
    }

    @Test
    void whatItSaysStaysHeldUntilTheOtherSiteHasLetItLeave() throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "witness", "host-a", "host-b"));
        EmbeddedClient client = sites.client(VM1);
        try (WitnessServer server = witness();
                sites) {
            witness = server.address();
            RingSite a = begin(A, B);
            RingSite b = begin(B, A);
            a.boot(VM1);
            sites.until("protection at a", () -> a.is(WEB, "PROTECTED"));
            client.start();
            sites.awaitAnswers(List.of(client));
            sites.cutOff(A).gatewayDies();
            int before = left.get(A).get();
            sites.until("a takeover", () -> b.is(WEB, "SOLO"));
            sites.awaitAnswers(List.of(client));
            assertTrue(a.runs(VM1), "beside the one that b has gone on from");

            startsWithAnotherFile(a);
            String owned = "site b owns group web, and vm1 is a member there: unprotect it there first";
            sites.until("why it may not leave yet", () -> a.timeline().stream()
                    .anyMatch(line -> line.startsWith("configuration config-refused: ") && line.contains(owned)));
            sites.until("the older one to be ended", () -> !a.runs(VM1));
            sites.awaitAnswers(List.of(client));
            assertEquals(before, left.get(A).get(), "frames of the older one that left");

            sites.until("leaving at b", () -> !b.config(Map.of("action", "unprotect", "vm", "vm1"))
                    .has("error"));
            sites.until("what the file says to run at a", () -> {
                JsonNode diff = a.config(Map.of("action", "diff", "text", unticked()));
                return diff.has("changes") && diff.path("changes").isEmpty();
            });
            sites.awaitAnswers(List.of(client));
            assertEquals(before, left.get(A).get(), "frames of the older one that left");
            sites.requireNoneBroken();
        }
    }

    private String unticked() {
        return file(A, B).replace(TICKED, "protected: false");
    }

    private void startsWithAnotherFile(RingSite a) throws IOException {
        RingSite.Opener without = opener(A, file(A, B).replace("vm1", "vm9"));
        String refusal =
                assertThrows(IOException.class, () -> a.gatewayStarts(without)).getMessage();
        assertTrue(refusal.startsWith("vm1 was a member of group web when this gateway ended"), refusal);
        a.gatewayStarts(opener(A, unticked()));
        sites.begun(a);
        assertFalse(a.group(WEB).path("vms").isEmpty(), "it is watched still");
    }
}
