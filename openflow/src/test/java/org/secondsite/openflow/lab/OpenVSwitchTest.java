package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.ControlledSite.patched;
import static org.secondsite.openflow.lab.SwitchSite.attachment;
import static org.secondsite.openflow.lab.SwitchSite.ipv4;
import static org.secondsite.openflow.lab.SwitchSite.ipv6;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.RecordedEvents;
import org.secondsite.openflow.io.SwitchController;

/** The controller and a real Open vSwitch, with real frames between veth ports. */
@Tag("lab")
@Timeout(180)
class OpenVSwitchTest {
    private static final VmAttachment VM1 = attachment("vm1", Role.OWNER);
    private static final VmAttachment VM1_STANDBY = attachment("vm1", Role.STANDBY);
    private static final VmAttachment VM2 = attachment("vm2", Role.OWNER);
    private static final VmAttachment VM3 = attachment("vm3", Role.OWNER);

    private static final int MANY_VMS = 720;

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

    @Test
    void framesFlowThroughTheGatewayOnlyAndUnderTheirOwnNamesOnly() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        ovs.ofctl("add-flow", "priority=7,actions=NORMAL");
        site.knows("vm1", "vm2");
        site.host("vm1").run("ip", "addr", "add", "203.0.113.99/24", "dev", "eth0");
        assertTrue(arrives("vm1", ipv4("vm1"), "vm2", true), "the probe sees a switch that lets VMs talk");
        assertTrue(arrives("vm1", "203.0.113.99", "gw", true), "the probe sees a false address");

        ovs.setControllers(controller.address().getPort());
        controller.apply(ID, 5, List.of(VM1, VM2));
        events.await("sw-a confirmed 5");
        assertFalse(ovs.flows().stream().anyMatch(flow -> flow.contains("NORMAL")), ovs.flows()::toString);

        assertTrue(arrives("vm1", ipv4("vm1"), "gw", true));
        assertTrue(arrives("gw", ipv4("gw"), "vm1", true));
        assertTrue(site.arrives("vm1", ipv6("vm1"), "gw", ipv6("gw"), true));
        assertTrue(site.arrives("gw", ipv6("gw"), "vm1", ipv6("vm1"), true));
        assertFalse(arrives("vm1", ipv4("vm1"), "vm2", false), "past the gateway");
        assertFalse(arrives("vm1", "203.0.113.99", "gw", false), "under a false address");
        site.host("vm1").run("ip", "link", "set", "eth0", "address", "52:54:00:c0:10:77");
        assertFalse(arrives("vm1", ipv4("vm1"), "gw", false), "under a false MAC address");
        site.host("vm1").run("ip", "link", "set", "eth0", "address", SwitchSite.mac("vm1"));
        assertTrue(arrives("vm1", ipv4("vm1"), "gw", true));
    }

    @Test
    void aStandbyVmNeitherSpeaksNorIsSpokenToUntilItIsPromoted() throws Exception {
        site.openVSwitch().setControllers(controller.address().getPort());
        controller.apply(ID, 5, List.of(VM1_STANDBY, VM2));
        events.await("sw-a confirmed 5");
        site.knows("gw", "vm1");
        site.knows("vm1", "gw");
        assertFalse(arrives("vm1", ipv4("vm1"), "gw", false));
        assertFalse(arrives("gw", ipv4("gw"), "vm1", false));
        controller.apply(ID, 6, List.of(VM1, VM2));
        events.await("sw-a confirmed 6");
        assertTrue(arrives("vm1", ipv4("vm1"), "gw", true));
        assertTrue(arrives("gw", ipv4("gw"), "vm1", true));
    }

    @Test
    void aStaleMasterIsRefusedAndAnOutrankedOneStops() throws Exception {
        RecordedEvents others = new RecordedEvents();
        try (SwitchController other = lab.another(others)) {
            site.openVSwitch()
                    .setControllers(
                            controller.address().getPort(), other.address().getPort());
            controller.apply(ID, 10, List.of(VM1));
            events.await("sw-a confirmed 10");
            List<String> flows = site.openVSwitch().flows();
            other.apply(ID, 9, List.of(VM2));
            others.await("sw-a refused 9: stale: the switch has seen term 10");
            assertEquals(flows, site.openVSwitch().flows());
            other.apply(ID, 11, List.of(VM2));
            others.await("sw-a confirmed 11");
            events.await("sw-a refused 10: another controller is master now, generation 11");
            controller.apply(ID, 10, List.of(VM1));
            events.await("sw-a refused 10");
            assertTrue(site.openVSwitch().flows().stream().noneMatch(flow -> flow.contains(SwitchSite.mac("vm1"))));
        }
    }

    @Test
    void aRestartedSwitchIsAssertedAndFilledAgain() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        ovs.setControllers(controller.address().getPort());
        controller.apply(ID, 5, List.of(VM1, VM2));
        events.await("sw-a confirmed 5");
        List<String> flows = ovs.flows();
        ovs.crashAndRestart();
        events.await("sw-a disconnected");
        events.await("sw-a connected");
        events.await("sw-a confirmed 5");
        assertEquals(flows, ovs.flows());
        assertTrue(arrives("vm1", ipv4("vm1"), "gw", true));
    }

    @Test
    void aPortThatIsPluggedLaterGetsItsFlows() throws Exception {
        site.openVSwitch().setControllers(controller.address().getPort());
        controller.apply(ID, 5, List.of(VM1, VM3));
        events.await("sw-a misses [vm3]");
        events.await("sw-a partial 5");
        site.plug("vm3");
        events.await("sw-a misses []");
        events.await("sw-a confirmed 5");
        assertTrue(arrives("vm3", ipv4("vm3"), "gw", true));
        site.openVSwitch().removePort("vm3");
        events.await("sw-a misses [vm3]");
        events.await("sw-a partial 5");
        assertTrue(site.openVSwitch().flows().stream().noneMatch(flow -> flow.contains(SwitchSite.mac("vm3"))));
    }

    @Test
    void whatAnotherWroteIsReplacedByTheNextAudit() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        ovs.setControllers(controller.address().getPort());
        controller.apply(ID, 5, List.of(VM1));
        events.await("sw-a confirmed 5");
        List<String> flows = ovs.flows();
        ovs.ofctl("add-flow", "priority=9,actions=NORMAL");
        // A match that the controller cannot even parse.
        ovs.ofctl("add-flow", "priority=8,reg0=5,ct_state=+trk,actions=resubmit(,9)");
        ovs.ofctl("add-flow", "table=7,cookie=0x5353000000000005,idle_timeout=600,actions=drop");
        events.await("sw-a drifted 5: ");
        events.await("sw-a confirmed 5");
        // Three processes have written: an audit between two of them leaves the rest to the next one.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!flows.equals(ovs.flows())) {
            assertTrue(System.nanoTime() < deadline, ovs.flows()::toString);
        }
        ovs.ofctl("del-flows");
        String drift = events.await("sw-a drifted 5: ");
        while (!drift.contains(" missing")) {
            drift = events.await("sw-a drifted 5: ");
        }
        events.await("sw-a confirmed 5");
        assertEquals(flows, ovs.flows());
    }

    @Test
    void aSwitchWithoutBundlesIsProgrammedWithOpenFlow13() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        ovs.vsctl("set", "bridge", OpenVSwitch.BRIDGE, "protocols=OpenFlow10,OpenFlow13");
        ovs.setControllers(controller.address().getPort());
        events.await("sw-a noticed not atomic: OpenFlow 1.3 has no bundles");
        controller.apply(ID, 5, List.of(VM1));
        events.await("sw-a confirmed 5");
        assertTrue(arrives("vm1", ipv4("vm1"), "gw", true));
    }

    @Test
    void tenThousandFlowsGoInOneBundleAndATakeoverModifiesWhatStands() throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        List<VmAttachment> standby = patched(MANY_VMS, Role.STANDBY);
        List<VmAttachment> owned = patched(MANY_VMS, Role.OWNER);
        lab.addPatchPorts(MANY_VMS);
        ovs.setControllers(controller.address().getPort());
        events.await("sw-a connected");

        long start = System.nanoTime();
        controller.apply(ID, 5, standby);
        events.await("sw-a confirmed 5");
        long filled = System.nanoTime();
        int flows = ovs.flows().size();
        assertTrue(flows >= 10_000, () -> flows + " flows");

        long promoted = System.nanoTime();
        controller.apply(ID, 6, owned);
        events.await("sw-a confirmed 6");
        long confirmed = System.nanoTime();
        List<String> after = ovs.flows();
        assertEquals(flows, after.size(), "a takeover modifies what stands");

        Path file = Files.write(directory.resolve("flows.txt"), after);
        ovs.ofctl("del-flows");
        long reference = System.nanoTime();
        ovs.ofctl("add-flows", "--bundle", file.toString());
        long ended = System.nanoTime();
        System.out.printf(
                "%d flows written and audited in %d ms; takeover of %d VMs in %d ms; ovs-ofctl --bundle %d ms%n",
                flows,
                (filled - start) / 1_000_000,
                MANY_VMS,
                (confirmed - promoted) / 1_000_000,
                (ended - reference) / 1_000_000);
    }

    private boolean arrives(String from, String source, String to, boolean expected) throws Exception {
        return site.arrives(from, source, to, ipv4(to), expected);
    }
}
