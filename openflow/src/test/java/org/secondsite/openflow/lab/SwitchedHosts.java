package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** A real switch and hosts with cables to it, each in a namespace of its own; who extends it lays the cables. */
abstract class SwitchedHosts implements Closeable {
    private final Deque<Closeable> opened = new ArrayDeque<>();
    private final Map<String, Namespace> hosts = new HashMap<>();
    private final Namespace switchNamespace;
    private final OpenVSwitch openVSwitch;
    private final Datagrams datagrams = new Datagrams();

    SwitchedHosts(Path directory, long datapathId) throws IOException {
        Command.require("ethtool", "ethtool");
        try {
            switchNamespace = keep(Namespace.create("sw"));
            openVSwitch = keep(new OpenVSwitch(switchNamespace, directory, datapathId));
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    final OpenVSwitch openVSwitch() {
        return openVSwitch;
    }

    final Namespace switchNamespace() {
        return switchNamespace;
    }

    final Namespace host(String name) {
        return hosts.get(name);
    }

    final void addHost(String name) throws IOException {
        hosts.put(name, keep(Namespace.create(name)));
    }

    /** A cable from the switch's end, which is no port of it yet, to a host's interface. */
    final void link(String port, String host, String name, String mac) throws IOException {
        switchNamespace.run(
                "ip",
                "link",
                "add",
                port,
                "type",
                "veth",
                "peer",
                "name",
                name,
                "netns",
                host(host).name());
        switchNamespace.run("ip", "link", "set", port, "up");
        host(host).run("ip", "link", "set", name, "address", mac);
        // The user-space datapath hands frames on as they are: without this their checksums were never computed.
        host(host).run("ethtool", "-K", name, "tx", "off");
        host(host).run("ip", "link", "set", name, "up");
    }

    /**
     * Whether a datagram from {@code source}, an address of host {@code from}, arrives at {@code destination} of {@code to}.
     * One that is not to arrive counts if it does when the switch goes by its tables, not by what it had cached of them.
     */
    final boolean arrives(String from, String source, String to, String destination, boolean expected)
            throws Exception {
        return arrives(from, source, to, destination, destination, expected);
    }

    /** The same, sent to {@code address} and heard at {@code bound}. */
    final boolean arrives(String from, String source, String to, String bound, String address, boolean expected)
            throws Exception {
        boolean arrived = datagrams.arrives(host(from), source, host(to), bound, address, expected);
        if (expected || !arrived) {
            return arrived;
        }
        openVSwitch.awaitRevalidated();
        return datagrams.arrives(host(from), source, host(to), bound, address, false);
    }

    @Override
    public final void close() throws IOException {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
    }

    private <T extends Closeable> T keep(T resource) {
        opened.push(resource);
        return resource;
    }
}
