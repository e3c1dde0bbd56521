package org.secondsite.bench.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.bench.Contender;

/**
 * Three network namespaces in a row, with a contender in the middle one.
 *
 * <pre>
 *   bridge, transparent   vm eth0 10.77.1.1/16 ── in0   gw   out0 ── eth0 10.77.0.1/16 up
 *   routing, routed       vm eth0 10.77.1.1/16 ── in0   gw   out0 ── eth0 10.99.0.1/24 up
 *                                          10.77.0.1/16      10.99.0.2/24
 * </pre>
 *
 * Neighbours are static, so that nothing but the load is on the wires. UDP to port {@value #COUNTED_PORT} is counted
 * and dropped where it enters the last namespace, so that the receiver costs next to nothing.
 */
final class Site implements AutoCloseable {
    static final int COUNTED_PORT = 9;
    static final String INSIDE_MAC = "02:00:5e:00:01:01";
    static final String INSIDE_ADDRESS = "10.77.0.1";
    static final String UPLINK_MAC = "02:00:00:00:00:99";

    // What Linux guests do by default, whatever this machine does; set on the route, so that it needs no allowance.
    private static final String CONGESTION_CONTROL = "cubic";

    private static final int VM_QUEUE_PACKETS = 20_000;

    private static final Pattern COUNTER = Pattern.compile("counter packets (\\d+)");

    private final Contender contender;
    private final String prefix;
    private final List<String> made = new ArrayList<>();

    /** Makes the namespaces and, where the kernel is the contender, its bridge or routing. */
    Site(Contender contender) throws IOException {
        this.contender = contender;
        prefix = "sst-bench-"
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(), 4) + "-" + contender.label() + "-";
        try {
            for (String name : List.of("vm", "gw", "up")) {
                Shell.run("ip netns add " + full(name));
                made.add(name);
                exec(name, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
                exec(name, "sysctl -qw net.ipv4.tcp_rmem=4096,1048576,134217728".replace(',', '\t'));
                exec(name, "sysctl -qw net.ipv4.tcp_wmem=4096,1048576,134217728".replace(',', '\t'));
                Shell.run("ip -n " + full(name) + " link set lo up");
            }
            wire();
            exec("up", "nft add table netdev sink");
            exec(
                    "up",
                    "nft add chain netdev sink in { type filter hook ingress device eth0 priority 0 ; policy accept ; }");
            exec("up", "nft add rule netdev sink in udp dport " + COUNTED_PORT + " counter drop");
            if (contender == Contender.BRIDGE) {
                bridge();
            } else if (contender == Contender.ROUTING) {
                routing();
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    Contender contender() {
        return contender;
    }

    /** The address that the VMs send to. */
    String uplinkAddress() {
        return contender.routes() ? "10.99.0.1" : "10.77.0.1";
    }

    /** The MAC address that the VMs send to. */
    String firstHopMac() {
        return contender.routes() ? INSIDE_MAC : UPLINK_MAC;
    }

    String full(String name) {
        return prefix + name;
    }

    /** Packets that have reached the last namespace's counter since it was made. */
    long counted() throws IOException {
        String chain = exec("up", "nft list chain netdev sink in");
        Matcher matcher = COUNTER.matcher(chain);
        if (!matcher.find()) {
            throw new IOException("no counter in " + chain);
        }
        return Long.parseLong(matcher.group(1));
    }

    /** Whether the VM leaves segmentation, and the middle merges what it receives. */
    void offload(boolean vmSegments, boolean middleMerges) throws IOException {
        String segment = vmSegments ? "on" : "off";
        exec("vm", "ethtool -K eth0 tso " + segment + " gso " + segment);
        if (!contender.holds()) {
            String merge = middleMerges ? "on" : "off";
            exec("gw", "ethtool -K in0 gro " + merge);
        }
    }

    /**
     * Whether the VM's interface has a queue. With one, a sender waits while the ring of the other end is full, as it
     * does for a VM's network card (veth in Linux 6.17 or newer); without one, veth drops what comes meanwhile.
     */
    void queueAtVm(boolean queued) throws IOException {
        exec(
                "vm",
                queued
                        ? "tc qdisc replace dev eth0 root pfifo limit " + VM_QUEUE_PACKETS
                        : "tc qdisc del dev eth0 root");
    }

    /** Runs a command in one of the namespaces. */
    String exec(String name, String command) throws IOException {
        return Shell.run("ip netns exec " + full(name) + " " + command);
    }

    /** Runs an action on a thread that is in a namespace; sockets and threads that it makes stay there. */
    <T> T in(String name, Callable<T> action) throws IOException {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().name("in-" + contender.label() + "-" + name).start(() -> {
            try {
                new SystemCalls().enterNamespace(full(name));
                result.complete(action.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private void wire() throws IOException {
        link("vm", "eth0", "in0");
        link("up", "eth0", "out0");
        Shell.run("ip -n " + full("vm") + " link set eth0 address " + VmFrames.mac(0));
        Shell.run("ip -n " + full("up") + " link set eth0 address " + UPLINK_MAC);
        Shell.run("ip -n " + full("vm") + " addr add " + VmFrames.address(0) + "/16 dev eth0");
        String firstHop = contender.routes() ? INSIDE_ADDRESS : uplinkAddress();
        Shell.run("ip -n " + full("vm") + " neigh replace " + firstHop + " lladdr " + firstHopMac()
                + " dev eth0 nud permanent");
        if (!contender.routes()) {
            Shell.run("ip -n " + full("up") + " addr add " + uplinkAddress() + "/16 dev eth0");
            Shell.run("ip -n " + full("up") + " neigh replace " + VmFrames.address(0) + " lladdr " + VmFrames.mac(0)
                    + " dev eth0 nud permanent");
            Shell.run("ip -n " + full("vm") + " route replace 10.77.0.0/16 dev eth0 src " + VmFrames.address(0)
                    + " congctl " + CONGESTION_CONTROL);
            return;
        }
        Shell.run(
                "ip -n " + full("vm") + " route add default via " + INSIDE_ADDRESS + " congctl " + CONGESTION_CONTROL);
        Shell.run("ip -n " + full("up") + " addr add " + uplinkAddress() + "/24 dev eth0");
        Shell.run("ip -n " + full("gw") + " addr add 10.99.0.2/24 dev out0");
        Shell.run("ip -n " + full("up") + " route add 10.77.0.0/16 via 10.99.0.2");
        Shell.run("ip -n " + full("gw") + " neigh replace " + uplinkAddress() + " lladdr " + UPLINK_MAC
                + " dev out0 nud permanent");
    }

    private void link(String end, String endInterface, String middleInterface) throws IOException {
        Shell.run("ip link add name " + endInterface + " netns " + full(end) + " type veth peer name " + middleInterface
                + " netns " + full("gw"));
        Shell.run("ip -n " + full(end) + " link set " + endInterface + " up");
        Shell.run("ip -n " + full("gw") + " link set " + middleInterface + " up");
    }

    private void bridge() throws IOException {
        // A bridge that asks the firewall about every frame would be no match.
        if (Files.exists(Path.of("/proc/sys/net/bridge"))) {
            for (String family : List.of("iptables", "ip6tables", "arptables")) {
                exec("gw", "sysctl -qw net.bridge.bridge-nf-call-" + family + "=0");
            }
        }
        Shell.run("ip -n " + full("gw") + " link add br0 type bridge stp_state 0 mcast_snooping 0");
        Shell.run("ip -n " + full("gw") + " link set in0 master br0");
        Shell.run("ip -n " + full("gw") + " link set out0 master br0");
        Shell.run("ip -n " + full("gw") + " link set br0 up");
    }

    private void routing() throws IOException {
        exec("gw", "sysctl -qw net.ipv4.ip_forward=1");
        Shell.run("ip -n " + full("gw") + " link set in0 address " + INSIDE_MAC);
        Shell.run("ip -n " + full("gw") + " addr add " + INSIDE_ADDRESS + "/16 dev in0");
        Shell.run("ip -n " + full("gw") + " neigh replace " + VmFrames.address(0) + " lladdr " + VmFrames.mac(0)
                + " dev in0 nud permanent");
    }

    @Override
    public void close() {
        for (String name : made) {
            try {
                Shell.run("ip netns del " + full(name));
            } catch (IOException e) {
                System.err.println("a network namespace stays behind: " + e.getMessage());
            }
        }
        made.clear();
    }
}
