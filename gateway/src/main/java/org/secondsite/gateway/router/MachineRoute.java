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
 * A route of this machine's that follows what BGP neighbours announce: how {@code ip} is told of it, and shows it. It bears the protocol
 * {@code bgp} and the metric 20, so that it is told from those of others, which are never touched.
 *
 * @param destination where it leads
 * @param hops where its packets go next, each flow by one of them
 */
public record MachineRoute(IpPrefix destination, Set<Hop> hops) {
    /** The metric: before what is usual for routes that an operator or DHCP made, but for IPv4 routes without any. */
    static final int METRIC = 20;

    private static final String PROTOCOL = "bgp";

    /** Copies the set. */
    public MachineRoute {
        hops = new LinkedHashSet<>(hops);
    }

    /**
     * Where packets go next.
     *
     * @param device the interface, of a link-local address
     */
    public record Hop(InetAddress address, Optional<String> device) {
        private List<String> words(IpPrefix destination) {
            List<String> words = new ArrayList<>(List.of("nexthop", "via"));
            if (destination.isIpv4() && !(address instanceof Inet4Address)) {
                words.add("inet6");
            }
            words.add(bare(address));
            device.ifPresent(name -> words.addAll(List.of("dev", name)));
            return words;
        }

        /** {@code 10.1.0.1}, or {@code fe80:0:0:0:0:0:0:1%eth1}. */
        @Override
        public String toString() {
            return bare(address) + device.map(name -> "%" + name).orElse("");
        }
    }

    /**
     * What the machine has to a destination.
     *
     * @param hops of the route that is ours; empty: there is none
     * @param preferred a route of somebody else that comes before ours
     */
    public record Standing(Set<Hop> hops, Optional<String> preferred) {}

    private static String bare(InetAddress address) {
        String text = address.getHostAddress();
        int scope = text.indexOf('%');
        return scope < 0 ? text : text.substring(0, scope);
    }

    private static List<String> ip(IpPrefix destination, String... words) {
        List<String> command = new ArrayList<>(List.of("ip", "-j", destination.isIpv4() ? "-4" : "-6", "route"));
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

    /** Reads what {@link #show} printed. */
    public static Standing standing(JsonNode shown) {
        Set<Hop> hops = new LinkedHashSet<>();
        Optional<String> preferred = Optional.empty();
        for (JsonNode route : shown) {
            int metric = route.path("metric").asInt(0);
            boolean isOurs = route.path("protocol").asText().equals(PROTOCOL) && metric == METRIC;
            if (isOurs) {
                (route.has("nexthops") ? route.get("nexthops") : List.of(route))
                        .forEach(hop -> hop(hop).ifPresent(hops::add));
            } else if (metric < METRIC) {
                preferred = Optional.of(
                        "one of protocol '" + route.path("protocol").asText("none") + "', metric " + metric);
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
        InetAddress gateway = IpPrefix.parseAddress(address);
        return Optional.of(
                new Hop(gateway, Optional.of(shown.path("dev").asText()).filter(name -> gateway.isLinkLocalAddress())));
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
