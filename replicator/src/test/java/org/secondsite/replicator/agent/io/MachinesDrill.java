package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.agent.AgentSettings;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.testing.Opened;

/**
 * Guests on the machines that real sites have: killed at any instant, rebooted while they are protected, and killed while they boot; each
 * time they go on at the other site. Under TCG. Needs qemu-system-x86, busybox-static, and apt, which fetches the rest.
 *
 * <p>Its name keeps it out of the usual run: {@code ./secondsite test replicator MachinesDrill}, as the nightly run does; some of the
 * machines: {@code -Dsecondsite.machines=UEFI,PC}. {@code -Dsecondsite.rounds=N} for more kills, {@code -Dsecondsite.seed=S} for other moments.
 */
@Tag("lab")
@Timeout(value = 1200, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MachinesDrill {
    private static final VmId VM = new VmId("vm1");
    private static final long SEED = Long.getLong("secondsite.seed", 7);
    private static final int ROUNDS = Integer.getInteger("secondsite.rounds", 3);
    private static final int INTERVAL_MS = 100;
    private static final int MAX_IDLE_BYTES = 100_000;
    private static final int SECONDS = 180;
    private static final int MANY = 8;
    private static final int SMALL_MIB = 80;
    private static final List<String> CD_DRIVERS =
            List.of("scsi_common", "scsi_mod", "libata", "ata_piix", "cdrom", "sr_mod", "isofs");
    private static final List<String> EFI_DRIVERS = List.of("efivarfs");

    /**
     * Variables of the firmware count the boots, one for each, since the kernel lets nobody write over one of them. The first four bytes say
     * that it is kept, and that a system that runs may see it.
     */
    private static final String COUNT_BOOTS = """
            mount -t efivarfs none /vars
            b=1
            while [ -e /vars/Boot-$b-3b2ae0c1-76ae-4c4a-9c9c-0b6f2e4b4ae1 ]; do b=$((b+1)); done
            printf "\\007\\000\\000\\000$b" >/vars/Boot-$b-3b2ae0c1-76ae-4c4a-9c9c-0b6f2e4b4ae1 && echo "boot $b"
            """;

    private static final String READ_MEDIUM = """
            [ $((n % 20)) != 0 ] || {
              mount -t iso9660 -o ro /dev/sr0 /medium && echo "medium $(cat /medium/meta-data)"
              umount /medium
              echo 3 >/proc/sys/vm/drop_caches
            }
            """;

    /** The machines. */
    enum Machine {
        PC(96, "pc-i440fx-7.2", 1),
        PC_OF_TWO(96, "pc", 2),
        PC_OF_FOUR(96, "pc", 4),
        Q35(96, "q35", 1),
        Q35_OF_TWO(96, "q35", 2),
        Q35_OF_FOUR(96, "q35", 4),
        /** With a picture, a keyboard and what else a desktop has. */
        WELL_EQUIPPED(96, "q35", 2) {
            @Override
            List<String> devices(Path home) {
                return List.of(
                        "-device",
                        "virtio-vga",
                        "-device",
                        "qemu-xhci",
                        "-device",
                        "usb-tablet",
                        "-device",
                        "virtio-rng-pci",
                        "-device",
                        "virtio-balloon-pci",
                        "-device",
                        "virtio-serial-pci");
            }
        },
        UEFI(192, "q35", 2) {
            @Override
            List<String> devices(Path home) throws IOException {
                return firmware(home);
            }

            @Override
            LabScript script() {
                return new LabScript(EFI_DRIVERS, "mkdir /vars; " + COUNT_BOOTS, ":");
            }
        },
        UEFI_ON_PC(192, "pc", 1) {
            @Override
            List<String> devices(Path home) throws IOException {
                return firmware(home);
            }

            @Override
            LabScript script() {
                return UEFI.script();
            }
        },
        CLOUD_INIT(128, "pc", 1) {
            @Override
            List<String> devices(Path home) throws IOException {
                Path both = home.resolveSibling("seed.iso");
                if (!Files.exists(both)) {
                    makeSeed(both, "web1");
                }
                Path iso = home.resolve("seed.iso");
                if (!Files.exists(iso)) {
                    Files.copy(both, iso);
                }
                String drive = "if=none,id=seed,format=raw,readonly=on,media=cdrom,file=" + iso;
                return List.of("-drive", drive, "-device", "ide-cd,drive=seed,id=cd0");
            }

            @Override
            LabScript script() {
                return new LabScript(CD_DRIVERS, "mkdir /medium", READ_MEDIUM);
            }
        },
        /** Another QEMU, with other versions of the machines. */
        BACKPORTS_PC(96, "pc", 1),
        BACKPORTS_Q35(96, "q35", 4);

        private final int ramMiB;
        private final String type;
        private final int processors;

        Machine(int ramMiB, String type, int processors) {
            this.ramMiB = ramMiB;
            this.type = type;
            this.processors = processors;
        }

        /** What is plugged in. */
        List<String> devices(Path home) throws IOException {
            return List.of();
        }

        LabScript script() {
            return LabScript.of(":");
        }

        private LabGuest at(Path home) throws IOException {
            Files.createDirectories(home);
            LabMachine machine = name().startsWith("BACKPORTS")
                    ? LabMachine.ofBackports(type, processors)
                    : LabMachine.of(type, processors);
            return new LabGuest(VM, home, ramMiB, script(), machine.with(devices(home)));
        }

        static Stream<Machine> wanted() {
            String some = System.getProperty("secondsite.machines", "");
            return some.isEmpty()
                    ? Stream.of(values())
                    : Stream.of(some.split(",")).map(Machine::valueOf);
        }
    }

    /** Its code is every site's, its variables are the VM's own. */
    private static List<String> firmware(Path home) throws IOException {
        Path ovmf = UnpackedPackages.of("ovmf").resolve("usr/share/OVMF");
        Path variables = home.resolve("variables.fd");
        if (!Files.exists(variables)) {
            Files.copy(ovmf.resolve("OVMF_VARS_4M.fd"), variables);
        }
        return List.of(
                "-drive",
                "if=pflash,unit=0,format=raw,readonly=on,file=" + ovmf.resolve("OVMF_CODE_4M.fd"),
                "-drive",
                "if=pflash,unit=1,format=raw,file=" + variables);
    }

    /** What cloud-init looks for: an ISO with this label, and files with these names. */
    private static void makeSeed(Path iso, String instance) throws IOException {
        Path files = Files.createTempDirectory(iso.getParent(), "seed");
        Files.writeString(files.resolve("meta-data"), "instance-id: " + instance + "\n");
        Files.writeString(files.resolve("user-data"), "#cloud-config\n");
        String program = UnpackedPackages.of("genisoimage")
                .resolve("usr/bin/genisoimage")
                .toString();
        Process made = new ProcessBuilder(
                        program, "-quiet", "-V", "cidata", "-J", "-r", "-o", iso.toString(), files.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(Files.exists(iso), said);
    }

    @TempDir
    Path directory;

    @RegisterExtension
    final Opened open = new Opened();

    private final Random random = new Random(SEED);
    private int term;

    /** A site: a place for the guest, an agent and its gateway. */
    private final class Site {
        private final LabGuest guest;
        private final RecordingGateway gateway;
        private final StateTap tap;
        private final Path home;

        Site(String name, Machine machine) throws Exception {
            home = directory.resolve(name);
            guest = machine.at(home);
            open.add(guest::remove);
            gateway = open.add(new RecordingGateway(VM, EnumSet.allOf(Capability.class)));
            tap = open.add(new StateTap(gateway.address()));
        }

        void agent() throws IOException {
            open.add(CheckpointAgent.open(
                    new AgentSettings(GatewayAccess.plain(tap.address()), List.of(guest.settings())),
                    QemuAgentLabTest.NO_ENDING));
        }

        List<Integer> ticks() throws IOException {
            return LabGuest.ticks(guest.console());
        }

        void goesOn() throws Exception {
            guest.awaitTick(ticks().size() + 10, SECONDS);
            String console = guest.console();
            for (String trouble : List.of("Oops", "BUG:", "Kernel panic", "Call Trace", "I/O error")) {
                assertFalse(console.contains(trouble), console);
            }
        }

        void awaits(String word) throws Exception {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (!guest.console().contains(word)) {
                assertTrue(System.nanoTime() < deadline, () -> "no '" + word + "' on the console");
                Thread.sleep(50);
            }
        }
    }

    /** Protects from one site to the other. */
    private void protect(Site from, Site to) throws Exception {
        term++;
        from.gateway.relayTo(to.gateway);
        from.gateway.session().start(new EpochId(term, 1), true, INTERVAL_MS);
        to.gateway.await("applied " + new EpochId(term, 5));
    }

    private static void awaitEpochs(Site at, int more) throws Exception {
        long wanted = at.gateway.lastEpoch().number() + more;
        while (at.gateway.lastEpoch().number() < wanted) {
            at.gateway.await("epoch", "failed");
        }
    }

    /** Kills the owner's QEMU, and activates what the other site has. */
    private void killOver(Site from, Site to) throws Exception {
        TimeUnit.MICROSECONDS.sleep(random.nextInt(2 * INTERVAL_MS * 1000));
        ProcessHandle.of(from.guest.pid()).orElseThrow().destroyForcibly();
        from.gateway.await("failed vm");
        String told;
        do {
            // An epoch that was on its way may come in between.
            to.gateway.session().activate(to.gateway.session().applied());
            told = to.gateway.await("activated", "failed activation");
        } while (told.contains("the replica is at " + term + "/"));
        assertTrue(told.startsWith("activated"), told);
    }

    /** They count on, or begin anew where the guest has booted. */
    private static void assertCounts(List<Integer> ticks, int boots) {
        List<Integer> begins = new ArrayList<>();
        for (int i = 1; i < ticks.size(); i++) {
            if (ticks.get(i) != ticks.get(i - 1) + 1) {
                assertEquals(1, ticks.get(i), () -> "ticks " + ticks);
                begins.add(i);
            }
        }
        assertTrue(begins.size() <= boots, () -> "ticks " + ticks);
    }

    @ParameterizedTest
    @MethodSource("org.secondsite.replicator.agent.io.MachinesDrill$Machine#wanted")
    void itGoesOnAtTheOtherSiteWheneverItIsKilledAndWhileItBoots(Machine machine) throws Exception {
        Site a = new Site("a", machine);
        Site b = new Site("b", machine);
        a.guest.boot();
        a.agent();
        assertEquals("attached running=true applied=0/0", a.gateway.await("attached"));
        b.agent();
        assertEquals("attached running=false applied=0/0", b.gateway.await("attached"));
        protect(a, b);
        a.goesOn();
        awaitEpochs(a, 10);
        List<Integer> state = a.tap.epochs();
        System.out.println(machine + ": device states of " + state);
        assertTrue(state.stream().skip(1).allMatch(bytes -> bytes < MAX_IDLE_BYTES), "on the wire " + state);

        Site owner = a;
        Site standby = b;
        for (int round = 1; round <= ROUNDS; round++) {
            if (round > 1) {
                protect(owner, standby);
            }
            killOver(owner, standby);
            int last = owner.ticks().getLast();
            standby.goesOn();
            assertTrue(standby.ticks().getFirst() <= last + 1, "later than it was");
            assertCounts(standby.ticks(), 0);
            Site other = owner;
            owner = standby;
            standby = other;
        }
        rebootsAndIsKilledMeanwhile(machine, owner, standby);
    }

    /** Once it is up again, and once while it boots. */
    private void rebootsAndIsKilledMeanwhile(Machine machine, Site owner, Site standby) throws Exception {
        boolean countsBoots = machine.script().once().contains("efivarfs");
        protect(owner, standby);
        owner.guest.operator("system_reset");
        owner.awaits("tick 1\r\n");
        owner.goesOn();
        awaitEpochs(owner, 5);
        assertCounts(owner.ticks(), 1);
        if (countsBoots) {
            assertTrue(owner.guest.console().contains("boot 2"), owner.guest.console());
        }
        killOver(owner, standby);
        standby.goesOn();
        assertCounts(standby.ticks(), 0);

        protect(standby, owner);
        standby.guest.operator("system_reset");
        awaitEpochs(standby, 3 + random.nextInt(20));
        killOver(standby, owner);
        owner.awaits("tick 1\r\n");
        owner.goesOn();
        assertCounts(owner.ticks(), 1);
        if (countsBoots) {
            assertTrue(owner.guest.console().contains("boot 3"), owner.guest.console());
        }
        if (machine == Machine.CLOUD_INIT) {
            owner.awaits("medium instance-id: web1");
        }
    }

    @Test
    void eightOfOneAgentAreKilledAtOnceAndAllGoOn() throws Exception {
        Map<VmId, LabGuest> here = new TreeMap<>(Comparator.comparing(VmId::name));
        Map<VmId, LabGuest> there = new TreeMap<>(Comparator.comparing(VmId::name));
        for (int i = 1; i <= MANY; i++) {
            VmId vm = new VmId("vm" + i);
            LabMachine machine = LabMachine.of(i % 2 == 0 ? "q35" : "pc", 1);
            here.put(vm, new LabGuest(vm, directory.resolve("a" + i), SMALL_MIB, LabScript.of("sleep 0.2"), machine));
            there.put(vm, new LabGuest(vm, directory.resolve("b" + i), SMALL_MIB, LabScript.of("sleep 0.2"), machine));
            open.add(here.get(vm)::remove);
            open.add(there.get(vm)::remove);
            here.get(vm).boot();
        }
        FleetGateway a = open.add(new FleetGateway(here.keySet()));
        FleetGateway b = open.add(new FleetGateway(here.keySet()));
        a.standsBeside(b);
        open.add(CheckpointAgent.open(agents(a, here), QemuAgentLabTest.NO_ENDING));
        open.add(CheckpointAgent.open(agents(b, there), QemuAgentLabTest.NO_ENDING));
        a.awaitAll(here.keySet(), vm -> a.last(vm).equals("attached true"));
        b.awaitAll(here.keySet(), vm -> b.last(vm).equals("attached false"));
        here.keySet().forEach(vm -> a.session(vm).start(new EpochId(1, 1), true, 4 * INTERVAL_MS));
        b.awaitAll(here.keySet(), vm -> b.applied(vm).number() >= 10);

        for (LabGuest guest : here.values()) {
            ProcessHandle.of(guest.pid()).orElseThrow().destroyForcibly();
        }
        a.awaitAll(here.keySet(), vm -> a.last(vm).startsWith("failed vm"));
        here.keySet().forEach(vm -> b.session(vm).activate(b.applied(vm)));
        b.awaitAll(here.keySet(), vm -> isActivated(b, vm));
        for (VmId vm : here.keySet()) {
            there.get(vm).awaitTick(5, SECONDS);
            int last = LabGuest.ticks(here.get(vm).console()).getLast();
            List<Integer> ticks = LabGuest.ticks(there.get(vm).console());
            assertTrue(ticks.getFirst() > 1 && ticks.getFirst() <= last + 1, () -> vm + " " + last + " " + ticks);
            assertCounts(ticks, 0);
        }
    }

    /** An epoch that was on its way may have come in between. */
    private static boolean isActivated(FleetGateway gateway, VmId vm) {
        if (gateway.last(vm).contains("the replica is at 1/")) {
            gateway.heardEnough(vm);
            gateway.session(vm).activate(gateway.applied(vm));
        }
        return gateway.last(vm).startsWith("activated");
    }

    private static AgentSettings agents(FleetGateway gateway, Map<VmId, LabGuest> guests) {
        return new AgentSettings(
                GatewayAccess.plain(gateway.address()),
                guests.values().stream().map(LabGuest::settings).toList());
    }

    @ParameterizedTest
    @EnumSource(names = "CLOUD_INIT")
    void aStandbyWithAnotherMediumIsRefusedByName(Machine machine) throws Exception {
        Site a = new Site("a", machine);
        makeSeed(Files.createDirectories(directory.resolve("b")).resolve("seed.iso"), "another");
        Site b = new Site("b", machine);
        a.guest.boot();
        a.agent();
        assertEquals("attached running=true applied=0/0", a.gateway.await("attached"));
        b.agent();
        assertEquals("attached running=false applied=0/0", b.gateway.await("attached"));
        a.gateway.relayTo(b.gateway);
        a.gateway.session().start(new EpochId(1, 1), true, INTERVAL_MS);
        String failed = a.gateway.await("failed", "epoch");
        assertTrue(failed.contains("without medium cd0 of ") && failed.contains("with medium cd0 of "), failed);
    }
}
