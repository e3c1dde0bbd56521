package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchListener;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.SwitchController;
import org.secondsite.openflow.pipeline.Layout;

/**
 * Random roles, writes and masters of os-ken, full tables, an absent gateway, and deaths of a real switch and of its database, while a random
 * number of VMs talk, some of them in VLANs; a capture at every VM and at the gateway is the judge. {@code -Dsecondsite.storm.seconds=600 -Dsecondsite.storm.vms=50} for a long one, {@code
 * -Dsecondsite.storm.flips=200} for one that goes on until roles have changed so many times, {@code -Dsecondsite.storm.version=1.4} for one over
 * that version, {@code -Dsecondsite.storm.seed=N} for the same choices again.
 */
@Tag("lab")
@Timeout(value = 2, unit = TimeUnit.HOURS)
class SwitchStormTest {
    private static final long SECONDS = Long.getLong("secondsite.storm.seconds", 15);

    /** The storm goes on until roles have changed so many times, however long that takes. */
    private static final int FLIPS = Integer.getInteger("secondsite.storm.flips", 0);

    /** Of OpenFlow, as 1.3 or 1.4; empty if chance chooses. */
    private static final String VERSION = System.getProperty("secondsite.storm.version", "");

    private static final int MAX_VMS = Integer.getInteger("secondsite.storm.vms", 12);
    private static final SwitchId ID = new SwitchId("sw-a");
    private static final List<Role> ROLES = List.of(Role.OWNER, Role.STANDBY, Role.FENCED);
    private static final int FOREIGN_PORT = 6699;
    private static final long PATIENCE_SECONDS = 30;

    /** Twice as long as an Open vSwitch waits before it bridges by itself, if it may; in a short storm there is no time for it. */
    private static final long GONE_MS = SECONDS < 60 && FLIPS == 0 ? 500 : 30_000;

    /** An audit's interval is less than half a second; the rest is the machine's. */
    private static final long MAX_LEAK_MICROS = 3_000_000;

    @TempDir
    private Path directory;

    private final BlockingQueue<Told> told = new LinkedBlockingQueue<>();
    private final StormJudge judge = new StormJudge();
    private final List<String> story = new ArrayList<>();
    private final Map<String, Integer> counts = new TreeMap<>();
    private OpenVSwitch ovs;
    private SwitchController controller;
    private long term;

    /** What the controller has told. */
    private record Told(String what, long term) {}

    @Test
    void nothingGetsPastTheGatewayOrAFence() throws Exception {
        long seed = Long.getLong("secondsite.storm.seed", System.nanoTime());
        Random random = new Random(seed);
        int vms = 1 + random.nextInt(MAX_VMS);
        String version = version(random);
        try (Namespace namespace = Namespace.create("sw");
                OpenVSwitch opened = new OpenVSwitch(namespace, directory, SwitchSite.DATAPATH)) {
            ovs = opened;
            ovs.vsctl("set", "bridge", OpenVSwitch.BRIDGE, "protocols=OpenFlow10," + version);
            try (Crowd crowd = new Crowd(namespace, ovs, vms, directory, random)) {
                theCaptureSeesWhatASwitchLetsThrough(crowd);
                try (ForeignController foreign = new ForeignController(namespace, directory, FOREIGN_PORT, version)) {
                    come(namespace);
                    foreign.awaitConnected();
                    storm(foreign, namespace, crowd, random);
                    everyOwnedVmIsHeard(crowd);
                    // What is under way arrives.
                    apply(roles(crowd, random));
                } finally {
                    if (controller != null) {
                        controller.close();
                    }
                }
                List<Crowd.Arrival> arrivals = crowd.arrivals();
                List<Crowd.Arrival> violations = judge.violations(arrivals);
                String summary =
                        "seed %d: %d VMs, %s, %d acts %s, %d frames, %d of them leaked by others' writes, for %d ms at most"
                                .formatted(
                                        seed,
                                        vms,
                                        version,
                                        story.size(),
                                        counts,
                                        arrivals.size(),
                                        judge.leaks(),
                                        judge.longestLeak() / 1000);
                System.out.println(summary);
                assertEquals(
                        List.of(),
                        StormJudge.bursts(violations),
                        () -> violations.size() + " frames; " + summary + "\n" + String.join("\n", story));
                assertTrue(judge.longestLeak() < MAX_LEAK_MICROS, summary + "\n" + String.join("\n", story));
                assertTrue(arrivals.size() > 100, summary);
            }
        }
    }

    private static String version(Random random) {
        String chosen = random.nextBoolean() ? "1.3" : "1.4";
        return "OpenFlow" + (VERSION.isEmpty() ? chosen : VERSION).replace(".", "");
    }

    /** Without a controller a flow of somebody's leads past the gateway: the judge has to say so. */
    private void theCaptureSeesWhatASwitchLetsThrough(Crowd crowd) throws Exception {
        ovs.ofctl("add-flow", "priority=7,actions=NORMAL");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (new StormJudge().violations(crowd.arrivals()).isEmpty()) {
            assertTrue(System.nanoTime() < deadline, "the capture sees nothing");
            Thread.sleep(50);
        }
    }

    /** Or else nothing would be seen to get past the gateway because nothing is seen at all. */
    private void everyOwnedVmIsHeard(Crowd crowd) throws Exception {
        apply(IntStream.rangeClosed(1, crowd.vms())
                .mapToObj(number -> crowd.vm(number, Role.OWNER))
                .toList());
        long since = micros();
        Set<Integer> missing = new TreeSet<>();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        do {
            assertTrue(System.nanoTime() < deadline, () -> "not heard at the gateway: " + missing);
            Thread.sleep(50);
            IntStream.rangeClosed(1, crowd.vms()).forEach(missing::add);
            crowd.arrivals().stream()
                    .filter(arrival -> arrival.at() == Crowd.GATEWAY && arrival.micros() > since)
                    .forEach(arrival -> missing.remove(arrival.from()));
        } while (!missing.isEmpty());
    }

    private SwitchController open() throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        SwitchSettings settings = new SwitchSettings(ID, SwitchSite.DATAPATH, Crowd.port(Crowd.GATEWAY));
        return SwitchController.open(new ControllerSettings(any, List.of(settings)), new SwitchListener() {
            @Override
            public void connected(SwitchId switchId) {}

            @Override
            public void disconnected(SwitchId switchId, String reason) {
                note("disconnected", 0);
            }

            @Override
            public void confirmed(SwitchId switchId, long underTerm, int flows, long nanoTime) {
                note("confirmed", underTerm);
            }

            @Override
            public void partial(SwitchId switchId, long underTerm, int flows, Set<String> without, long nanoTime) {
                note("partial " + without, underTerm);
            }

            @Override
            public void fenced(SwitchId switchId, long underTerm, int fenced, long nanoTime) {
                note("fenced", underTerm);
            }

            @Override
            public void contested(SwitchId switchId, long underTerm) {
                note("contested", underTerm);
            }

            @Override
            public void drifted(SwitchId switchId, long underTerm, String what, long good, long frames) {
                note("drifted", underTerm);
            }

            @Override
            public void refused(SwitchId switchId, long underTerm, String reason) {}
        });
    }

    private void come(Namespace namespace) throws Exception {
        controller = namespace.call(this::open);
        ovs.setControllers(controller.address().getPort(), FOREIGN_PORT);
    }

    private void storm(ForeignController foreign, Namespace namespace, Crowd crowd, Random random) throws Exception {
        apply(roles(crowd, random));
        judge.begin(micros());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (System.nanoTime() < end || counts.getOrDefault("roles", 0) < FLIPS) {
            int choice = random.nextInt(21);
            if (choice < 10) {
                apply(roles(crowd, random));
            } else if (choice < 15) {
                write(foreign, List.of("normal", "alter", "delete").get(random.nextInt(3)));
            } else if (choice < 17) {
                take(foreign, roles(crowd, random));
            } else if (choice == 17) {
                act("the gateway is gone");
                controller.close();
                Thread.sleep(GONE_MS);
                come(namespace);
                apply(roles(crowd, random));
            } else if (choice == 18) {
                act("the tables are full");
                ovs.limitTables(Layout.TABLES.tables());
                apply(roles(crowd, random));
                apply(roles(crowd, random));
                ovs.unlimitTables();
            } else if (choice == 19) {
                act("the switch's database dies");
                ovs.crashDatabase();
                apply(roles(crowd, random));
            } else {
                act("the switch dies");
                told.clear();
                ovs.crashAndRestart();
                await("disconnected", 0);
                await("confirmed", term);
                judge.confirmed(settled());
            }
        }
    }

    /** New roles under a new term. */
    private void apply(List<VmAttachment> vms) throws Exception {
        term++;
        act("roles under term " + term + ": "
                + vms.stream().map(vm -> vm.role().name().substring(0, 1)).toList());
        told.clear();
        long before = micros();
        for (int i = 0; i < vms.size(); i++) {
            if (vms.get(i).role() == Role.OWNER) {
                judge.admitted(i + 1, before);
            }
        }
        controller.apply(ID, term, vms);
        boolean isFenced = false;
        Told next;
        do {
            next = next();
            if (next.what().equals("fenced") && next.term() == term) {
                isFenced = true;
                silenced(vms, settled());
            }
        } while (!next.what().equals("confirmed") || next.term() != term);
        long settled = settled();
        if (!isFenced) {
            silenced(vms, settled);
        }
        judge.confirmed(settled);
    }

    /** When the switch does what it was told, and nothing any more that it remembers. */
    private long settled() throws IOException {
        ovs.awaitRevalidated();
        return micros();
    }

    private void silenced(List<VmAttachment> vms, long micros) {
        for (int i = 0; i < vms.size(); i++) {
            if (vms.get(i).role().isSilent()) {
                judge.silenced(i + 1, micros);
            }
        }
    }

    private void write(ForeignController foreign, String command) throws Exception {
        act(command + " by another");
        told.clear();
        judge.foreignWrite(micros());
        foreign.carryOut("equal");
        foreign.carryOut(command);
        await("drifted", term);
        await("confirmed", term);
        judge.confirmed(settled());
    }

    /** Another is master in a later generation and writes; this site gets a newer term, as from the witness. */
    private void take(ForeignController foreign, List<VmAttachment> vms) throws Exception {
        act("another is master in " + (term + 1));
        told.clear();
        judge.foreignWrite(micros());
        foreign.carryOut("master " + (term + 1));
        foreign.carryOut("normal");
        await("contested", term);
        term++;
        apply(vms);
        assertFalse(foreign.printed().isEmpty());
    }

    private static List<VmAttachment> roles(Crowd crowd, Random random) {
        // All the same, or each of its own.
        Role all = ROLES.get(random.nextInt(ROLES.size()));
        boolean isMixed = random.nextBoolean();
        List<VmAttachment> roles = new ArrayList<>();
        for (int vm = 1; vm <= crowd.vms(); vm++) {
            roles.add(crowd.vm(vm, isMixed ? ROLES.get(random.nextInt(ROLES.size())) : all));
        }
        return roles;
    }

    private void act(String what) {
        counts.merge(
                what.replaceFirst("roles .*", "roles").replaceFirst("another is .*", "another is master"),
                1,
                Integer::sum);
        story.add(micros() % 100_000_000 + " us: " + what);
    }

    private void note(String what, long underTerm) {
        told.add(new Told(what, underTerm));
    }

    private Told await(String what, long underTerm) throws InterruptedException {
        Told next;
        do {
            next = next();
        } while (!next.what().equals(what) || next.term() != underTerm);
        return next;
    }

    private Told next() throws InterruptedException {
        Told next = told.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return next != null ? next : fail("nothing is told\n" + String.join("\n", story));
    }

    private static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
