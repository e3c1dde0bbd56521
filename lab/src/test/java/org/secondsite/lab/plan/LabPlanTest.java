package org.secondsite.lab.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.io.ConfigReader;

class LabPlanTest {
    private static final GuestFiles GUEST = new GuestFiles(
            Path.of("/cache/vmlinuz"), Path.of("/cache/initrd"), Optional.of(Path.of("/cache/disk.raw")));
    private static final JavaRuntime JAVA = new JavaRuntime(
            Path.of("/jdk/bin/java"), "a.jar:b.jar", List.of(), List.of("-XX:AOTCache=c"), Optional.empty());

    private static final LabOptions OPTIONS = new LabOptions("sslab", 20, LabOptions.Load.BUSY, true);

    @TempDir
    Path directory;

    private final LabPlan plan = plan(true);

    @Test
    void theProductAcceptsEveryConfigurationFile() throws IOException {
        assertEquals(5, accepted(plan));
        assertEquals(7, accepted(threeWitnesses()));
        assertEquals(5, accepted(LabPlan.of(OPTIONS.withGuest(Guest.DISK), GUEST, JAVA)));
        assertEquals(5, accepted(LabPlan.of(OPTIONS.withAgents(LabOptions.Agents.LOCAL), GUEST, JAVA)));
        Network bump = Network.USUAL.withMode(Network.Mode.TRANSPARENT).withPort(Network.Port.PCAP4J);
        assertEquals(5, accepted(LabPlan.of(OPTIONS.withNetwork(bump), GUEST, JAVA)));
        assertEquals(5, accepted(several()));
        for (Network dual : List.of(bump, Network.USUAL, Network.USUAL.withRouters(2))) {
            Network both = dual.withFamilies(Network.Families.DUAL);
            assertEquals(5, accepted(LabPlan.of(OPTIONS.withNetwork(both), GUEST, JAVA)));
        }
    }

    @Test
    void aLabHasTwoSitesOrARingOfThree() throws IOException {
        assertEquals(Fleet.ONE, Fleet.of(2, 1, 0));
        assertEquals(Fleet.RING, Fleet.of(3, 1, 1));
        assertEquals(7, accepted(LabPlan.of(OPTIONS.withFleet(Fleet.of(3, 2, 1)), GUEST, JAVA)));
        assertEquals(
                "4 sites are not 2 or 3",
                assertThrows(IllegalArgumentException.class, () -> Fleet.of(4, 1, 1))
                        .getMessage());
    }

    private int accepted(LabPlan plan) throws IOException {
        int read = 0;
        for (var file : plan.files().entrySet()) {
            String name = file.getKey().getFileName().toString();
            if (!name.endsWith(".yaml")) {
                continue;
            }
            Path copy = Files.writeString(directory.resolve(name), file.getValue());
            ConfigResult<?> result = name.startsWith("gateway")
                    ? ConfigReader.readGateway(copy)
                    : name.startsWith("agent") ? ConfigReader.readAgent(copy) : ConfigReader.readWitness(copy);
            assertTrue(result instanceof ConfigResult.Valid<?>, () -> name + ": " + result);
            read++;
        }
        return read;
    }

    @Test
    void threeWitnessesAreBehindTheEmulatorAndKnownToBothGateways() {
        LabPlan three = threeWitnesses();
        List<String> wan = three.processes().stream()
                .filter(process -> process.role() == Role.WAN)
                .findFirst()
                .orElseThrow()
                .command();
        List<WitnessNode> nodes = WitnessNode.of("sslab", 3);
        assertEquals(
                List.of("witness-1", "witness-2", "witness-3"),
                three.processes().stream()
                        .filter(process -> process.role() == Role.WITNESS)
                        .map(ProcessPlan::name)
                        .toList());
        for (WitnessNode node : nodes) {
            assertTrue(wan.contains(node.port() + "=" + node.emulatorInterface()), wan.toString());
            assertTrue(three.topology().wires().stream()
                    .anyMatch(wire -> wire.one().namespace().equals(node.namespace())
                            && wire.other().name().equals(node.emulatorInterface())));
            for (Site site : Site.PAIR) {
                String gateway = three.files().get(ServiceFiles.gatewayFile(three.paths(), site));
                assertTrue(gateway.contains(node.endpoint()), gateway);
            }
        }
    }

    @Test
    void onlyTheProductsProcessesGetAClockThatCanJump() {
        LabPlan fake = LabPlan.of(OPTIONS.withFakeClocks(true), GUEST, JAVA);
        for (ProcessPlan process : fake.processes()) {
            boolean product =
                    process.role() == Role.GATEWAY || process.role() == Role.AGENT || process.role() == Role.WITNESS;
            assertEquals(
                    product,
                    process.command().stream().anyMatch(word -> word.startsWith("LD_PRELOAD=")),
                    process.name());
            assertEquals(product, fake.files().containsKey(FakeClock.file(fake.paths(), process.name())));
        }
        String agent = fake.files().get(ServiceFiles.agentFile(fake.paths(), Site.B));
        assertTrue(agent.contains("\"-u\", \"LD_PRELOAD\""), "the guest's hypervisor keeps the machine's clock");
    }

    @Test
    void oneMoreJavaOptionIsForTheProductsProcessesOnly() {
        for (ProcessPlan process :
                LabPlan.of(OPTIONS.withJavaOption("-Dmore=1"), GUEST, JAVA).processes()) {
            boolean product =
                    process.role() == Role.GATEWAY || process.role() == Role.AGENT || process.role() == Role.WITNESS;
            assertEquals(product, process.command().contains("-Dmore=1"), process.name());
        }
    }

    @Test
    void aProcessWhoseClassesAreRewrittenIsStartedWithoutLinkedOnes() {
        for (ProcessPlan process : LabPlan.of(OPTIONS.withJavaOption("-javaagent:plant.jar"), GUEST, JAVA)
                .processes()) {
            List<String> command = process.command();
            boolean plain = command.contains("-cp") && !command.contains("-javaagent:plant.jar");
            assertEquals(plain, command.contains("-XX:AOTCache=c"), process.name());
        }
    }

    @Test
    void bothSitesStartTheGuestAlikeButForFileNames() {
        for (Guest guest : Guest.values()) {
            List<String> a = GuestCommand.of(guest, plan.paths(), Site.A, GUEST);
            List<String> b = GuestCommand.of(guest, plan.paths(), Site.B, GUEST);
            assertNotEquals(a, b);
            assertEquals(
                    a.stream()
                            .map(word -> word.replace("-a.", "-b.").replace("agent-a/", "agent-b/"))
                            .toList(),
                    b);
            assertEquals(guest.hasDisk(), a.toString().contains("virtio-blk-pci"));
        }
    }

    @Test
    void aGuestWithADiskOfItsOwnBootsFromItAndIsStartedByAgentsOnTheirImages() throws Exception {
        LabPlan tapped = LabPlan.of(OPTIONS.withGuest(Guest.TAP), GUEST, JAVA);
        assertEquals(5, accepted(tapped));
        assertTrue(qemu(tapped).toString().contains("driver=qcow2,node-name=d0"));
        String agent = tapped.files().get(ServiceFiles.agentFile(tapped.paths(), Site.A));
        assertTrue(agent.contains("attach: tap") && agent.contains("driver=nbd,node-name=d0"), agent);
        assertFalse(agent.contains("qcow2"), agent);
    }

    @Test
    void aGuestThatHadBootedGoesOnFromThereOnceAndAnAgentsCommandKnowsNothingOfIt() {
        LabPlan goesOn = LabPlan.of(OPTIONS, GUEST.withBooted("vm1", Path.of("/cache/booted")), JAVA);
        List<String> first = qemu(goesOn);
        assertEquals(
                List.of("-incoming", "exec:exec cat '/cache/booted'"), first.subList(first.size() - 2, first.size()));
        assertEquals(qemu(plan), first.subList(0, first.size() - 2));
        assertEquals(plan.files(), goesOn.files());
    }

    private static List<String> qemu(LabPlan plan) {
        return plan.processes().stream()
                .filter(process -> process.role() == Role.QEMU)
                .findFirst()
                .orElseThrow()
                .command();
    }

    @Test
    void onlySiteAStartsTheGuest() {
        assertEquals(
                1, plan.processes().stream().filter(p -> p.role() == Role.QEMU).count());
        assertTrue(plan.processesOf(Site.A).stream().anyMatch(p -> p.role() == Role.QEMU));
    }

    @Test
    void severalVmsStartWhereTheirGroupIsAndNeitherShareAFileNorAnAddress() {
        LabPlan several = several();
        assertEquals(
                List.of("qemu-a", "qemu-a-vm2", "qemu-a-vm3", "qemu-b-mail1"),
                several.processes().stream()
                        .filter(process -> process.role() == Role.QEMU)
                        .map(ProcessPlan::name)
                        .toList());
        Set<Object> own = new HashSet<>();
        for (LabVm vm : several.options().fleet().vms()) {
            VmPaths paths = several.paths().vm(vm);
            for (Site site : Site.PAIR) {
                for (Object one : List.of(
                        paths.ram(site),
                        paths.qmp(site),
                        paths.testQmp(site),
                        paths.qemuPid(site),
                        paths.serial(site))) {
                    assertTrue(own.add(one), one::toString);
                }
            }
            assertTrue(own.add(vm.mac()) && own.add(vm.address()) && own.add(vm.name()), vm::toString);
        }
        List<LabGroup> groups = several.options().fleet().groups();
        assertEquals(LabVm.FIRST.address(), groups.getFirst().vms().getFirst().address());
        assertEquals("vm2", groups.getFirst().store().orElseThrow().name());
        assertEquals(
                List.of("vm1", "vm3", "mail1"),
                several.options().fleet().asking(groups.getFirst().store().orElseThrow()).stream()
                        .map(LabVm::name)
                        .toList());
        assertTrue(groups.getLast().store().isEmpty());
        for (String file : List.of("gateway-a", "gateway-b", "agent-a", "agent-b")) {
            String text = several.files().get(several.paths().file(file + ".yaml"));
            several.options().fleet().vms().forEach(vm -> assertTrue(text.contains("name: " + vm.name()), text));
        }
        assertTrue(several.files()
                .get(several.paths().file("witness.yaml"))
                .contains("{name: mail, sites: [a, b], initialOwner: b}"));
    }

    @Test
    void inARingTheNextSiteStandsByForEach() {
        LabPlan ring = LabPlan.of(OPTIONS.withFleet(Fleet.RING), GUEST, JAVA);
        assertNamesAreUniqueAndNamespacesExist(ring);
        String witness = ring.files().get(ring.paths().file("witness.yaml"));
        assertTrue(witness.contains("{name: web, sites: [a, b], initialOwner: a}"), witness);
        assertTrue(witness.contains("{name: mail, sites: [b, c], initialOwner: b}"), witness);
        assertTrue(witness.contains("{name: news, sites: [a, c], initialOwner: c}"), witness);
        String c = ring.files().get(ring.paths().file("gateway-c.yaml"));
        assertTrue(c.contains("standby: b") && c.contains("standby: a") && !c.contains("name: web"), c);
        Topology topology = ring.topology();
        List<String> addresses = topology.wires().stream()
                .flatMap(wire -> Stream.of(wire.one(), wire.other()))
                .flatMap(end -> end.addresses().stream())
                .toList();
        assertEquals(addresses.size(), Set.copyOf(addresses).size(), addresses::toString);
    }

    private static LabPlan several() {
        return LabPlan.of(OPTIONS.withFleet(new Fleet(3, 1)), GUEST, JAVA);
    }

    @Test
    void namesOfProcessesAreUniqueAndTheirNamespacesExist() {
        assertNamesAreUniqueAndNamespacesExist(plan);
        assertNamesAreUniqueAndNamespacesExist(several());
        assertNamesAreUniqueAndNamespacesExist(twoRouters());
    }

    private static void assertNamesAreUniqueAndNamespacesExist(LabPlan plan) {
        Set<String> names = new HashSet<>();
        List<String> namespaces =
                plan.topology().namespaces().stream().map(NamespacePlan::name).toList();
        for (ProcessPlan process : plan.processes()) {
            assertTrue(names.add(process.name()), process.name());
            assertTrue(namespaces.contains(process.namespace()), process.namespace());
        }
        assertEquals(
                Set.of(Role.values()).size(),
                plan.processes().stream().map(ProcessPlan::role).distinct().count());
    }

    @Test
    void everyWireJoinsTwoNamespacesAndNoInterfaceIsMadeTwice() {
        for (LabPlan one : List.of(plan, several(), twoRouters())) {
            assertNoInterfaceIsMadeTwice(one.topology());
        }
    }

    private static void assertNoInterfaceIsMadeTwice(Topology topology) {
        Set<String> ends = new HashSet<>();
        for (Wire wire : topology.wires()) {
            for (Wire.End end : List.of(wire.one(), wire.other())) {
                assertTrue(ends.add(end.namespace() + " " + end.name()), end.toString());
                assertTrue(end.name().length() <= 15, "IFNAMSIZ");
            }
        }
    }

    @Test
    void anotherBuildRunsTheProcessesThatAreNamedAndReadsWhatItKnows() {
        LabPlan mixed = LabPlan.of(OPTIONS, GUEST, beside("gateway-b", "witness"));
        for (ProcessPlan process : mixed.processes()) {
            boolean other = List.of("gateway-b", "witness").contains(process.name());
            assertEquals(other, process.command().contains("old.jar"), process.name());
            assertFalse(other && process.command().contains("-XX:AOTCache=c"), process.name());
        }
        Path a = ServiceFiles.gatewayFile(mixed.paths(), Site.A);
        assertEquals(plan.files().get(a), mixed.files().get(a));
        Path b = ServiceFiles.gatewayFile(mixed.paths(), Site.B);
        assertTrue(plan.files().get(b).contains("crl: "));
        assertFalse(mixed.files().get(b).contains("crl: "));
        assertThrows(IllegalArgumentException.class, () -> LabPlan.of(OPTIONS, GUEST, beside("gateway-c")));
    }

    private static JavaRuntime beside(String... processes) {
        return new JavaRuntime(
                JAVA.java(),
                JAVA.classPath(),
                JAVA.options(),
                JAVA.linked(),
                Optional.of(new OtherBuild("old.jar", Set.of(processes))));
    }

    @Test
    void withoutHoldAnotherMainClassRunsTheGateways() {
        assertEquals(List.of(false, false), unheldGateways(plan));
        assertEquals(List.of(true, true), unheldGateways(plan(false)));
    }

    private static List<Boolean> unheldGateways(LabPlan plan) {
        return plan.processes().stream()
                .filter(process -> process.role() == Role.GATEWAY)
                .map(gateway -> gateway.command().contains("org.secondsite.lab.UnheldGateway"))
                .toList();
    }

    @Test
    void refusesOptionsThatMakeNoLab() {
        for (String name : List.of("", "Big", "a-b", "9a", "a".repeat(21), "../x")) {
            assertThrows(
                    IllegalArgumentException.class, () -> new LabOptions(name, 0, LabOptions.Load.IDLE, true), name);
        }
        assertThrows(IllegalArgumentException.class, () -> new LabOptions("x", -1, LabOptions.Load.IDLE, true));
        assertThrows(IllegalArgumentException.class, () -> OPTIONS.withWitnesses(2));
        assertThrows(IllegalArgumentException.class, () -> new Fleet(0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Fleet(9, 0));
        assertThrows(IllegalArgumentException.class, () -> new Fleet(1, -1));
        LabOptions several = OPTIONS.withFleet(new Fleet(2, 0));
        assertThrows(IllegalArgumentException.class, () -> several.withGuest(Guest.DISK));
        Network bump = Network.USUAL.withMode(Network.Mode.TRANSPARENT);
        assertThrows(IllegalArgumentException.class, () -> several.withNetwork(bump));
        assertThrows(IllegalArgumentException.class, () -> bump.withRouters(2));
        assertThrows(IllegalArgumentException.class, () -> Network.USUAL.withRouters(3));
        for (String offset : List.of("", "6h", "+h", "+6", "+6h2", "now")) {
            assertThrows(IllegalArgumentException.class, () -> new ClockOffset(offset), offset);
        }
        assertFalse(LabOptions.Load.BUSY.command().isEmpty());
    }

    private static LabPlan twoRouters() {
        return LabPlan.of(
                OPTIONS.withNetwork(Network.USUAL.withRouters(2).withFamilies(Network.Families.DUAL)), GUEST, JAVA);
    }

    private static LabPlan threeWitnesses() {
        return LabPlan.of(OPTIONS.withWitnesses(3), GUEST, JAVA);
    }

    private static LabPlan plan(boolean hold) {
        return LabPlan.of(new LabOptions("sslab", 20, LabOptions.Load.BUSY, hold), GUEST, JAVA);
    }
}
