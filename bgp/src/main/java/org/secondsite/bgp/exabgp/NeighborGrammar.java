package org.secondsite.bgp.exabgp;

import static org.secondsite.bgp.exabgp.ConfigurationGrammar.address;
import static org.secondsite.bgp.exabgp.ConfigurationGrammar.flag;
import static org.secondsite.bgp.exabgp.ConfigurationGrammar.number;
import static org.secondsite.bgp.exabgp.ConfigurationGrammar.refused;
import static org.secondsite.bgp.exabgp.ConfigurationGrammar.word;
import static org.secondsite.bgp.exabgp.ConfigurationGrammar.wrong;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.exabgp.Statement.MalformedException;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Capability;

/** What stands in {@code neighbor IP { … }}, one line of the table for each word that may begin a statement. */
final class NeighborGrammar {
    private static final int USUAL_HOLD_TIME_SECONDS = 180;
    private static final long MAX_AS = 0xffff_ffffL;
    private static final int MAX_PORT = 0xffff;
    private static final int MAX_RESTART_SECONDS = 0xfff;
    private static final Map<String, Reader> READERS = new HashMap<>();

    static {
        READERS.put("router-id", (n, s) -> n.routerId = Optional.of(n.ipv4(s)));
        READERS.put("local-address", NeighborGrammar::localAddress);
        READERS.put("local-as", (n, s) -> n.localAs = number(s, MAX_AS));
        READERS.put("peer-as", (n, s) -> n.peerAs = number(s, MAX_AS));
        READERS.put("hold-time", (n, s) -> n.holdTimeSeconds = (int) number(s, 0xffff));
        READERS.put("passive", (n, s) -> n.passive = flag(s));
        READERS.put("listen", (n, s) -> n.listenPort = (int) number(s, MAX_PORT));
        READERS.put("connect", (n, s) -> n.port = (int) number(s, MAX_PORT));
        READERS.put("md5-password", (n, s) -> n.md5 = Optional.of(String.join(" ", s.rest())));
        READERS.put("md5-base64", (n, s) -> n.md5Base64 = flag(s));
        READERS.put("md5-ip", (n, s) -> n.md5Ip = Optional.of(address(s, word(s))));
        READERS.put("manual-eor", (n, s) -> n.manualEndOfRib = flag(s));
        READERS.put("source-interface", (n, s) -> n.device = Optional.of(word(s)));
        READERS.put("family", NeighborGrammar::families);
        READERS.put("capability", NeighborGrammar::capabilities);
        READERS.put("add-path", NeighborGrammar::addPath);
        READERS.put("nexthop", NeighborGrammar::nextHops);
        // Of how the other program keeps and sends things, which makes no difference that a neighbour sees.
        for (String quiet : List.of("description", "group-updates", "adj-rib-in", "adj-rib-out")) {
            READERS.put(quiet, (_, _) -> {});
        }
        READERS.put("auto-flush", (_, s) -> {
            if (!flag(s)) {
                throw refused(s, "auto-flush false");
            }
        });
        // Read elsewhere.
        for (String other : List.of("api", "static", "announce", "flow")) {
            READERS.put(other, (_, _) -> {});
        }
    }

    private final Statement statement;
    private final InetAddress peer;
    private final Set<AddressFamily> families = new LinkedHashSet<>();
    private final Set<AddressFamily> addPathFamilies = new LinkedHashSet<>();
    private final Set<AddressFamily> extendedNextHops = new LinkedHashSet<>();
    private final List<Capability> further = new ArrayList<>();
    private Optional<Inet4Address> routerId = Optional.empty();
    private Optional<InetAddress> localAddress = Optional.empty();
    private long localAs;
    private long peerAs;
    private int holdTimeSeconds = USUAL_HOLD_TIME_SECONDS;
    private boolean passive;
    private int listenPort;
    private int port = 179;
    private Optional<String> md5 = Optional.empty();
    private boolean md5Base64;
    private Optional<InetAddress> md5Ip = Optional.empty();
    private boolean manualEndOfRib;
    private Optional<String> device = Optional.empty();
    private boolean asn4 = true;
    private boolean extendedMessages = true;
    private boolean addPathReceive;
    private boolean addPathSend;
    private int restartSeconds = -1;

    private NeighborGrammar(Statement statement, InetAddress peer) {
        this.statement = statement;
        this.peer = peer;
    }

    /** Reads one statement. */
    @FunctionalInterface
    private interface Reader {
        void read(NeighborGrammar neighbor, Statement statement) throws MalformedException;
    }

    static NeighborGrammar read(Statement statement, InetAddress peer, List<Statement> body) throws MalformedException {
        NeighborGrammar neighbor = new NeighborGrammar(statement, peer);
        for (Statement each : body) {
            Reader reader = READERS.get(each.kind());
            if (reader == null) {
                throw refused(each, "neighbor { " + each.kind() + " }");
            }
            reader.read(neighbor, each);
        }
        if (neighbor.localAs == 0 || neighbor.peerAs == 0) {
            throw wrong(statement, "the neighbour needs 'local-as' and 'peer-as'");
        }
        neighbor.routerId();
        return neighbor;
    }

    int line() {
        return statement.line();
    }

    long localAs() {
        return localAs;
    }

    boolean manualEndOfRib() {
        return manualEndOfRib;
    }

    /** As said, or our address on the session. */
    Inet4Address routerId() throws MalformedException {
        return routerId.or(() ->
                        localAddress.filter(Inet4Address.class::isInstance).map(Inet4Address.class::cast))
                .orElseThrow(() -> wrong(statement, "the neighbour needs 'router-id'"));
    }

    /** Where it may connect to. */
    Optional<InetSocketAddress> listen() throws MalformedException {
        if (listenPort == 0) {
            return Optional.empty();
        }
        if (localAddress.isEmpty()) {
            throw wrong(statement, "'listen' needs 'local-address'");
        }
        return Optional.of(new InetSocketAddress(localAddress.get(), listenPort));
    }

    /** The neighbour of a speaker of this AS. */
    NeighborSettings settings(long speakerAs) throws MalformedException {
        Set<AddressFamily> agreed = families.isEmpty() ? Set.copyOf(Offer.DEFAULT.families()) : families;
        Set<AddressFamily> paths = addPathFamilies.isEmpty() ? agreed : addPathFamilies;
        Set<AddressFamily> none = Set.of();
        List<Capability> more = new ArrayList<>(further);
        if (restartSeconds >= 0) {
            more.add(new Capability.GracefulRestart(
                    false,
                    false,
                    restartSeconds,
                    agreed.stream()
                            .map(family -> new Capability.GracefulRestart.PreservedFamily(family, true))
                            .toList()));
        }
        Offer offer = new Offer(
                List.copyOf(agreed),
                addPathReceive ? paths : none,
                addPathSend ? paths : none,
                extendedNextHops,
                asn4,
                extendedMessages,
                true,
                more);
        try {
            NeighborOptions options = NeighborOptions.DEFAULT.withOffer(offer);
            if (localAs != speakerAs) {
                options = options.withLocalAs(localAs);
            }
            if (device.isPresent()) {
                options = options.withDevice(device.get());
            }
            return new NeighborSettings(
                    peer, port, localAddress.orElse(null), peerAs, holdTimeSeconds, passive, key(), options);
        } catch (IllegalArgumentException e) {
            throw wrong(statement, e.getMessage());
        }
    }

    private Optional<String> key() throws MalformedException {
        if (md5Ip.isPresent() && !md5Ip.equals(localAddress) && !md5Ip.get().equals(peer)) {
            throw refused(statement, "md5-ip");
        }
        if (md5.isEmpty() || !md5Base64) {
            return md5;
        }
        try {
            return Optional.of(new String(Base64.getDecoder().decode(md5.get()), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw wrong(statement, "'md5-password' is no Base64");
        }
    }

    private Inet4Address ipv4(Statement from) throws MalformedException {
        if (address(from, word(from)) instanceof Inet4Address address) {
            return address;
        }
        throw wrong(from, "a router-id looks like an IPv4 address");
    }

    private static void localAddress(NeighborGrammar n, Statement s) throws MalformedException {
        n.localAddress = word(s).equals("auto") ? Optional.empty() : Optional.of(address(s, word(s)));
    }

    private static AddressFamily family(Statement s, String safi) throws MalformedException {
        return AddressFamily.named(s.kind(), safi)
                .orElseThrow(() -> wrong(s, "'" + s.kind() + " " + safi + "' is no family that is known here"));
    }

    private static void families(NeighborGrammar n, Statement s) throws MalformedException {
        for (Statement each : s.block()) {
            if (each.kind().equals("all") || each.kind().equals("minimal")) {
                throw refused(each, "family { " + each.kind() + " }");
            }
            n.families.add(family(each, word(each)));
        }
    }

    private static void addPath(NeighborGrammar n, Statement s) throws MalformedException {
        for (Statement each : s.block()) {
            n.addPathFamilies.add(family(each, word(each)));
        }
    }

    /** {@code ipv4 unicast ipv6}, {@code ipv6 unicast ipv4}. */
    private static void nextHops(NeighborGrammar n, Statement s) throws MalformedException {
        for (Statement each : s.block()) {
            if (each.words().size() != 3) {
                throw wrong(each, "a next hop is of three words, like 'ipv4 unicast ipv6'");
            }
            if (!Set.of("ipv4 ipv6", "ipv6 ipv4")
                    .contains(each.kind() + " " + each.words().get(2))) {
                throw wrong(each, "a next hop of the other IP version is meant, like 'ipv4 unicast ipv6'");
            }
            n.extendedNextHops.add(family(each, each.words().get(1)));
        }
    }

    private static void capabilities(NeighborGrammar n, Statement s) throws MalformedException {
        for (Statement each : s.block()) {
            switch (each.kind()) {
                case "asn4" -> n.asn4 = flag(each);
                case "extended-message" -> n.extendedMessages = flag(each);
                case "graceful-restart" -> n.restartSeconds = restart(each, n.holdTimeSeconds);
                case "add-path" -> {
                    String which = word(each);
                    n.addPathReceive = which.contains("receive");
                    n.addPathSend = which.contains("send");
                    if (!Set.of("send", "receive", "send/receive", "disable", "disabled")
                            .contains(which)) {
                        throw wrong(each, "'" + which + "' is no direction of add-path");
                    }
                }
                case "nexthop" -> flag(each); // the block of that name says for what
                case "route-refresh" -> {
                    if (!flag(each)) {
                        throw refused(each, "capability { route-refresh disable }");
                    }
                }
                default -> {
                    if (flag(each)) {
                        throw refused(each, "capability { " + each.kind() + " }");
                    }
                }
            }
        }
    }

    private static int restart(Statement s, int holdTimeSeconds) throws MalformedException {
        if (s.words().size() == 1) {
            return Math.min(holdTimeSeconds, MAX_RESTART_SECONDS);
        }
        return word(s).startsWith("disable") ? -1 : (int) number(s, MAX_RESTART_SECONDS);
    }
}
