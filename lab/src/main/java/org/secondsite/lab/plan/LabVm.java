package org.secondsite.lab.plan;

import java.util.Optional;

/**
 * One of the lab's VMs.
 *
 * @param name its own, its tap's and its port's at the switch
 * @param mac its MAC address
 * @param address its IPv4 address
 * @param firstHop its gateway's address
 * @param store the address of the VM that it asks for every answer; empty if it asks none
 */
public record LabVm(String name, String mac, String address, String firstHop, Optional<String> store) {
    /** The one that every lab has. */
    public static final LabVm FIRST = new LabVm(
            LabNumbers.VM, LabNumbers.VM_MAC, LabNumbers.VM_ADDRESS, LabNumbers.INSIDE_ADDRESS, Optional.empty());

    /** The same, but it asks the VM of this address. */
    LabVm asking(String other) {
        return new LabVm(name, mac, address, firstHop, Optional.of(other));
    }

    /** Its process at a site, as the lab's commands call it. */
    public String process(Site site) {
        return "qemu-" + site.id() + (name.equals(LabNumbers.VM) ? "" : "-" + name);
    }
}
