package org.secondsite.openflow;

import java.net.InetAddress;
import java.util.List;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/**
 * A VM at a port of a switch, and what the switch shall do with it.
 *
 * @param vm the VM
 * @param portName the switch port's name; the port need not exist yet
 * @param mac the only MAC address that the VM may use
 * @param addresses the only IP addresses that it may use, besides IPv6 link-local ones
 * @param role whether this site owns it
 * @param vlan how its frames are tagged
 */
public record VmAttachment(
        VmId vm, String portName, MacAddress mac, List<InetAddress> addresses, Role role, Vlan vlan) {
    /** One whose frames bear no tag. */
    public VmAttachment(VmId vm, String portName, MacAddress mac, List<InetAddress> addresses, Role role) {
        this(vm, portName, mac, addresses, role, Vlan.NONE);
    }

    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if the MAC address is no single station's
     */
    public VmAttachment {
        addresses = List.copyOf(addresses);
        if (mac.isMulticast() || mac.value() == 0) {
            throw new IllegalArgumentException(vm + ": " + mac + " is no single station's MAC address");
        }
    }

    /** The same VM in another role. */
    public VmAttachment with(Role other) {
        return new VmAttachment(vm, portName, mac, addresses, other, vlan);
    }

    /** The same VM in a VLAN. */
    public VmAttachment with(Vlan other) {
        return new VmAttachment(vm, portName, mac, addresses, role, other);
    }
}
