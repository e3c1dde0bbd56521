package org.secondsite.lab.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.HostId;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
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
 * Two gateways with their agents and a witness, over real sockets and files: a VM runs on at a site while the other one goes on from it and lets
 * it leave, and the group comes back. Whatever that VM says then is older than what the world has heard.
 */
@Tag("slow")
@Isolated
class OlderCopyTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final int HEARTBEAT_MS = 100;
    private static final int SUSPECT_AFTER_MS = 3_000;
    private static final int PATIENCE_SECONDS = 60;
    private static final int POLL_MS = 20;

    @TempDir
    private Path directory;

    private final int[] ports = freePorts();

    private static int[] freePorts() {
        try {
            return EmbeddedDemo.freePorts(5);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(IpPrefix.parseAddress("127.0.0.1"), port);
    }

    private interface Fact {
        boolean holds() throws IOException;
    }

    private static void until(String what, Fact fact) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!fact.holds()) {
            assertTrue(System.nanoTime() - deadline < 0, "no " + what + " within " + PATIENCE_SECONDS + " s");
            Thread.sleep(POLL_MS);
        }
    }

    /** What a file says of the VM. */
    private enum Tick {
        TICKED,
        UNTICKED
    }

    /** A hypervisor that stays, and a gateway that comes and goes. */
    private final class Site implements AutoCloseable {
        private final SiteId self;
        private final SiteId peer;
        private final InetSocketAddress witness;
        private final int number;
        private final SyntheticVm vm = new SyntheticVm(EmbeddedSite.VM, 1 << 20);
        private final AtomicInteger left = new AtomicInteger();
        private final CheckpointAgent agent;
        private Gateway gateway;
        private LoopbackDataPlane plane;

        Site(SiteId self, SiteId peer, int number, InetSocketAddress witness) throws IOException {
            this.self = self;
            this.peer = peer;
            this.number = number;
            this.witness = witness;
            starts(Tick.TICKED);
            AgentConfig.Proof proof = new AgentConfig.Proof(self, TlsFiles.in(directory, EmbeddedSite.hostOf(self)));
            agent = CheckpointAgent.open(
                    new GatewayAccess(local(ports[2 + number]), Optional.of(proof)), List.of(vm), AgentTiming.USUAL);
        }

        void starts(Tick tick) throws IOException {
            gateway = Gateway.open(
                    config(tick),
                    (chosen, vms, _) -> {
                        plane = new LoopbackDataPlane(vms, 8 << 20, 4 << 20, frame -> left.incrementAndGet());
                        return plane;
                    },
                    (reason, details) -> {
                        throw new AssertionError(reason + ": " + details.get());
                    });
        }

        void dies() {
            gateway.close();
        }

        private GatewayConfig config(Tick tick) {
            return new GatewayConfig(
                    self,
                    peer,
                    new GatewayConfig.Tunnel(
                            local(ports[number]), local(ports[1 - number]), HEARTBEAT_MS, SUSPECT_AFTER_MS, 1 << 20),
                    TlsFiles.in(directory, self.name()),
                    new GatewayConfig.Witness(List.of(witness), 3_000, Optional.of(directory.resolve(self + ".term"))),
                    new GatewayConfig.Checkpoint(
                            local(ports[2 + number]),
                            25,
                            16,
                            List.of(new GatewayConfig.Host(
                                    new HostId(EmbeddedSite.hostOf(self)), List.of(EmbeddedSite.VM)))),
                    new GatewayConfig.Loopback(8 << 20, 4 << 20),
                    Optional.empty(),
                    Optional.empty(),
                    new GatewayConfig.Management(socket()),
                    Optional.empty(),
                    List.of(new GatewayConfig.Group(
                            EmbeddedSite.GROUP,
                            List.of(),
                            List.of(),
                            List.of(new GatewayConfig.Vm(
                                    EmbeddedSite.VM,
                                    tick == Tick.TICKED,
                                    MacAddress.parse("52:54:00:c0:10:01"),
                                    List.of(),
                                    Optional.empty())))));
        }

        private Path socket() {
            return directory.resolve(self + ".sock");
        }

        JsonNode status() throws IOException {
            return ManagementClient.ask(socket(), "status");
        }

        private JsonNode ofVm() throws IOException {
            return status().at("/groups/0/vms/0");
        }

        void await(String state) throws IOException, InterruptedException {
            until(
                    self + " to be " + state,
                    () -> status().at("/groups/0/state").asText().equals(state));
        }

        /** The VM says something, and the gateway says why nobody hears it. */
        void requireWithheld(String why) throws IOException, InterruptedException {
            until("the VM to be withheld because " + why, () -> {
                String words = ofVm().path("waitsFor").asText();
                return ofVm().path("membership").asText().equals("WITHHELD")
                        && words.contains(why)
                        && words.contains("'vouch'");
            });
            int before = left.get();
            plane.fromVm(EmbeddedSite.VM, new byte[100]);
            assertNotEquals("PASS", ofVm().path("output").asText());
            assertEquals(before, left.get(), "frames of the older copy that left");
        }

        @Override
        public void close() {
            gateway.close();
            agent.close();
            vm.kill("the test is over");
        }
    }

    private WitnessServer witness() throws IOException {
        return WitnessServer.begin(new WitnessServerSettings(
                local(0),
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of(new GroupSettings(EmbeddedSite.GROUP, A, B, A)),
                300,
                2000));
    }

    @Test
    void itStaysHeldHoweverOftenItsGatewayStartsAndWhateverThatHasLost() throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "witness", "host-a", "host-b"));
        try (WitnessServer witness = witness();
                Site a = new Site(A, B, 0, witness.address());
                Site b = new Site(B, A, 1, witness.address())) {
            a.vm.boot();
            a.await("PROTECTED");
            a.dies();
            b.await("SOLO");
            b.dies();
            b.starts(Tick.UNTICKED); // by another file
            b.await("SOLO");
            a.starts(Tick.TICKED);
            b.await("PROTECTED");
            b.dies();
            a.await("SOLO");
            a.requireWithheld("site b may have gone on from vm1");

            a.dies();
            a.starts(Tick.TICKED);
            a.await("SOLO");
            a.requireWithheld("site b may have gone on from vm1");

            a.dies();
            Path memory = directory.resolve("a.term.members");
            Files.writeString(memory, Files.readString(memory).replace("older", "only"));
            a.starts(Tick.TICKED);
            a.await("SOLO");
            a.requireWithheld("was damaged");
            assertTrue(a.status().path("memory").asText().contains("was damaged"));

            int before = a.left.get();
            JsonNode vouched =
                    ManagementClient.ask(a.socket(), "vouch", Map.of("vm", "vm1", "reason", "site b is off for good"));
            assertEquals("vm1", vouched.path("vm").asText(), vouched.toString());
            until("what it says to leave", () -> {
                a.plane.fromVm(EmbeddedSite.VM, new byte[100]);
                return a.left.get() > before;
            });
            assertEquals("", a.status().path("memory").asText());
        }
    }
}
