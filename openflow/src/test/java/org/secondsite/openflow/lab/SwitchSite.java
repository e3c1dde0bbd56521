package org.secondsite.openflow.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;

/**
 * A switch with hosts at its ports, each in its own namespace: {@code gw}, the gateway, and {@code vm1} to {@code vm3}.
 *
 * <p>Host {@code n} has MAC 52:54:00:c0:10:0n, 203.0.113.1n and 2001:db8:113::1n; the gateway 02:00:5e:00:01:01,
 * 203.0.113.1 and 2001:db8:113::1.
 */
final class SwitchSite extends SwitchedHosts {
    static final long DATAPATH = 0xa01;
    static final String GATEWAY = "gw";

    SwitchSite(Path directory) throws IOException {
        super(directory, DATAPATH);
        try {
            for (String host : new String[] {GATEWAY, "vm1", "vm2", "vm3"}) {
                plugIn(host);
            }
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    static String mac(String host) {
        return host.equals(GATEWAY) ? "02:00:5e:00:01:01" : "52:54:00:c0:10:0" + host.charAt(2);
    }

    static String ipv4(String host) {
        return host.equals(GATEWAY) ? "203.0.113.1" : "203.0.113.1" + host.charAt(2);
    }

    static String ipv6(String host) {
        return host.equals(GATEWAY) ? "2001:db8:113::1" : "2001:db8:113::1" + host.charAt(2);
    }

    static VmAttachment attachment(String host, Role role) {
        return new VmAttachment(
                new VmId(host),
                host,
                MacAddress.parse(mac(host)),
                List.of(IpPrefix.parseAddress(ipv4(host)), IpPrefix.parseAddress(ipv6(host))),
                role);
    }

    /** Knows the other's MAC address without asking, so that only the frame itself is tested. */
    void knows(String host, String other) throws IOException {
        for (String address : new String[] {ipv4(other), ipv6(other)}) {
            host(host).run("ip", "neigh", "replace", address, "lladdr", mac(other), "dev", "eth0");
        }
    }

    void plug(String host) throws IOException {
        openVSwitch().addPort(host);
    }

    private void plugIn(String name) throws IOException {
        addHost(name);
        link(name, name, "eth0", mac(name));
        host(name).run("ip", "addr", "add", ipv4(name) + "/24", "dev", "eth0");
        host(name).run("ip", "addr", "add", ipv6(name) + "/64", "dev", "eth0", "nodad");
        if (!name.equals("vm3")) {
            openVSwitch().addPort(name);
        }
    }
}
