package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabPlan;
import org.secondsite.lab.plan.ProcessPlan;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.SwitchCommands;
import org.secondsite.lab.plan.Topology;

/** Routers, switch and guest of the lab without our gateway: a BIRD speaks in its place, and one flow forwards all. */
@Tag("lab")
@Timeout(300)
class FabricTest {
    private final String name = TestNames.lab();
    private final LabOptions options = new LabOptions(name, 0, LabOptions.Load.IDLE, true);

    @AfterEach
    void leaveNothing() throws IOException {
        Lab.down(name);
    }

    @Test
    void theGuestAnswersTheClientAndTheCoreLeavesADeadRouterAtOnce() throws Exception {
        LabPlan plan =
                LabPlan.of(options, new GuestImage(GuestImage.defaultCache()).files(Guest.MEMORY), ThisJava.runtime());
        LabTopology.up(plan.topology());
        LabStart.writeFiles(plan);
        LabProcesses processes = new LabProcesses(plan);
        processes.start(plan.processes().stream().filter(FabricTest::isFabric).toList());
        processes.start(List.of(standIn(plan, Site.A, 0), standIn(plan, Site.B, 3)));
        new LabState(options, processes.started()).write();
        String core = Topology.core(name);
        processes.requireAlive(processes.started());
        Waiting.until("the core's route to the guest", 20, () -> routeOf(core).contains("via 10.0.1.2"));
        for (Site site : Site.PAIR) {
            Commands.run("ip", "-n", Topology.gateway(name, site), "addr", "add", "203.0.113.1/24", "dev", "in0");
            Waiting.until("the bridge of site " + site.id(), 10, () -> {
                Commands.run(
                        "ovs-ofctl",
                        "-O",
                        "OpenFlow14",
                        "add-flow",
                        "unix:" + SwitchCommands.management(plan.paths(), site),
                        "actions=NORMAL");
                return true;
            });
        }
        Waiting.until(
                "the guest to boot", 180, () -> Files.readString(plan.paths().serial(Site.A))
                        .contains("GUEST-SERVING"));
        Waiting.until("the guest's answer", 20, () -> ask(LabNumbers.ECHO_PORT, "hello")
                .equals("1"));
        assertEquals("1", ask(LabNumbers.TICK_PORT, ""));
        assertEquals("ok", ask(LabNumbers.CONTROL_PORT, "busy 1024 1000"));
        assertEquals("ok", ask(LabNumbers.CONTROL_PORT, "idle"));
        assertEquals("error", ask(LabNumbers.CONTROL_PORT, "dance"));
        theClientSeesAnUnbrokenService(plan);

        Lab lab = Lab.existing(name);
        assertTrue(lab.qemu(Site.A).isPresent(), "QEMU is found by its pid file");
        long startNanos = System.nanoTime();
        assertEquals(3, lab.kill("router:a").size(), "zebra, bgpd and bfdd");
        Waiting.until("the core to route to site B", 5, () -> routeOf(core).contains("via 10.0.2.2"));
        long tookMillis = (System.nanoTime() - startNanos) / 1_000_000;
        System.out.println("the core left the dead router after " + tookMillis + " ms");
        assertTrue(tookMillis < 2_000, "by BFD, not by the hold time of 9 s: " + tookMillis + " ms");
    }

    private void theClientSeesAnUnbrokenService(LabPlan plan) throws IOException {
        Path record = plan.paths().file("client.jsonl");
        try (OutsideClient client =
                OutsideClient.start(Topology.client(name), new OutsideClient.Traffic(20, 20, 20), record)) {
            long startNanos = System.nanoTime();
            Waiting.pause(2_000);
            assertTrue(client.firstAfter(startNanos).isPresent(), "numbers come");
            ClientVerdict verdict = client.stop();
            System.out.println(verdict);
            assertTrue(verdict.nothingLost(), verdict.toString());
            assertEquals(40, verdict.connections());
            assertTrue(verdict.received() > 20 * 30, "20 ticks a second and more echoes: " + verdict);
        }
        assertTrue(Files.readString(record).startsWith("{\"t\":"), "every number stands in the record");
    }

    private String ask(int port, String line) throws IOException {
        return GuestProbe.ask(Topology.client(name), port, line);
    }

    private static boolean isFabric(ProcessPlan process) {
        return switch (process.role()) {
            case CORE, ROUTER, SWITCH, QEMU -> true;
            case GATEWAY, AGENT, WITNESS, WAN -> false;
        };
    }

    private static String routeOf(String namespace) throws IOException {
        return Commands.run("ip", "-n", namespace, "route", "show", LabNumbers.VM_PREFIX);
    }

    /** A BIRD that announces the guest's prefix as the gateway would, with its own number so often more in the path. */
    private static ProcessPlan standIn(LabPlan plan, Site site, int prepended) throws IOException {
        Path config = plan.paths().file("stand-in-" + site.id() + ".conf");
        String prepend = "bgp_path.prepend(65100); ".repeat(prepended);
        Files.writeString(config, """
                router id %s;
                protocol device { }
                protocol static { ipv4; route 203.0.113.0/24 blackhole; }
                protocol bgp uplink {
                  local %s as 65100;
                  neighbor %s as %d;
                  connect delay time 1;
                  connect retry time 1;
                  ipv4 { import none; export filter { %saccept; }; next hop self; };
                }
                """.formatted(
                        site.uplinkAddress(), site.uplinkAddress(), site.routerAddress(), site.routerAs(), prepend));
        List<String> command = new ArrayList<>(List.of("bird", "-f", "-c", config.toString()));
        command.addAll(List.of(
                "-s", plan.paths().file("stand-in-" + site.id() + ".ctl").toString()));
        command.addAll(List.of(
                "-P", plan.paths().file("stand-in-" + site.id() + ".pid").toString()));
        return new ProcessPlan(
                Role.GATEWAY,
                Optional.of(site),
                "stand-in-" + site.id(),
                Topology.gateway(plan.options().name(), site),
                0,
                command);
    }
}
