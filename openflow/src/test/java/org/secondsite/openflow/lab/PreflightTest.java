package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.SwitchSite.attachment;
import static org.secondsite.openflow.lab.SwitchSite.ipv4;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;

/** An Open vSwitch with its default settings, found out and mended or refused. */
@Tag("lab")
@Timeout(180)
class PreflightTest {
    private static final DatabaseAccess DATABASE =
            DatabaseAccess.plain(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), OpenVSwitch.DATABASE_PORT));
    private static final VmAttachment VM1 = attachment("vm1", Role.OWNER);
    private static final VmAttachment VM2 = attachment("vm2", Role.STANDBY);

    @TempDir
    private Path directory;

    @Test
    void itsDefaultsAreMendedThroughItsDatabase() throws Exception {
        try (ControlledSite lab = new ControlledSite(directory, sw -> sw.with(Preflight.MEND, DATABASE))) {
            OpenVSwitch ovs = lab.site().openVSwitch();
            ovs.vsctl(
                    "--",
                    "--id=@p",
                    "get",
                    "port",
                    "vm1",
                    "--",
                    "--id=@m",
                    "create",
                    "mirror",
                    "name=tap",
                    "select-src-port=@p",
                    "--",
                    "set",
                    "bridge",
                    OpenVSwitch.BRIDGE,
                    "mirrors=@m");
            ovs.setDefaults(lab.controller().address().getPort());
            lab.controller().apply(ID, 5, List.of(VM1, VM2));
            // It was fit when it had no VMs, and may be so for a moment between two of the settings above.
            ovs.await("secure", "get", "bridge", OpenVSwitch.BRIDGE, "fail_mode");
            ovs.await("\"true\"", "--if-exists", "get", "bridge", OpenVSwitch.BRIDGE, "other-config:disable-in-band");
            ovs.await("[]", "get", "bridge", OpenVSwitch.BRIDGE, "mirrors");
            ovs.await("1000", "get", "controller", OpenVSwitch.BRIDGE, "max_backoff");
            lab.events().await("sw-a confirmed 5");
            assertEquals(0, ovs.hiddenFlows().size());
            assertTrue(lab.site().arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), true));
            assertFalse(lab.site().arrives("vm2", ipv4("vm2"), "gw", ipv4("gw"), false));

            ovs.vsctl("clear", "bridge", OpenVSwitch.BRIDGE, "fail_mode");
            lab.events().await("sw-a preflight UNFIT: fail_mode is standalone");
            lab.events().await("sw-a preflight FIT");
        }
    }

    @Test
    void withoutLeaveToMendItItsVmsAreSilentUntilAnOperatorHas() throws Exception {
        try (ControlledSite lab = new ControlledSite(directory, sw -> sw.with(Preflight.REFUSE, DATABASE))) {
            OpenVSwitch ovs = lab.site().openVSwitch();
            ovs.setDefaults(lab.controller().address().getPort());
            String told = "";
            while (!told.contains("in-band control is not disabled")) { // the settings above may be seen one by one
                told = lab.events().await("sw-a preflight REFUSED");
            }
            assertFalse(ovs.hiddenFlows().isEmpty());
            lab.controller().apply(ID, 5, List.of(VM1, VM2));
            lab.events().await("sw-a fenced 5: 2 VMs");
            lab.events().await("sw-a confirmed 5");
            assertFalse(lab.site().arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), false));
            assertEquals(
                    "[]",
                    ovs.vsctl("get", "bridge", OpenVSwitch.BRIDGE, "fail_mode").strip());

            ovs.vsctl("set", "bridge", OpenVSwitch.BRIDGE, "fail-mode=secure", "other-config:disable-in-band=true");
            lab.events().await("sw-a confirmed 5");
            assertTrue(lab.site().arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), true));
        }
    }

    @Test
    void onlyToldItIsUsed() throws Exception {
        try (ControlledSite lab = new ControlledSite(directory, sw -> sw.with(Preflight.REPORT, DATABASE))) {
            OpenVSwitch ovs = lab.site().openVSwitch();
            ovs.setDefaults(lab.controller().address().getPort());
            lab.controller().apply(ID, 5, List.of(VM1, VM2));
            lab.events().await("sw-a confirmed 5");
            ovs.vsctl("set", "controller", OpenVSwitch.BRIDGE, "inactivity_probe=9000");
            String told = "";
            while (!told.contains("inactivity_probe")) {
                told = lab.events().await("sw-a preflight UNFIT: ");
            }
            assertEquals(
                    "[]",
                    ovs.vsctl("get", "bridge", OpenVSwitch.BRIDGE, "fail_mode").strip());
            assertTrue(lab.site().arrives("vm1", ipv4("vm1"), "gw", ipv4("gw"), true));
        }
    }
}
