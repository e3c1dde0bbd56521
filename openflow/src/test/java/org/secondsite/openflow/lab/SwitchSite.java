package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
final class SwitchSite implements Closeable {
    static final long DATAPATH = 0xa01;
    static final String GATEWAY = "gw";

    private final Deque<Closeable> opened = new ArrayDeque<>();
    private final Map<String, Namespace> hosts = new HashMap<>();
    private final Namespace switchNamespace;
    private final OpenVSwitch openVSwitch;
    private final Datagrams datagrams = new Datagrams();

    SwitchSite(Path directory) throws IOException {
        Command.require("ethtool", "ethtool");
        try {
            switchNamespace = keep(Namespace.create("sw"));
            openVSwitch = keep(new OpenVSwitch(switchNamespace, directory, DATAPATH));
            for (String host : new String[] {GATEWAY, "vm1", "vm2", "vm3"}) {
                addHost(host);
            }
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    OpenVSwitch openVSwitch() {
        return openVSwitch;
    }

    Namespace switchNamespace() {
        return switchNamespace;
    }

    Namespace host(String name) {
        return hosts.get(name);
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

    /** Whether a datagram from {@code source}, an address of host {@code from}, arrives at {@code destination} of {@code to}. */
    boolean arrives(String from, String source, String to, String destination, boolean expected) throws Exception {
        return datagrams.arrives(host(from), source, host(to), destination, destination, expected);
    }

    void plug(String host) throws IOException {
        openVSwitch.addPort(host);
    }

    @Override
    public void close() throws IOException {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    private void addHost(String name) throws IOException {
        Namespace host = keep(Namespace.create(name));
        hosts.put(name, host);
        Command.run(
                "ip",
                "link",
                "add",
                name,
                "netns",
                switchNamespace.name(),
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                host.name());
        switchNamespace.run("ip", "link", "set", name, "up");
        host.run("ip", "link", "set", "eth0", "address", mac(name));
        // The user-space datapath hands frames on as they are: without this their checksums were never computed.
        host.run("ethtool", "-K", "eth0", "tx", "off");
        host.run("ip", "link", "set", "eth0", "up");
        host.run("ip", "addr", "add", ipv4(name) + "/24", "dev", "eth0");
        host.run("ip", "addr", "add", ipv6(name) + "/64", "dev", "eth0", "nodad");
        if (!name.equals("vm3")) {
            openVSwitch.addPort(name);
        }
    }

    private <T extends Closeable> T keep(T resource) {
        opened.push(resource);
        return resource;
    }
}
