package org.secondsite.openflow.simulated;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Bits;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

/**
 * A switch in memory with the gateway at port 1 and VM {@code n} at port {@code 10 + n}, named {@code vmn}, and what the VMs
 * say.
 */
public final class SimulatedSite {
    /** Of the switch. */
    public static final long DATAPATH = 0xa01;

    /** The switch is the gateway's alone. */
    public static final SwitchSettings EXCLUSIVE = new SwitchSettings(new SwitchId("sw-a"), DATAPATH, "gw");

    /** The first VM, owned. */
    public static final VmAttachment VM1 = vm(1, Role.OWNER);

    /** The same, owned by another site. */
    public static final VmAttachment VM1_STANDBY = vm(1, Role.STANDBY);

    /** The second VM, owned. */
    public static final VmAttachment VM2 = vm(2, Role.OWNER);

    private SimulatedSite() {}

    /** A switch with the ports of the gateway and two VMs. */
    public static ExecutingSwitch simulated(Quirk... quirks) {
        ExecutingSwitch simulated = new ExecutingSwitch(DATAPATH, quirks);
        simulated.ports.put("gw", 1);
        simulated.ports.put("vm1", 11);
        simulated.ports.put("vm2", 12);
        return simulated;
    }

    /** A session with the switch, connected. */
    public static Stage stage(ExecutingSwitch simulated, SwitchSettings settings, OFVersion version) {
        Stage stage = new Stage(simulated, settings);
        stage.connect(version);
        return stage;
    }

    /** A VM at its port. */
    public static VmAttachment vm(int number, Role role) {
        return new VmAttachment(
                new VmId("vm" + number),
                "vm" + number,
                new MacAddress(0x5254_00c0_1000L + number),
                List.of(
                        IpPrefix.parseAddress("203.0.113." + (10 + number)),
                        IpPrefix.parseAddress("2001:db8::" + (10 + number))),
                role);
    }

    /** A datagram of the VM to the gateway that comes in by this port. */
    public static Map<Field, Bits> speech(int port, VmAttachment vm) {
        Map<Field, Bits> frame = new EnumMap<>(Field.class);
        frame.put(Field.IN_PORT, Bits.of(port));
        frame.put(Field.ETH_SRC, Bits.of(vm.mac().value()));
        frame.put(Field.ETH_DST, Bits.of(0x0200_5e00_0101L));
        frame.put(Field.ETH_TYPE, Bits.of(0x0800));
        frame.put(Field.VLAN_VID, Bits.ZERO);
        frame.put(Field.IPV4_SRC, Bits.of(vm.addresses().getFirst()));
        frame.put(Field.IP_PROTO, Bits.of(17));
        return frame;
    }

    /** Fails unless the switch has exactly the pipeline of these VMs. */
    public static void assertInstalled(ExecutingSwitch simulated, Layout layout, VmAttachment... vms) {
        List<Flow> expected = Pipeline.of(layout, "gw", List.of(vms), PortTable.of(simulated.ports))
                .flows();
        assertEquals(new HashSet<>(expected), new HashSet<>(simulated.installedFlows()));
    }
}
