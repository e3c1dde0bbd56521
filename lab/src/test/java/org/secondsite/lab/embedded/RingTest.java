package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.HostId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.Gateway;
import org.secondsite.pki.PkiCommand;
import org.secondsite.testing.FreePort;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;

/**
 * Three sites, each with a gateway, an agent and two VMs, and a witness, over real sockets and files: b stands by for a, c for b, and a for c.
 * Each dies in turn and comes back, and clients of all three VMs keep their own record.
 */
@Tag("slow")
@Isolated
class RingTest {
    private static final List<SiteId> SITES = List.of(new SiteId("a"), new SiteId("b"), new SiteId("c"));
    private static final int COUNT = 3;
    private static final int HEARTBEAT_MS = 100;
    private static final int SUSPECT_AFTER_MS = 1_500;

    @TempDir
    private Path directory;

    private final int[] ports = new int[COUNT * COUNT];
    private final LivingSites sites = new LivingSites();
    private InetSocketAddress witness;

    @BeforeEach
    void findPorts() throws IOException {
        for (int i = 0; i < ports.length; i++) {
            ports[i] = FreePort.onLoopback();
        }
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static SiteId site(int number) {
        return SITES.get(number % COUNT);
    }

    /** The VM that runs first at this site, and has the next one as its standby. */
    private static VmId vm(int number) {
        return new VmId("vm" + number % COUNT);
    }

    private static GroupId group(int number) {
        return new GroupId("group" + number % COUNT);
    }

    /** Where the gateway of a site listens for the one of another. */
    private InetSocketAddress tunnel(int here, int there) {
        return local(ports[COUNT * (here % COUNT) + there % COUNT]);
    }

    /** No site has a tunnel to itself. */
    private InetSocketAddress agents(int number) {
        return tunnel(number, number);
    }

    private GatewayConfig.Peer peer(int here, int there) {
        return new GatewayConfig.Peer(
                site(there),
                new GatewayConfig.Tunnel(
                        tunnel(here, there), tunnel(there, here), HEARTBEAT_MS, SUSPECT_AFTER_MS, 1 << 20));
    }

    private static GatewayConfig.Group group(int which, SiteId standby) {
        return new GatewayConfig.Group(
                group(which),
                Optional.of(standby),
                List.of(),
                List.of(),
                List.of(new GatewayConfig.Vm(
                        vm(which),
                        true,
                        MacAddress.parse("52:54:00:c0:10:0" + which % COUNT),
                        List.of(),
                        Optional.empty())));
    }

    private GatewayConfig config(int number) {
        SiteId self = site(number);
        int next = number + 1;
        int before = number + COUNT - 1;
        return new GatewayConfig(
                self,
                List.of(peer(number, next), peer(number, before)),
                TlsFiles.in(directory, self.name()),
                new GatewayConfig.Witness(List.of(witness), 3_000, Optional.of(directory.resolve(self + ".term"))),
                new GatewayConfig.Checkpoint(
                        agents(number),
                        25,
                        16,
                        List.of(new GatewayConfig.Host(
                                new HostId(EmbeddedSite.hostOf(self)), List.of(vm(number), vm(before))))),
                new GatewayConfig.Loopback(8 << 20, 4 << 20),
                Optional.empty(),
                Optional.empty(),
                new GatewayConfig.Management(directory.resolve(self + ".sock")),
                Optional.empty(),
                List.of(group(number, site(next)), group(before, site(before))));
    }

    private WitnessServer witness() throws IOException {
        return WitnessServer.begin(new WitnessServerSettings(
                local(0),
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of(
                        new GroupSettings(group(0), site(0), site(1), site(0)),
                        new GroupSettings(group(1), site(1), site(2), site(1)),
                        new GroupSettings(group(2), site(2), site(0), site(2))),
                300,
                2000));
    }

    private void begin(int number) throws IOException {
        sites.begun(new RingSite(
                site(number),
                directory,
                agents(number),
                List.of(vm(number), vm(number + COUNT - 1)),
                (factory, ending) -> Gateway.open(config(number), factory, ending),
                sites::end,
                sites::leaves));
    }

    private void awaitProtection() throws IOException, InterruptedException {
        for (int which = 0; which < COUNT; which++) {
            sites.awaitProtection(group(which));
        }
    }

    @Test
    void eachSiteDiesInTurnAndEveryGroupsClientsGoOn() throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "c", "witness", "host-a", "host-b", "host-c"));
        List<EmbeddedClient> clients = new ArrayList<>();
        for (int which = 0; which < COUNT; which++) {
            clients.add(sites.client(vm(which)));
        }
        try (WitnessServer server = witness();
                sites) {
            witness = server.address();
            for (int number = 0; number < COUNT; number++) {
                begin(number);
                sites.at(site(number)).boot(vm(number));
            }
            awaitProtection();
            clients.forEach(EmbeddedClient::start);
            int taken = 0;
            for (int number = 0; number < COUNT; number++) {
                awaitProtection();
                sites.awaitAnswers(clients);
                try (RingSite dies = sites.cutOff(site(number))) {
                    for (int which = 0; which < COUNT; which++) {
                        taken += dies.is(group(which), "PROTECTED") ? 1 : 0;
                    }
                }
                sites.awaitAnswers(clients);
                begin(number);
            }
            awaitProtection();
            sites.awaitAnswers(clients);
            assertTrue(taken >= COUNT, taken + " groups were owned where a site died");
            sites.requireNoneBroken();
        }
    }
}
