package org.secondsite.buffer;

import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/**
 * A VM whose output is held, and how its frames are told from others on the VM-facing port.
 *
 * @param id its name
 * @param mac the source address of all its frames; not multicast
 * @param vlan the VLAN that its frames are tagged with on this port, 1 to 4094; empty when any tag, or none, is this VM
 * @param addresses the source addresses it may use; when there is none, addresses are not checked
 */
public record ProtectedVm(VmId id, MacAddress mac, OptionalInt vlan, List<InetAddress> addresses) {
    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if the MAC address is multicast or zero, or the VLAN is out of range
     */
    public ProtectedVm {
        Objects.requireNonNull(id);
        if (mac.isMulticast() || mac.value() == 0) {
            throw new IllegalArgumentException("VM " + id + ": " + mac + " cannot be the source of a frame");
        }
        if (vlan.isPresent() && (vlan.getAsInt() < 1 || vlan.getAsInt() > 4094)) {
            throw new IllegalArgumentException("VM " + id + ": VLAN " + vlan.getAsInt() + " is not within 1..4094");
        }
        addresses = List.copyOf(addresses);
    }

    /** A VM that is known by its MAC address alone, tagged or not. */
    public ProtectedVm(VmId id, MacAddress mac, List<InetAddress> addresses) {
        this(id, mac, OptionalInt.empty(), addresses);
    }
}
