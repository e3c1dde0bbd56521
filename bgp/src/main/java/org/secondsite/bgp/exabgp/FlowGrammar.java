package org.secondsite.bgp.exabgp;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.exabgp.Words.SyntaxException;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.FlowSpec;
import org.secondsite.bgp.wire.LargeCommunity;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Octets;
import org.secondsite.bgp.wire.PathAttribute;

/**
 * {@code flow route [NAME] { [next-hop A;] match { … } [scope { … }] then { … } }}: a traffic filter (RFC 8955) and what is
 * done with what it matches. The same words may stand without sections and braces, with attributes among them, as ExaBGP 5
 * writes them: {@code ipv4 flow destination-ipv4 P protocol tcp extended-community [ rate-limit:0 ]}.
 */
final class FlowGrammar {
    private static final long U32 = 0xffff_ffffL;
    private static final int MAX_RULE_OCTETS = 0xfff;
    private static final int OPTIONAL_TRANSITIVE = 0xc0;
    private static final String SCOPE = "interface-set";
    private static final Set<String> MATCHES = Set.of(
            "destination",
            "destination-ipv4",
            "destination-ipv6",
            "source",
            "source-ipv4",
            "source-ipv6",
            "protocol",
            "next-header",
            "port",
            "destination-port",
            "source-port",
            "icmp-type",
            "icmp-code",
            "tcp-flags",
            "packet-length",
            "dscp",
            "traffic-class",
            "fragment",
            "flow-label");
    private static final Set<String> ACTIONS = Set.of(
            "accept",
            "discard",
            "rate-limit",
            "redirect",
            "redirect-to-nexthop",
            "redirect-to-nexthop-ietf",
            "copy",
            "mark",
            "action",
            "community",
            "large-community",
            "extended-community");

    private final List<FlowSpec.Component> components = new ArrayList<>();
    private final List<Long> extended = new ArrayList<>();
    private final List<Long> communities = new ArrayList<>();
    private final List<LargeCommunity> large = new ArrayList<>();
    private Optional<Octets> ipv6Extended = Optional.empty();
    private final RouteGrammar attributes = new RouteGrammar();
    private Optional<InetAddress> nextHop = Optional.empty();
    private boolean ipv6;

    private FlowGrammar() {}

    /** Reads what stands behind {@code flow route}. */
    static ApiCommand.Route read(Words words) throws SyntaxException {
        FlowGrammar flow = new FlowGrammar();
        if (!words.peek().equals("{") && !isWord(words.peek())) {
            words.take("a name");
        }
        return flow.rest(words).route();
    }

    /** Reads what stands behind {@code ipv4 flow} or {@code ipv6 flow}. */
    static ApiCommand.Route read(Words words, String afi) throws SyntaxException {
        FlowGrammar flow = new FlowGrammar();
        flow.ipv6 = afi.equals("ipv6");
        flow.rest(words);
        if (flow.ipv6 && afi.equals("ipv4")) {
            throw new SyntaxException("a filter of IPv4 matches nothing of IPv6");
        }
        return flow.route();
    }

    private FlowGrammar rest(Words words) throws SyntaxException {
        boolean braces = words.skip("{");
        while (words.hasNext() && !(braces && words.skip("}"))) {
            String word = words.take("match, scope, then or next-hop").toLowerCase(Locale.ROOT);
            switch (word) {
                case "match" -> section(words, this::match);
                case "then" -> section(words, this::then);
                case "scope" -> section(words, this::scope);
                case "next-hop" -> nextHop = Optional.of(words.address("next-hop"));
                case "rd", "route-distinguisher" -> throw new SyntaxException("'" + word + "' is not supported here");
                default -> alone(word, words);
            }
        }
        return this;
    }

    /** A word that stands in no section. */
    private void alone(String word, Words words) throws SyntaxException {
        if (MATCHES.contains(word)) {
            match(word, words);
        } else if (ACTIONS.contains(word)) {
            then(word, words);
        } else if (word.equals(SCOPE)) {
            scope(word, words);
        } else if (!attributes.read(word, words)) {
            throw new SyntaxException("'" + word + "' does not belong to a flow route");
        }
    }

    private static boolean isWord(String word) {
        return MATCHES.contains(word)
                || ACTIONS.contains(word)
                || List.of("match", "then", "scope", SCOPE, "next-hop", "rd").contains(word);
    }

    /** Reads one line of a section. */
    @FunctionalInterface
    private interface Line {
        void read(String word, Words words) throws SyntaxException;
    }

    private void section(Words words, Line line) throws SyntaxException {
        if (!words.skip("{")) {
            throw new SyntaxException("'{' is missing, before '" + words.peek() + "'");
        }
        while (!words.skip("}")) {
            String word = words.take("'}'").toLowerCase(Locale.ROOT);
            line.read(word, words);
        }
    }

    private ApiCommand.Route route() throws SyntaxException {
        AddressFamily family = ipv6 ? AddressFamily.IPV6_FLOW : AddressFamily.IPV4_FLOW;
        for (FlowSpec.Component component : components) {
            if (component instanceof FlowSpec.PrefixComponent prefix
                    && ipv6 != prefix.address() instanceof Inet6Address) {
                throw new SyntaxException("a filter is of IPv4 or of IPv6, not of both");
            }
            if (components.stream().filter(c -> c.kind() == component.kind()).count() > 1) {
                throw new SyntaxException(FlowText.name(component.kind(), family) + " may stand once"); // RFC 8955 §4.2
            }
        }
        Octets rule = FlowSpec.rule(components, family);
        if (rule.length() == 0 || rule.length() > MAX_RULE_OCTETS) {
            throw new SyntaxException("a filter has 1 to " + MAX_RULE_OCTETS + " octets, not " + rule.length());
        }
        RouteAttributes written = attributes.attributes();
        List<PathAttribute> others = new ArrayList<>(written.others());
        if (!extended.isEmpty()) {
            others.add(new PathAttribute.ExtendedCommunities(extended));
        }
        if (!large.isEmpty()) {
            others.add(new PathAttribute.LargeCommunities(large));
        }
        ipv6Extended.ifPresent(value -> others.add(
                new PathAttribute.Unrecognized(OPTIONAL_TRANSITIVE, CommunityText.IPV6_EXTENDED_COMMUNITIES, value)));
        RouteAttributes all = written.withCommunities(communities).withOthers(others);
        return new ApiCommand.Route(
                new Nlri.Flow(family, rule), nextHop.map(all::withNextHop).orElse(all));
    }

    private void match(String word, Words words) throws SyntaxException {
        switch (word) {
            case "destination", "destination-ipv4", "destination-ipv6" ->
                prefix(FlowSpec.Kind.DESTINATION, words.take("a prefix"));
            case "source", "source-ipv4", "source-ipv6" -> prefix(FlowSpec.Kind.SOURCE, words.take("a prefix"));
            case "protocol" -> values(FlowSpec.Kind.PROTOCOL, words);
            case "next-header" -> ipv6Values(FlowSpec.Kind.PROTOCOL, words);
            case "port" -> values(FlowSpec.Kind.PORT, words);
            case "destination-port" -> values(FlowSpec.Kind.DESTINATION_PORT, words);
            case "source-port" -> values(FlowSpec.Kind.SOURCE_PORT, words);
            case "icmp-type" -> values(FlowSpec.Kind.ICMP_TYPE, words);
            case "icmp-code" -> values(FlowSpec.Kind.ICMP_CODE, words);
            case "tcp-flags" -> values(FlowSpec.Kind.TCP_FLAGS, words);
            case "packet-length" -> values(FlowSpec.Kind.PACKET_LENGTH, words);
            case "dscp" -> values(FlowSpec.Kind.DSCP, words);
            case "traffic-class" -> ipv6Values(FlowSpec.Kind.DSCP, words);
            case "fragment" -> values(FlowSpec.Kind.FRAGMENT, words);
            case "flow-label" -> ipv6Values(FlowSpec.Kind.FLOW_LABEL, words);
            default -> throw new SyntaxException("'" + word + "' is nothing to match");
        }
    }

    /** {@code ADDRESS/LENGTH}, with IPv6 {@code ADDRESS/LENGTH/OFFSET} too. */
    private void prefix(FlowSpec.Kind kind, String word) throws SyntaxException {
        List<String> parts = List.of(word.split("/", -1));
        InetAddress address = Words.address(parts.getFirst(), word);
        boolean isIpv6 = address instanceof Inet6Address;
        int bits = isIpv6 ? 128 : 32;
        int length = parts.size() > 1 ? (int) Words.number(parts.get(1), word, bits) : bits;
        int offset = parts.size() > 2 && isIpv6 ? (int) Words.number(parts.get(2), word, length) : 0;
        if (parts.size() > (isIpv6 ? 3 : 2) || (offset == length && length > 0)) {
            throw new SyntaxException("'" + word + "' is no prefix to match");
        }
        ipv6 |= isIpv6;
        components.add(new FlowSpec.PrefixComponent(kind, address, length, offset));
    }

    private void ipv6Values(FlowSpec.Kind kind, Words words) throws SyntaxException {
        ipv6 = true;
        values(kind, words);
    }

    private void values(FlowSpec.Kind kind, Words words) throws SyntaxException {
        List<FlowSpec.Condition> conditions = new ArrayList<>();
        for (String word : words.list("a condition")) {
            boolean and = false;
            for (String part : word.split("&", -1)) {
                conditions.add(kind.isMask() ? mask(kind, and, part) : number(kind, and, part));
                and = true;
            }
        }
        if (conditions.isEmpty()) {
            throw new SyntaxException("there is no condition in the brackets");
        }
        components.add(new FlowSpec.ValueComponent(kind, conditions));
    }

    private static FlowSpec.Condition number(FlowSpec.Kind kind, boolean and, String text) throws SyntaxException {
        if (text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")) {
            return new FlowSpec.Condition(and, text.equalsIgnoreCase("true") ? 0 : 7, 0);
        }
        int at = 0;
        int operator = 0;
        while (at < text.length() && "<>=!".indexOf(text.charAt(at)) >= 0 && at < 2) {
            operator |= switch (text.charAt(at)) {
                case '<' -> 4;
                case '>' -> 2;
                case '=' -> 1;
                default -> 0;
            };
            at++;
        }
        if (text.startsWith("!")) {
            if (!text.startsWith("!=")) {
                throw new SyntaxException("'" + text + "' begins with no comparison");
            }
            operator = 6;
        }
        return new FlowSpec.Condition(and, operator == 0 ? 1 : operator, FlowNames.value(kind, text.substring(at)));
    }

    private static FlowSpec.Condition mask(FlowSpec.Kind kind, boolean and, String text) throws SyntaxException {
        int operator = text.startsWith("!=") ? 3 : text.startsWith("!") ? 2 : text.startsWith("=") ? 1 : 0;
        String value = text.substring(operator == 3 ? 2 : operator == 0 ? 0 : 1);
        return new FlowSpec.Condition(and, operator, FlowNames.value(kind, value));
    }

    private void then(String word, Words words) throws SyntaxException {
        switch (word) {
            case "accept" -> {}
            case "discard" -> extended.add(CommunityText.rateLimit(0));
            case "rate-limit" ->
                extended.add(CommunityText.rateLimit(words.number("rate-limit", CommunityText.MAX_RATE)));
            case "redirect" -> redirect(words.take("where to"));
            case "redirect-to-nexthop" -> extended.add(CommunityText.TO_NEXT_HOP);
            case "redirect-to-nexthop-ietf" -> toNextHop(words.address("a next hop"));
            case "copy" -> {
                nextHop = Optional.of(words.address("copy"));
                extended.add(CommunityText.TO_NEXT_HOP | 1);
            }
            case "mark" -> extended.add(CommunityText.MARK | words.number("mark", 63));
            case "action" -> extended.add(CommunityText.sampling(words.take("sample, terminal or sample-terminal")));
            case "community" -> {
                for (String value : words.list("a community")) {
                    communities.add(CommunityText.community(value));
                }
            }
            case "large-community" -> {
                for (String value : words.list("a large community")) {
                    large.add(CommunityText.large(value));
                }
            }
            case "extended-community" ->
                extended.addAll(CommunityText.extendedList(words.list("an extended community")));
            default -> throw new SyntaxException("'" + word + "' is nothing to be done");
        }
    }

    /** {@code AS:NUMBER}: into the VRF with that route target; an address: to that next hop. */
    private void redirect(String word) throws SyntaxException {
        if (word.indexOf(':') >= 0 && word.indexOf(':') == word.lastIndexOf(':')) {
            extended.add(CommunityText.extended("redirect:" + word));
        } else {
            nextHop = Optional.of(Words.address(word, "redirect"));
            extended.add(CommunityText.TO_NEXT_HOP);
        }
    }

    private void toNextHop(InetAddress address) {
        if (address instanceof Inet4Address ipv4) {
            extended.add(CommunityText.TO_NEXT_HOP_IPV4
                    | (ByteBuffer.wrap(ipv4.getAddress()).getInt() & U32) << 16);
        } else {
            byte[] value = ByteBuffer.allocate(20)
                    .putShort((short) 0x000c)
                    .put(address.getAddress())
                    .array();
            ipv6Extended = Optional.of(Octets.copyOf(value));
        }
    }

    /** {@code interface-set [ transitive:input:AS:GROUP … ]}. */
    private void scope(String word, Words words) throws SyntaxException {
        if (!word.equals(SCOPE)) {
            throw new SyntaxException("'" + word + "' is no scope");
        }
        for (String set : words.list("an interface set")) {
            extended.add(CommunityText.interfaceSet(set));
        }
    }
}
