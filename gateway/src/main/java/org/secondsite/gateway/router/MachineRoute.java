package org.secondsite.gateway.router;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.secondsite.config.IpPrefix;

/**
 * A route of this machine's that follows what BGP neighbours announce: how {@code ip} is told of it, and shows it. It bears a protocol
 * number of its own and the metric 20, so that it is told from those of others, such as FRR's, which are never touched.
 *
 * @param destination where it leads
 * @param hops where its packets go next, each flow by one of them
 */
public record MachineRoute(IpPrefix destination, Set<Hop> hops) {
    /** The metric: before what is usual for routes that an operator or DHCP made, but for IPv4 routes without any. */
    static final int METRIC = 20;

    /** None of those that {@code /etc/iproute2/rt_protos} of iproute2, or any routing daemon, has a name for. */
    private static final String PROTOCOL = "83";

    /** Copies the set. */
    public MachineRoute {
        hops = new LinkedHashSet<>(hops);
    }

    /**
     * Where packets go next.
     *
     * @param device the interface that the address is at
     */
    public record Hop(InetAddress address, String device) {
        private List<String> words(IpPrefix destination) {
            List<String> words = new ArrayList<>(List.of("nexthop", "via"));
            if (destination.isIpv4() && !(address instanceof Inet4Address)) {
                words.add("inet6");
            }
            words.addAll(List.of(bare(address), "dev", device));
            return words;
        }

        /** {@code 10.1.0.1}, or {@code fe80:0:0:0:0:0:0:1%eth1}. */
        @Override
        public String toString() {
            return bare(address) + (address.isLinkLocalAddress() ? "%" + device : "");
        }
    }

    /**
     * What the machine has to a destination.
     *
     * @param hops of the route that is ours; empty: there is none
     * @param preferred a route of somebody else that comes before ours, or has its very metric
     */
    public record Standing(Set<Hop> hops, Optional<Other> preferred) {}

    /** A route of somebody else. */
    public record Other(String protocol, int metric) {
        /** Whether ours would take its place instead of standing beside it. */
        public boolean isInThePlace() {
            return metric == METRIC;
        }

        @Override
        public String toString() {
            return "one of protocol '" + protocol + "', metric " + metric;
        }
    }

    private static String bare(InetAddress address) {
        String text = address.getHostAddress();
        int scope = text.indexOf('%');
        return scope < 0 ? text : text.substring(0, scope);
    }

    private static List<String> ip(IpPrefix destination, String... words) {
        return ip(destination.isIpv4(), words);
    }

    private static List<String> ip(boolean isIpv4, String... words) {
        List<String> command = new ArrayList<>(List.of("ip", "-j", isIpv4 ? "-4" : "-6", "route"));
        command.addAll(List.of(words));
        return command;
    }

    /** Makes it, or has it be so. */
    public List<String> put() {
        List<String> command = ip(
                destination, "replace", destination.toString(), "proto", PROTOCOL, "metric", Integer.toString(METRIC));
        hops.forEach(hop -> command.addAll(hop.words(destination)));
        return command;
    }

    /** Takes it away. */
    public static List<String> take(IpPrefix destination) {
        return ip(destination, "del", destination.toString(), "proto", PROTOCOL, "metric", Integer.toString(METRIC));
    }

    /** Shows what the machine has to the destination. */
    public static List<String> show(IpPrefix destination) {
        return ip(destination, "show", "exact", destination.toString());
    }

    /** Shows all that there are of ours, of one IP version. */
    public static List<String> showOurs(boolean isIpv4) {
        return ip(isIpv4, "show", "proto", PROTOCOL);
    }

    /** Reads where those lead that {@link #showOurs} printed. */
    public static List<IpPrefix> destinations(boolean isIpv4, JsonNode shown) {
        List<IpPrefix> all = new ArrayList<>();
        for (JsonNode route : shown) {
            String destination = route.path("dst").asText();
            if (route.path("metric").asInt(0) == METRIC) {
                all.add(IpPrefix.parse(
                        switch (destination) {
                            case "default" -> isIpv4 ? "0.0.0.0/0" : "::/0";
                            default ->
                                destination.contains("/") ? destination : destination + (isIpv4 ? "/32" : "/128");
                        }));
            }
        }
        return all;
    }

    /** Shows which way the machine has to an address. */
    public static List<String> reach(InetAddress address) {
        return ip(address instanceof Inet4Address, "get", bare(address));
    }

    /** Reads from what {@link #reach} printed at which interface the address is; empty: it is beside none. */
    public static Optional<String> device(JsonNode shown) {
        JsonNode route = shown.path(0);
        String type = route.path("type").asText("unicast");
        boolean isBeside =
                !route.has("gateway") && !route.has("via") && (type.equals("unicast") || type.equals("local"));
        return Optional.of(route.path("dev").asText()).filter(name -> isBeside && !name.isEmpty());
    }

    /** Reads what {@link #show} printed. */
    public static Standing standing(JsonNode shown) {
        Set<Hop> hops = new LinkedHashSet<>();
        Optional<Other> preferred = Optional.empty();
        for (JsonNode route : shown) {
            int metric = route.path("metric").asInt(0);
            String protocol = route.path("protocol").asText("none");
            if (protocol.equals(PROTOCOL) && metric == METRIC) {
                (route.has("nexthops") ? route.get("nexthops") : List.of(route))
                        .forEach(hop -> hop(hop).ifPresent(hops::add));
            } else if (metric <= METRIC) {
                preferred = Optional.of(new Other(protocol, metric));
            }
        }
        return new Standing(hops, preferred);
    }

    private static Optional<Hop> hop(JsonNode shown) {
        String address =
                shown.path("gateway").asText(shown.path("via").path("host").asText());
        if (address.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new Hop(IpPrefix.parseAddress(address), shown.path("dev").asText()));
    }

    /** {@code 0.0.0.0/0 via 10.1.0.1, 10.2.0.1}. */
    @Override
    public String toString() {
        return destination
                + (hops.isEmpty()
                        ? " by no way"
                        : " via " + hops.stream().map(Hop::toString).sorted().collect(Collectors.joining(", ")));
    }
}
