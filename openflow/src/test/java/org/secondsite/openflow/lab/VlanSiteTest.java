package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.VlanSite.VMS;
import static org.secondsite.openflow.lab.VlanSite.gateway;
import static org.secondsite.openflow.lab.VlanSite.gatewayV6;
import static org.secondsite.openflow.lab.VlanSite.ipv4;
import static org.secondsite.openflow.lab.VlanSite.ipv6;
import static org.secondsite.openflow.lab.VlanSite.vm;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.RecordedEvents;
import org.secondsite.openflow.io.SwitchController;

/** VLANs through a site: untagged and tagged ports, the gateway's trunk, and a gateway that routes, with their own ARP and ND. */
@Tag("lab")
@Timeout(180)
class VlanSiteTest {
    @TempDir
    private Path directory;

    private VlanSite site;
    private final RecordedEvents events = new RecordedEvents();

    @ParameterizedTest
    @ValueSource(strings = {"OpenFlow13", "OpenFlow14"})
    void everyVmIsInItsVlanAndMeetsOthersThroughTheGatewayOnly(String version) throws Exception {
        try (VlanSite opened = new VlanSite(directory);
                SwitchController controller = opened.switchNamespace().call(this::controller)) {
            site = opened;
            OpenVSwitch ovs = site.openVSwitch();
            ovs.vsctl("set", "bridge", OpenVSwitch.BRIDGE, "protocols=OpenFlow10," + version);
            ovs.setControllers(controller.address().getPort());
            apply(controller, 5, Role.OWNER);

            for (String vm : VMS) {
                assertTrue(site.arrives(vm, ipv4(vm), "gw", gateway(vm), true), vm);
                assertTrue(site.arrives("gw", gateway(vm), vm, ipv4(vm), true), vm);
                assertTrue(site.arrives(vm, ipv6(vm), "gw", gatewayV6(vm), true), vm);
                assertTrue(site.arrives("gw", gatewayV6(vm), vm, ipv6(vm), true), vm);
            }
            for (String vlanOf : List.of("vm1", "vm3", "vm4")) {
                for (String vm : VMS) {
                    boolean isIn = gateway(vm).equals(gateway(vlanOf));
                    assertEquals(isIn, site.broadcastArrives(vlanOf, vm, isIn), "as of " + vlanOf + " at " + vm);
                }
            }
            String[][] pairs = {{"vm1", "vm2"}, {"vm2", "vm1"}, {"vm1", "vm3"}, {"vm4", "vm2"}};
            site.forward(false);
            for (String[] pair : pairs) {
                assertFalse(reaches(pair[0], pair[1], false), () -> String.join(" past the gateway to ", pair));
            }
            site.forward(true);
            for (String[] pair : pairs) {
                assertTrue(reaches(pair[0], pair[1], true), () -> String.join(" through the gateway to ", pair));
            }

            apply(controller, 6, Role.STANDBY);
            for (String vm : VMS) {
                assertFalse(site.arrives(vm, ipv4(vm), "gw", gateway(vm), false), vm);
                assertFalse(site.arrives("gw", gateway(vm), vm, ipv4(vm), false), vm);
            }
            apply(controller, 7, Role.OWNER);
            assertTrue(reaches("vm1", "vm2", true));
            assertTrue(reaches("vm4", "vm2", true));
        }
    }

    private boolean reaches(String from, String to, boolean expected) throws Exception {
        return site.arrives(from, ipv4(from), to, ipv4(to), expected);
    }

    private void apply(SwitchController controller, long term, Role role) throws Exception {
        List<VmAttachment> vms = VMS.stream().map(vm -> vm(vm, role)).toList();
        controller.apply(ID, term, vms);
        events.await("sw-a confirmed " + term);
    }

    private SwitchController controller() throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0);
        SwitchSettings settings = new SwitchSettings(ID, SwitchSite.DATAPATH, "gw");
        return SwitchController.open(new ControllerSettings(any, List.of(settings)), events);
    }
}
