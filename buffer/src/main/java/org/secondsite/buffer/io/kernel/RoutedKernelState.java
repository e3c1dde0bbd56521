package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.buffer.ProtectedVm;
import org.secondsite.buffer.RoutedSettings;
import org.secondsite.config.InterfaceAddress;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel state of the routed mode: installed in an order in which nothing can slip out, and verified by asking
 * for it back.
 *
 * <pre>
 *   VM ──▶ inside ──┬─ tap ──▶ held ──▶ our end ═══ kernel's end ──▶ routing ──▶ uplink
 *                   │                    (veth pair, same MAC as inside)
 *                   └─ ingress rules: ARP and ND to the gateway accepted, the rest of protected VMs dropped
 *                      input and forward rules: nothing of this machine, nothing behind it but the uplink
 *   uplink ──▶ routing ──▶ inside ──▶ VM        (neighbours are static: no question is asked of a held VM)
 * </pre>
 */
public final class RoutedKernelState implements KernelState {
    private static final Logger LOG = LoggerFactory.getLogger(RoutedKernelState.class);

    private final RoutedSettings settings;
    /** Changed and read under the lock: a watch looks at them, too. */
    private List<ProtectedVm> vms;

    private RoutedRules rules;
    private List<InetAddress> closed;
    /** Empty: nobody has said yet. */
    private Optional<List<InetAddress>> elsewhere = Optional.empty();

    private final String inside;
    private final ElsewhereRoutes elsewhereRoutes;

    public RoutedKernelState(RoutedSettings settings, List<ProtectedVm> vms) {
        this.settings = settings;
        this.vms = List.copyOf(vms);
        closed = settings.tenants().closed();
        rules = rules();
        inside = settings.insideInterface();
        elsewhereRoutes = new ElsewhereRoutes(
                List.of(inside, settings.kernelEnd()), settings.tenants().uplinks());
    }

    private RoutedRules rules() {
        return new RoutedRules(settings.closing(closed), vms, elsewhere.orElse(List.of()));
    }

    @Override
    public synchronized void install() throws IOException {
        if (!Commands.succeeds("ip link show dev " + inside)) {
            throw new IOException("there is no interface " + inside + " in this network namespace");
        }
        // The rules come first: from here on nothing passes that is not released.
        Commands.run(List.of("nft", "-f", "-"), rules.script());
        if (!pairProblems().isEmpty()) {
            releasePair();
        }
        settings();
        insideInterface();
    }

    @Override
    public List<String> interfaces() {
        return List.of(inside, settings.ourEnd(), settings.kernelEnd());
    }

    private void releasePair() throws IOException {
        String our = settings.ourEnd();
        String kernel = settings.kernelEnd();
        if (Commands.succeeds("ip link show dev " + our)) {
            Commands.run("ip link delete dev " + our);
        }
        Commands.run("ip link add name " + our + " mtu 65535 type veth peer name " + kernel + " mtu 65535");
        Commands.run("ip link set dev " + kernel + " address " + settings.insideMac() + " arp off addrgenmode none");
        Commands.run("ip link set dev " + our + " arp off addrgenmode none");
        Sysctl.set("ipv4/ip_forward", 1);
        relaxReversePath();
        Sysctl.set("ipv4/conf/" + kernel + "/rp_filter", 0);
        Sysctl.set("ipv4/conf/" + kernel + "/forwarding", 1);
        if (Sysctl.hasIpv6()) {
            Sysctl.set("ipv6/conf/all/forwarding", 1);
            Sysctl.set("ipv6/conf/" + our + "/disable_ipv6", 1);
            Sysctl.set("ipv6/conf/" + kernel + "/forwarding", 1);
        }
        Commands.run("ip link set dev " + our + " up");
        Commands.run("ip link set dev " + kernel + " up");
    }

    /**
     * The kernel takes the stricter of "all" and the interface's own value, so "all" has to be off; the other
     * interfaces keep what they had.
     */
    private static void relaxReversePath() throws IOException {
        int all = Integer.parseInt(Sysctl.get("ipv4/conf/all/rp_filter"));
        if (all == 0) {
            return;
        }
        for (String name : Sysctl.interfaces()) {
            int own = Integer.parseInt(Sysctl.get("ipv4/conf/" + name + "/rp_filter"));
            Sysctl.set("ipv4/conf/" + name + "/rp_filter", Math.max(own, all));
        }
        Sysctl.set("ipv4/conf/all/rp_filter", 0);
    }

    private void settings() throws IOException {
        Sysctl.set("ipv4/conf/" + inside + "/forwarding", 1);
        // Answer for the addresses of this interface only, not for those of the uplink.
        Sysctl.set("ipv4/conf/" + inside + "/arp_ignore", 1);
        if (Sysctl.hasIpv6()) {
            Sysctl.set("ipv6/conf/" + inside + "/forwarding", 1);
            Sysctl.set("ipv6/conf/" + inside + "/accept_ra", 0);
            // The other site has the same addresses; the two never share a link.
            Sysctl.set("ipv6/conf/" + inside + "/accept_dad", 0);
        }
    }

    private void insideInterface() throws IOException {
        Commands.run("ip link set dev " + inside + " address " + settings.insideMac());
        Commands.run("ip link set dev " + inside + " up");
        for (InterfaceAddress address : settings.inside()) {
            String flags = address.address() instanceof Inet4Address ? "" : " nodad";
            Commands.run("ip addr replace " + address + " dev " + inside + flags);
        }
        if (hasInside6() && !linkLocal().equals(List.of(ownLinkLocal()))) {
            // The kernel made it of the MAC address that the interface had before: at the other site it was another
            // one.
            Commands.run("ip -6 addr flush dev " + inside + " scope link");
            Commands.run("ip -6 addr replace " + ownLinkLocal().getHostAddress() + "/64 dev " + inside + " nodad");
        }
        neighbors(vms);
        try {
            Commands.run("ethtool -K " + inside + " gro on");
        } catch (IOException e) {
            LOG.info("{}: receive offload could not be set, TCP will be slower: {}", inside, e.getMessage());
        }
    }

    private boolean hasInside6() {
        return settings.inside().stream().anyMatch(address -> !(address.address() instanceof Inet4Address));
    }

    /** The address by which VMs know their router, if that advertises itself: the same at both sites. RFC 4291 appendix A. */
    private InetAddress ownLinkLocal() {
        long mac = settings.insideMac().value();
        return InetAddress.ofLiteral("fe80::%x:%x:%x:%x"
                .formatted(
                        (mac >>> 32) ^ 0x0200,
                        ((mac >>> 16) & 0xff00) | 0xff,
                        0xfe00 | ((mac >>> 16) & 0xff),
                        mac & 0xffff));
    }

    private List<InetAddress> linkLocal() throws IOException {
        return Commands.run("ip -o -6 addr show dev " + inside + " scope link")
                .lines()
                .map(line -> InetAddress.ofLiteral(line.replaceAll(".* inet6 ([^/ ]+)/.*", "$1")))
                .toList();
    }

    @Override
    public synchronized void confine(List<ProtectedVm> others, List<InetAddress> nowhere) throws IOException {
        List<ProtectedVm> before = vms;
        List<InetAddress> closedBefore = closed;
        vms = List.copyOf(others);
        closed = List.copyOf(nowhere);
        rules = rules();
        try {
            neighbors(vms);
            Commands.run(List.of("nft", "-f", "-"), rules.script());
            List<String> problems = problems();
            if (!problems.isEmpty()) {
                throw new IOException(String.join("; ", problems));
            }
        } catch (IOException e) {
            vms = before;
            closed = closedBefore;
            rules = rules();
            Commands.run(List.of("nft", "-f", "-"), rules.script());
            throw e;
        }
        before.stream()
                .flatMap(vm -> vm.addresses().stream())
                .filter(address -> vms.stream().noneMatch(vm -> vm.addresses().contains(address)))
                .forEach(address -> Commands.succeeds("ip neigh del " + address.getHostAddress() + " dev " + inside));
    }

    @Override
    public void elsewhere(List<InetAddress> addresses) throws IOException {
        // What they send is let in first: what VMs here send them leads to answers.
        letIn(addresses);
        elsewhereRoutes.settle(addresses);
    }

    private synchronized void letIn(List<InetAddress> addresses) throws IOException {
        Optional<List<InetAddress>> before = elsewhere;
        if (before.filter(addresses::equals).isPresent()) {
            return;
        }
        elsewhere = Optional.of(List.copyOf(addresses));
        rules = rules();
        try {
            Commands.run(List.of("nft", "-f", "-"), rules.elsewhereScript());
        } catch (IOException e) {
            elsewhere = before;
            rules = rules();
            throw e;
        }
    }

    private void neighbors(List<ProtectedVm> some) throws IOException {
        for (ProtectedVm vm : some) {
            for (var address : vm.addresses()) {
                Commands.run("ip neigh replace " + address.getHostAddress() + " lladdr " + vm.mac() + " dev " + inside
                        + " nud permanent");
            }
        }
    }

    @Override
    public synchronized List<String> problems() throws IOException {
        List<String> problems = new ArrayList<>();
        problems.addAll(RulesetText.problems("netdev", rules.table(), rules.ingress()));
        // Who has not been told leaves to the gateway that runs what it was told.
        Set<String> open = elsewhere.isPresent() ? Set.of() : Set.of("set elsewhere4", "set elsewhere6");
        problems.addAll(RulesetText.problems("inet", rules.table(), rules.machine(), open));
        String link = Commands.run("ip -d link show dev " + inside);
        require(problems, link.contains("link/ether " + settings.insideMac()), inside + " has another MAC address");
        problems.addAll(InterfaceChecks.beforeTheTap(inside));
        for (InterfaceAddress address : settings.inside()) {
            String shown = Commands.run(
                    "ip -o addr show dev " + inside + " to " + address.address().getHostAddress());
            require(
                    problems,
                    shown.contains("/" + address.prefixLength() + " "),
                    inside + " lacks the address " + address);
        }
        if (hasInside6()) {
            require(
                    problems,
                    linkLocal().equals(List.of(ownLinkLocal())),
                    inside + " has another link-local address than "
                            + ownLinkLocal().getHostAddress());
        }
        problems.addAll(pairProblems());
        String kernel = settings.kernelEnd();
        requireSetting(problems, "ipv4/ip_forward", "1");
        requireSetting(problems, "ipv4/conf/" + inside + "/arp_ignore", "1");
        requireSetting(problems, "ipv4/conf/all/rp_filter", "0");
        requireSetting(problems, "ipv4/conf/" + kernel + "/rp_filter", "0");
        requireSetting(problems, "ipv4/conf/" + kernel + "/forwarding", "1");
        if (Sysctl.hasIpv6()) {
            requireSetting(problems, "ipv6/conf/" + kernel + "/forwarding", "1");
        }
        return problems;
    }

    private List<String> pairProblems() {
        String kernel = settings.kernelEnd();
        List<String> problems = new ArrayList<>();
        try {
            String pair = Commands.run("ip -d link show dev " + kernel);
            require(
                    problems,
                    pair.contains(kernel + "@" + settings.ourEnd() + ":") && pair.contains("veth"),
                    kernel + " is not the other end of " + settings.ourEnd());
            require(problems, pair.contains("link/ether " + settings.insideMac()), kernel + " has another MAC address");
            require(problems, pair.contains("LOWER_UP"), kernel + " is not up");
        } catch (IOException e) {
            problems.add(e.getMessage());
        }
        return problems;
    }

    private static void require(List<String> problems, boolean holds, String otherwise) {
        if (!holds) {
            problems.add(otherwise);
        }
    }

    private static void requireSetting(List<String> problems, String name, String value) throws IOException {
        String found;
        try {
            found = Sysctl.get(name);
        } catch (NoSuchFileException e) {
            found = "missing";
        }
        require(problems, found.equals(value), "net/" + name + " is not " + value);
    }

    @Override
    public synchronized void remove() throws IOException {
        if (Commands.succeeds("ip link show dev " + settings.ourEnd())) {
            Commands.run("ip link delete dev " + settings.ourEnd());
        }
        for (ProtectedVm vm : vms) {
            for (var address : vm.addresses()) {
                Commands.succeeds("ip neigh del " + address.getHostAddress() + " dev " + inside);
            }
        }
        elsewhereRoutes.remove();
        Commands.run(List.of("nft", "-f", "-"), rules.removal());
    }
}
