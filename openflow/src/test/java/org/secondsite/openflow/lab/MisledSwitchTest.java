package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.ControlledSite.patched;
import static org.secondsite.openflow.lab.SwitchSite.attachment;
import static org.secondsite.openflow.lab.SwitchSite.ipv4;

import java.io.Closeable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.RecordedEvents;
import org.secondsite.openflow.io.SwitchController;
import org.secondsite.openflow.pipeline.Layout;

/** A real Open vSwitch that is full, written to by others, taken by others, or claimed by another. */
@Tag("lab")
@Timeout(180)
class MisledSwitchTest {
    private static final VmAttachment VM1 = attachment("vm1", Role.OWNER);
    private static final VmAttachment VM2 = attachment("vm2", Role.OWNER);
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final int MANY_VMS = 200;

    @TempDir
    private Path directory;

    private ControlledSite lab;
    private SwitchSite site;
    private SwitchController controller;
    private RecordedEvents events;

    @BeforeEach
    void open() throws Exception {
        lab = new ControlledSite(directory);
        site = lab.site();
        controller = lab.controller();
        events = lab.events();
    }

    @AfterEach
    void close() throws Exception {
        if (lab != null) {
            lab.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"OpenFlow13", "OpenFlow14"})
    void aFenceWorksInFullTables(String version) throws Exception {
        OpenVSwitch ovs = start(version);
        controller.apply(ID, 5, List.of(VM1, VM2));
        events.await("sw-a confirmed 5");
        ovs.limitTables(Layout.TABLES.tables());
        assertTrue(site.arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), true));
        controller.apply(ID, 6, List.of(attachment("vm1", Role.STANDBY), attachment("vm2", Role.FENCED)));
        events.await("sw-a fenced 6: 2 VMs");
        assertFalse(site.arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), false));
        assertFalse(site.arrives("vm2", ipv4("vm2"), "gw", ipv4("gw"), false));
        events.await("sw-a confirmed 6");
        controller.apply(ID, 7, List.of(VM1, VM2));
        events.await("sw-a confirmed 7");
        assertTrue(site.arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), true));
    }

    @ParameterizedTest
    @ValueSource(strings = {"OpenFlow13", "OpenFlow14"})
    void anEqualWriterLeaksNoLongerThanAnAudit(String version) throws Exception {
        OpenVSwitch ovs = start(version);
        controller.apply(ID, 5, List.of(VM1, VM2));
        events.await("sw-a confirmed 5");
        site.knows("vm1", "vm2");
        List<String> flows = ovs.flows();
        for (String[] change : new String[][] {
            {"add-flow", "cookie=0,priority=65000,actions=NORMAL"},
            {"add-flow", "cookie=0x5353000000000005,priority=65000,ip,nw_ttl=64,actions=NORMAL"},
            {"mod-flows", "actions=NORMAL"},
            {"del-flows"}
        }) {
            long start = System.nanoTime();
            ovs.ofctl(change[0], Arrays.copyOfRange(change, 1, change.length));
            String drift = events.await("sw-a drifted 5: ");
            events.await("sw-a confirmed 5");
            long tookMs = (System.nanoTime() - start) / 1_000_000;
            assertEquals(flows, ovs.flows(), drift);
            assertFalse(site.arrives("vm1", ipv4("vm1"), "vm2", ipv4("vm2"), false));
            System.out.println("mended after " + tookMs + " ms: " + drift);
            // An audit every half a second is far below, also on a machine that is busy.
            assertTrue(tookMs < 10_000, () -> "mended after " + tookMs + " ms: " + drift);
        }
        ovs.ofctl("add-group", "group_id=7,type=all,bucket=output:1");
        ovs.ofctl("add-flow", "priority=9,actions=group:7");
        events.await("sw-a drifted 5: groups or meters of others");
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (ovs.ofctl("dump-groups").contains("group_id=7")) {
            assertTrue(System.nanoTime() < deadline, "the group stays");
        }
    }

    /** How long an audit takes is the machine's; that there is no second one before the mend is the product's. */
    @ParameterizedTest
    @ValueSource(strings = {"OpenFlow13", "OpenFlow14"})
    void theFirstAuditThatBeginsAfterAnothersWriteMendsIt(String version) throws Exception {
        OpenVSwitch ovs = start(version);
        controller.apply(ID, 5, List.of(VM1, VM2));
        events.await("sw-a confirmed 5");
        String mend = version.equals("OpenFlow13") ? "OFPT_FLOW_MOD" : "type=OPEN_REQUEST";
        Path record = directory.resolve("snoop");
        try (Closeable _ = ovs.snoop(record)) {
            awaitLines(record, "OFPST_FLOW request", 1);
            for (int write = 0; write < 3; write++) {
                ovs.ofctl("add-flow", "priority=9,actions=NORMAL");
                // The controller is told of a new port: from there on in the record, the write is done.
                String mark = "mark" + write;
                ovs.addPatchPorts(List.of(mark));
                awaitLines(record, "(" + mark + ")", 1);
                List<String> lines = awaitLines(record, mend, write + 1);
                int marked = indexOf(lines, "(" + mark + ")", 1);
                int mended = indexOf(lines, mend, write + 1);
                long audits = lines.subList(marked, Math.max(marked, mended)).stream()
                        .filter(line -> line.contains("OFPST_FLOW request"))
                        .count();
                assertTrue(audits <= 1, () -> audits + " audits before the mend: " + lines);
                events.await("sw-a drifted 5: ");
                events.await("sw-a confirmed 5");
            }
        }
    }

    private static List<String> awaitLines(Path record, String what, int times) throws Exception {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            List<String> lines = Files.readAllLines(record);
            if (lines.stream().filter(line -> line.contains(what)).count() >= times) {
                return lines;
            }
            assertTrue(System.nanoTime() < deadline, () -> "no '" + what + "' in " + lines);
            Thread.sleep(20);
        }
    }

    /** Of the line that has it for the so-manieth time. */
    private static int indexOf(List<String> lines, String what, int times) {
        return IntStream.range(0, lines.size())
                .filter(index -> lines.get(index).contains(what))
                .skip(times - 1L)
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"OpenFlow13", "OpenFlow14"})
    void aMasterOfAnotherIsNoticedAndANewerTermTakesTheSwitchBack(String version) throws Exception {
        RecordedEvents others = new RecordedEvents();
        try (SwitchController other = lab.another(others)) {
            OpenVSwitch ovs = start(version, other.address().getPort());
            controller.apply(ID, 10, List.of(VM1));
            events.await("sw-a confirmed 10");
            other.apply(ID, 11, List.of(VM2));
            others.await("sw-a confirmed 11");
            events.await("sw-a refused 10: another controller is master now, generation 11");
            events.await("sw-a contested 10");
            controller.apply(ID, 12, List.of(VM1));
            events.await("sw-a confirmed 12");
            others.await("sw-a refused 11");
            assertTrue(ovs.flows().stream().anyMatch(flow -> flow.contains(SwitchSite.mac("vm1"))));

            other.apply(ID, 12, List.of(VM2));
            others.await("sw-a confirmed 12");
            events.await("sw-a refused 12: foreign-generation");
            events.await("sw-a contested 12");
            controller.apply(ID, 13, List.of(VM1));
            events.await("sw-a confirmed 13");
        }
    }

    @Test
    void aSecondBridgeOfTheSameIdDoesNotDisplaceTheFirst() throws Exception {
        OpenVSwitch ovs = start("OpenFlow14");
        controller.apply(ID, 5, List.of(VM1));
        events.await("sw-a confirmed 5");
        ovs.vsctl("add-br", "br1");
        ovs.vsctl(
                "set",
                "bridge",
                "br1",
                "datapath_type=netdev",
                "fail-mode=secure",
                "other-config:datapath-id=%016x".formatted(SwitchSite.DATAPATH),
                "other-config:disable-in-band=true");
        ovs.vsctl(
                "set-controller", "br1", "tcp:127.0.0.1:" + controller.address().getPort());
        events.await("sw-a noticed duplicate-datapath");
        controller.apply(ID, 6, List.of(VM1, VM2));
        events.await("sw-a confirmed 6");
        assertTrue(ovs.flows().stream().anyMatch(flow -> flow.contains(SwitchSite.mac("vm2"))));
        assertEquals(
                List.of(),
                events.rest().stream()
                        .filter(event -> event.contains("connected"))
                        .toList());
    }

    @Test
    void namesThatTheProtocolCutsToTheSameAreAmbiguousAndTheirNumbersAreNot() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        List<String> ports = List.of("GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet1/0/3");
        ovs.addPatchPorts(ports);
        ovs.setControllers(controller.address().getPort());
        controller.apply(ID, 5, List.of(VM1, named(ports.getFirst())));
        String partial = events.await("sw-a partial 5");
        assertTrue(partial.contains("GigabitEthernet1/0/1 (ambiguous: ports ["), partial);
        String number = ovs.vsctl("get", "interface", ports.get(1), "ofport").strip();
        controller.apply(ID, 6, List.of(VM1, named(number)));
        events.await("sw-a confirmed 6");
        assertTrue(ovs.flows().stream().anyMatch(flow -> flow.contains("02:00:00:00:00:07")));
    }

    @Test
    void manyVmsAreSilentBeforeAnythingElseIsWritten() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        lab.addPatchPorts(MANY_VMS);
        ovs.setControllers(controller.address().getPort());
        controller.apply(ID, 1, patched(MANY_VMS, Role.OWNER));
        events.await("sw-a confirmed 1");
        controller.apply(ID, 2, patched(MANY_VMS, Role.FENCED));
        events.await("sw-a fenced 2: " + MANY_VMS + " VMs");
        events.await("sw-a confirmed 2");
    }

    private OpenVSwitch start(String version, int... otherPorts) throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        ovs.vsctl(
                "set",
                "bridge",
                OpenVSwitch.BRIDGE,
                "protocols=OpenFlow10," + (version.equals("OpenFlow13") ? version : "OpenFlow13,OpenFlow14"));
        int[] ports = new int[otherPorts.length + 1];
        ports[0] = controller.address().getPort();
        System.arraycopy(otherPorts, 0, ports, 1, otherPorts.length);
        ovs.setControllers(ports);
        return ovs;
    }

    private static VmAttachment named(String port) {
        return new VmAttachment(
                new VmId("other"),
                port,
                MacAddress.parse("02:00:00:00:00:07"),
                List.of(IpPrefix.parseAddress("203.0.113.77")),
                Role.OWNER);
    }
}
