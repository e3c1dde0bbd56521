package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.HostId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.Gateway;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.pki.PkiCommand;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.io.CheckpointAgent;
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
    private static final int CONNECTIONS = 10;
    private static final int ANSWERS = 50;
    private static final int PATIENCE_SECONDS = 90;
    private static final int POLL_MS = 20;

    @TempDir
    private Path directory;

    private final int[] ports = freePorts();
    private final Map<SiteId, Site> alive = new ConcurrentHashMap<>();
    private final List<EmbeddedClient> clients = new ArrayList<>();
    private InetSocketAddress witness;

    private static int[] freePorts() {
        try {
            return EmbeddedDemo.freePorts(COUNT * COUNT);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(IpPrefix.parseAddress("127.0.0.1"), port);
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

    private interface Fact {
        boolean holds() throws IOException;
    }

    private void until(String what, Fact fact) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!fact.holds()) {
            assertTrue(
                    System.nanoTime() - deadline < 0, "no " + what + " within " + PATIENCE_SECONDS + " s: " + states());
            Thread.sleep(POLL_MS);
        }
    }

    /** What each living site says of its groups. */
    private String states() throws IOException {
        StringBuilder all = new StringBuilder();
        for (Site site : alive.values()) {
            site.status().path("groups").forEach(group -> all.append(site.self)
                    .append(' ')
                    .append(group.path("name").asText())
                    .append(' ')
                    .append(group.path("state").asText())
                    .append(": ")
                    .append(group.path("reason").asText())
                    .append("; "));
        }
        return all.toString();
    }

    /** Everything of one site; it ends as a whole. */
    private final class Site implements AutoCloseable {
        private final int number;
        private final SiteId self;
        private final Map<VmId, SyntheticVm> vms;
        private final Gateway gateway;
        private final CheckpointAgent agent;
        private LoopbackDataPlane plane;

        Site(int number) throws IOException {
            this.number = number;
            self = site(number);
            VmId own = vm(number);
            VmId others = vm(number + COUNT - 1);
            vms = Map.of(own, new SyntheticVm(own, 1 << 20), others, new SyntheticVm(others, 1 << 20));
            gateway = Gateway.open(
                    config(),
                    (chosen, known, _) -> {
                        plane = new LoopbackDataPlane(known, 8 << 20, 4 << 20, RingTest.this::leaves);
                        return plane;
                    },
                    (reason, details) -> {
                        throw new AssertionError(reason + ": " + details.get());
                    });
            AgentConfig.Proof proof = new AgentConfig.Proof(self, TlsFiles.in(directory, EmbeddedSite.hostOf(self)));
            agent = CheckpointAgent.open(
                    new GatewayAccess(agents(number), Optional.of(proof)),
                    List.copyOf(vms.values()),
                    AgentTiming.USUAL);
        }

        private GatewayConfig.Peer peer(int there) {
            return new GatewayConfig.Peer(
                    site(there),
                    new GatewayConfig.Tunnel(
                            tunnel(number, there), tunnel(there, number), HEARTBEAT_MS, SUSPECT_AFTER_MS, 1 << 20));
        }

        private GatewayConfig.Group group(int which, SiteId standby) {
            return new GatewayConfig.Group(
                    RingTest.group(which),
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

        private GatewayConfig config() {
            int next = number + 1;
            int before = number + COUNT - 1;
            return new GatewayConfig(
                    self,
                    List.of(peer(next), peer(before)),
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

        /** A request from outside; a VM that does not run here says nothing. */
        void deliver(int which, byte[] request) {
            SyntheticVm vm = vms.get(vm(which));
            if (vm != null) {
                Conversations.answer(vm, request, frame -> {
                    frame[Conversations.FRAME_BYTES - 1] = (byte) which;
                    plane.fromVm(vm(which), frame);
                });
            }
        }

        JsonNode status() throws IOException {
            return ManagementClient.ask(directory.resolve(self + ".sock"), "status");
        }

        boolean is(GroupId group, String state) throws IOException {
            for (JsonNode one : status().path("groups")) {
                if (one.path("name").asText().equals(group.name())) {
                    return one.path("state").asText().equals(state);
                }
            }
            return false;
        }

        /** First nothing gets out any more. */
        @Override
        public void close() {
            plane.close();
            gateway.close();
            agent.close();
            vms.values().forEach(vm -> vm.kill("the site died"));
        }
    }

    private void leaves(byte[] frame) {
        clients.get(frame[Conversations.FRAME_BYTES - 1]).receive(frame);
    }

    private boolean isAnywhere(int which, String state) throws IOException {
        for (Site site : alive.values()) {
            if (site.is(group(which), state)) {
                return true;
            }
        }
        return false;
    }

    private void awaitProtection() throws IOException, InterruptedException {
        for (int which = 0; which < COUNT; which++) {
            int of = which;
            until("protection of " + group(of), () -> isAnywhere(of, "PROTECTED"));
        }
    }

    private void awaitAnswers() throws IOException, InterruptedException {
        for (int which = 0; which < COUNT; which++) {
            EmbeddedClient client = clients.get(which);
            long enough = client.tally().answers() + ANSWERS;
            until("answers of " + vm(which), () -> client.tally().answers() >= enough);
        }
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
        alive.put(site(number), new Site(number));
    }

    private void startClient(int which) {
        EmbeddedClient client = new EmbeddedClient(
                CONNECTIONS, request -> alive.values().forEach(site -> site.deliver(which, request)));
        clients.add(client);
    }

    @Test
    void eachSiteDiesInTurnAndEveryGroupsClientsGoOn() throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "c", "witness", "host-a", "host-b", "host-c"));
        for (int which = 0; which < COUNT; which++) {
            startClient(which);
        }
        try (WitnessServer server = witness()) {
            witness = server.address();
            for (int number = 0; number < COUNT; number++) {
                begin(number);
                alive.get(site(number)).vms.get(vm(number)).boot();
            }
            awaitProtection();
            clients.forEach(EmbeddedClient::start);
            int taken = 0;
            for (int number = 0; number < COUNT; number++) {
                awaitProtection();
                awaitAnswers();
                Site dies = alive.remove(site(number));
                for (int which = 0; which < COUNT; which++) {
                    taken += dies.is(group(which), "PROTECTED") ? 1 : 0;
                }
                dies.close();
                awaitAnswers();
                begin(number);
            }
            awaitProtection();
            awaitAnswers();
            assertTrue(taken >= COUNT, taken + " groups were owned where a site died");
            for (EmbeddedClient client : clients) {
                assertEquals(0, client.tally().broken(), client.tally().toString());
            }
        } finally {
            clients.forEach(EmbeddedClient::close);
            alive.values().forEach(Site::close);
        }
    }
}
