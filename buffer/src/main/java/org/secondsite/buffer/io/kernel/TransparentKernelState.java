package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.buffer.InterfaceNames;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.TransparentSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel state of the transparent mode: rules at the ingress of both interfaces that redirect a frame to the
 * other one before any protocol of this machine sees it.
 *
 * <pre>
 *   VM ──▶ inside ──┬─ tap ──▶ held ──▶ outside
 *                   └─ rules: protected VMs dropped, others redirected ──▶ outside
 *   outside ──▶ rules: redirected ──▶ inside ──▶ VM
 * </pre>
 *
 * <p>The redirection stands in the same nftables table as the drop ({@code fwd to}), not in traffic-control filters:
 * one transaction replaces both, so there is no instant in which one is there without the other, and both chains end
 * in a drop.
 *
 * <p>A VM's packet that comes back to this machine by another interface, by way of the routers, is told by its source and given
 * to nobody here.
 */
public final class TransparentKernelState implements KernelState {
    private static final Logger LOG = LoggerFactory.getLogger(TransparentKernelState.class);

    private final String inside;
    private final String outside;
    /** Changed and read under the lock: a watch looks at it, too. */
    private VmSets sets;

    public TransparentKernelState(TransparentSettings settings, List<ProtectedVm> vms) {
        inside = settings.insideInterface();
        outside = settings.outsideInterface();
        sets = new VmSets(vms);
    }

    private String table() {
        return InterfaceNames.table(inside);
    }

    private List<String> rules() {
        List<String> lines = new ArrayList<>();
        lines.add("table netdev " + table() + " {");
        lines.add("chain inside {");
        lines.add("type filter hook ingress device \"" + inside + "\" priority -500; policy drop;");
        lines.add("ether saddr @vms drop");
        sets.addressRules(lines);
        lines.add("fwd to \"" + outside + "\"");
        lines.add("}");
        lines.add("chain outside {");
        lines.add("type filter hook ingress device \"" + outside + "\" priority -500; policy drop;");
        lines.add("fwd to \"" + inside + "\"");
        lines.add("}");
        sets.vms(lines);
        lines.add("}");
        return lines;
    }

    private List<String> machine() {
        List<String> lines = new ArrayList<>();
        lines.add("table inet " + table() + " {");
        for (String hook : List.of("input", "forward")) {
            lines.add("chain " + hook + " {");
            lines.add("type filter hook " + hook + " priority raw; policy accept;");
            for (String name : interfaces()) {
                lines.add("iifname \"" + name + "\" drop");
            }
            sets.dropAll(lines);
            lines.add("}");
        }
        sets.vms(lines);
        lines.add("}");
        return lines;
    }

    private String script() {
        return removal() + String.join("\n", rules()) + "\n" + String.join("\n", machine()) + "\n";
    }

    @Override
    public synchronized void install() throws IOException {
        for (String name : interfaces()) {
            if (!Commands.succeeds("ip link show dev " + name)) {
                throw new IOException("there is no interface " + name + " in this network namespace");
            }
        }
        Commands.run(List.of("nft", "-f", "-"), script());
        for (String name : interfaces()) {
            if (Sysctl.hasIpv6()) {
                Sysctl.set("ipv6/conf/" + name + "/disable_ipv6", 1);
            }
            // Redirected frames are addressed to others; a network card must not drop them.
            Commands.run("ip link set dev " + name + " promisc on up");
            try {
                Commands.run("ethtool -K " + name + " gro on");
            } catch (IOException e) {
                LOG.info("{}: receive offload could not be set, TCP will be slower: {}", name, e.getMessage());
            }
        }
    }

    /** What a VM may reach is a matter of its first hop, which is none of this machine's. */
    @Override
    public synchronized void confine(List<ProtectedVm> vms, List<InetAddress> closed) throws IOException {
        VmSets before = sets;
        sets = new VmSets(vms);
        try {
            Commands.run(List.of("nft", "-f", "-"), script());
            List<String> problems = problems();
            if (!problems.isEmpty()) {
                throw new IOException(String.join("; ", problems));
            }
        } catch (IOException e) {
            sets = before;
            Commands.run(List.of("nft", "-f", "-"), script());
            throw e;
        }
    }

    @Override
    public synchronized List<String> problems() throws IOException {
        List<String> problems = new ArrayList<>(RulesetText.problems("netdev", table(), rules()));
        problems.addAll(RulesetText.problems("inet", table(), machine()));
        for (String name : interfaces()) {
            problems.addAll(InterfaceChecks.beforeTheTap(name));
        }
        return problems;
    }

    private String removal() {
        return VmSets.removal("netdev", table()) + VmSets.removal("inet", table());
    }

    @Override
    public void remove() throws IOException {
        Commands.run(List.of("nft", "-f", "-"), removal());
        for (String name : interfaces()) {
            if (Commands.succeeds("ip link show dev " + name)) {
                Commands.run("ip link set dev " + name + " promisc off");
            }
        }
    }

    @Override
    public List<String> interfaces() {
        return List.of(inside, outside);
    }
}
