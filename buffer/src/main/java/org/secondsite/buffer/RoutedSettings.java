package org.secondsite.buffer;

import java.net.InetAddress;
import java.util.List;
import org.secondsite.config.InterfaceAddress;
import org.secondsite.config.MacAddress;

/**
 * What the routed mode needs to know.
 *
 * @param insideInterface the VM-facing interface, in the process's network namespace
 * @param insideMac the gateway's MAC address there, the same at both sites
 * @param insideAddresses its addresses there with the subnet's length, like {@code 203.0.113.1/24}, the same at both
 * sites
 * @param releaseName names the veth pair through which held packets are released: its ends get a 0 and a 1 behind it;
 * 1 to 14 characters
 * @param tenants what the VMs may reach of and through this machine
 * @param poolBytes the memory for held packets of all VMs together
 * @param perVmBytes the most that one VM may hold
 */
public record RoutedSettings(
        String insideInterface,
        MacAddress insideMac,
        List<String> insideAddresses,
        String releaseName,
        TenantAccess tenants,
        long poolBytes,
        long perVmBytes) {
    /**
     * Checks names and addresses; sizes are checked against the number of VMs when the data plane opens.
     *
     * @throws IllegalArgumentException if one is not well-formed, or packets would leave by the way they came
     */
    public RoutedSettings {
        InterfaceNames.check(insideInterface, 15);
        InterfaceNames.check(releaseName, 14);
        insideAddresses = List.copyOf(insideAddresses);
        insideAddresses.forEach(InterfaceAddress::parse);
        if (tenants.uplinks().contains(insideInterface)) {
            throw new IllegalArgumentException("an uplink is the inside interface " + insideInterface);
        }
    }

    /** The same with other addresses that no VM's packet may go to. */
    public RoutedSettings closing(List<InetAddress> closed) {
        TenantAccess access = new TenantAccess(tenants.uplinks(), closed, tenants.echo());
        return new RoutedSettings(
                insideInterface, insideMac, insideAddresses, releaseName, access, poolBytes, perVmBytes);
    }

    /** The inside addresses, read. */
    public List<InterfaceAddress> inside() {
        return insideAddresses.stream().map(InterfaceAddress::parse).toList();
    }

    /** Our end of the veth pair: what is sent there reaches the kernel's routing. */
    public String ourEnd() {
        return releaseName + "0";
    }

    /** The kernel's end of the veth pair. */
    public String kernelEnd() {
        return releaseName + "1";
    }
}
