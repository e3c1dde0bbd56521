package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.secondsite.bgp.exabgp.ApiCommand.Acknowledge;
import org.secondsite.bgp.exabgp.Words.SyntaxException;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;

/** Reads one line of a helper. Never throws: what is not understood is a {@link ApiCommand.Fault}. */
public final class CommandParser {
    private static final long U32 = 0xffff_ffffL;
    private static final String GROUP = "group";
    /** {@code split} makes no more routes than this of one line. */
    private static final int SPLIT_MAXIMUM = 65_536;

    private static final Map<String, Reader> READERS = new HashMap<>();

    static {
        READERS.put("announce", CommandParser::announce);
        READERS.put("withdraw", CommandParser::withdraw);
        READERS.put("teardown", (words, to) -> new ApiCommand.Teardown(to, (int) words.number("subcode", 255)));
        READERS.put("flush", (words, to) -> {
            adjRibOut(words);
            return new ApiCommand.Flush(to);
        });
        READERS.put("clear", (words, to) -> {
            adjRibOut(words);
            return new ApiCommand.Clear(to);
        });
        READERS.put("show", (words, _) -> show(words));
        READERS.put("version", (_, _) -> new ApiCommand.Version());
        READERS.put("shutdown", (_, _) -> new ApiCommand.Shutdown());
        READERS.put("enable-ack", (_, _) -> new Acknowledge(Acknowledge.Mode.ENABLE));
        READERS.put("disable-ack", (_, _) -> new Acknowledge(Acknowledge.Mode.DISABLE));
        READERS.put("silence-ack", (_, _) -> new Acknowledge(Acknowledge.Mode.SILENCE));
        READERS.put("reload", (_, _) -> new ApiCommand.Reload());
        READERS.put("restart", (_, _) -> new ApiCommand.Restart());
        READERS.put("help", (_, _) -> new ApiCommand.Help());
        // ExaBGP forgets answers that are still to be written; here they are in nobody's way.
        READERS.put("reset", (_, _) -> new ApiCommand.Nothing());
        READERS.put("operational", (_, _) -> {
            throw new SyntaxException("'operational' is not supported here");
        });
    }

    private CommandParser() {}

    /** Reads the rest of a line after its first word. */
    @FunctionalInterface
    private interface Reader {
        ApiCommand read(Words words, NeighborFilter neighbors) throws SyntaxException;
    }

    /** Reads a line, without its end. */
    public static ApiCommand parse(String line) {
        String text = line.strip();
        if (text.isEmpty()) {
            return new ApiCommand.Nothing();
        }
        if (text.startsWith("#")) {
            return new ApiCommand.Comment();
        }
        Words words = Words.of(text);
        try {
            NeighborFilter neighbors = neighbors(words);
            String word = words.take("a command").toLowerCase(Locale.ROOT);
            if (word.equals(GROUP)) {
                // Nothing before it can contain the word.
                String behind = text.substring(text.toLowerCase(Locale.ROOT).indexOf(GROUP) + GROUP.length());
                return CommandGroup.parse(behind, neighbors);
            }
            Reader reader = READERS.get(word);
            if (reader == null) {
                return new ApiCommand.Fault("'" + word + "' is no command");
            }
            ApiCommand command = reader.read(words, neighbors);
            return words.hasNext() ? new ApiCommand.Fault("'" + words.peek() + "' is not expected here") : command;
        } catch (SyntaxException e) {
            return new ApiCommand.Fault(e.getMessage());
        }
    }

    /** What {@code attributes …} says without a prefix, as ExaBGP writes of an UPDATE that has none; empty if a line is anything else. */
    static Optional<RouteAttributes> attributesAlone(String line) {
        Words words = Words.of(line.strip());
        try {
            return words.skip("attributes")
                    ? Optional.of(RouteGrammar.read(words).attributes()).filter(_ -> !words.hasNext())
                    : Optional.empty();
        } catch (SyntaxException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** {@code neighbor IP [local-ip IP] [local-as N] [peer-as N] [router-id IP], neighbor …}. */
    private static NeighborFilter neighbors(Words words) throws SyntaxException {
        List<NeighborFilter.Selector> selectors = new ArrayList<>();
        while (words.skip("neighbor")) {
            String word = words.take("an address");
            Optional<InetAddress> peer =
                    word.equals("*") ? Optional.empty() : Optional.of(Words.address(word, "neighbor"));
            Optional<InetAddress> local = Optional.empty();
            OptionalLong localAs = OptionalLong.empty();
            OptionalLong peerAs = OptionalLong.empty();
            boolean more = true;
            while (more) {
                if (words.skip("local-ip")) {
                    local = Optional.of(words.address("local-ip"));
                } else if (words.skip("local-as")) {
                    localAs = OptionalLong.of(words.number("local-as", U32));
                } else if (words.skip("peer-as")) {
                    peerAs = OptionalLong.of(words.number("peer-as", U32));
                } else if (words.skip("router-id")) {
                    words.address("router-id"); // one speaker has one
                } else if (words.skip("family-allowed")) {
                    words.take("families");
                } else {
                    more = false;
                }
            }
            selectors.add(new NeighborFilter.Selector(peer, local, localAs, peerAs));
            if (!words.skip(",")) {
                break;
            }
        }
        return selectors.isEmpty() ? NeighborFilter.ALL : new NeighborFilter(selectors);
    }

    private static ApiCommand announce(Words words, NeighborFilter to) throws SyntaxException {
        return switch (words.take("what to announce").toLowerCase(Locale.ROOT)) {
            case "route" -> new ApiCommand.Announce(to, route(words, true));
            case "flow" -> new ApiCommand.Announce(to, List.of(flow(words)));
            case "ipv4" -> new ApiCommand.Announce(to, family("ipv4", words, true));
            case "ipv6" -> new ApiCommand.Announce(to, family("ipv6", words, true));
            case "attributes", "attribute" -> new ApiCommand.Announce(to, routes(words, true));
            case "watchdog" -> new ApiCommand.Watchdog(to, words.take("a watchdog"), true);
            case "eor" -> new ApiCommand.EndOfRib(to, family(words));
            case "route-refresh" -> new ApiCommand.RouteRefresh(to, family(words));
            case String other -> throw new SyntaxException("'" + other + "' cannot be announced here");
        };
    }

    private static ApiCommand withdraw(Words words, NeighborFilter to) throws SyntaxException {
        if (words.skip("watchdog")) {
            return new ApiCommand.Watchdog(to, words.take("a watchdog"), false);
        }
        List<ApiCommand.Route> routes =
                switch (words.take("what to withdraw").toLowerCase(Locale.ROOT)) {
                    case "route" -> route(words, false);
                    case "flow" -> List.of(flow(words));
                    case "ipv4" -> family("ipv4", words, false);
                    case "ipv6" -> family("ipv6", words, false);
                    case "attributes", "attribute" -> routes(words, false);
                    case String other -> throw new SyntaxException("'" + other + "' cannot be withdrawn here");
                };
        return new ApiCommand.Withdraw(
                to, routes.stream().map(ApiCommand.Route::nlri).toList());
    }

    private static ApiCommand.Route flow(Words words) throws SyntaxException {
        if (!words.skip("route")) {
            throw new SyntaxException("'route' is missing behind 'flow'");
        }
        return FlowGrammar.read(words);
    }

    /** {@code PREFIX attributes}. */
    private static List<ApiCommand.Route> route(Words words, boolean nextHopNeeded) throws SyntaxException {
        Prefix prefix = Words.prefix(words.take("a prefix"));
        RouteGrammar.Attributes attributes = RouteGrammar.read(words);
        requireNextHop(attributes, nextHopNeeded);
        List<ApiCommand.Route> routes = new ArrayList<>();
        for (Prefix part : split(prefix, attributes.splitLength())) {
            routes.add(attributes.route(part));
        }
        return routes;
    }

    /** {@code attributes nlri PREFIX PREFIX …}. */
    private static List<ApiCommand.Route> routes(Words words, boolean nextHopNeeded) throws SyntaxException {
        RouteGrammar.Attributes attributes = RouteGrammar.read(words);
        requireNextHop(attributes, nextHopNeeded);
        if (!words.skip("nlri")) {
            throw new SyntaxException("'nlri' is missing behind the attributes");
        }
        List<ApiCommand.Route> routes = new ArrayList<>();
        while (words.hasNext()) {
            String word = words.take("a prefix");
            if (!word.equals("[") && !word.equals("]") && !word.equals(",")) {
                routes.add(attributes.route(Words.prefix(word)));
            }
        }
        return routes;
    }

    private static void requireNextHop(RouteGrammar.Attributes attributes, boolean needed) throws SyntaxException {
        if (needed && !attributes.nextHopSeen()) {
            throw new SyntaxException("'next-hop' is missing");
        }
    }

    private static List<Prefix> split(Prefix prefix, Optional<Integer> wanted) throws SyntaxException {
        int bits = prefix.address().getAddress().length * 8;
        int length = wanted.orElse(prefix.length());
        if (length < prefix.length() || length > bits || length - prefix.length() > 16) {
            throw new SyntaxException(prefix + " cannot be split into /" + length);
        }
        int parts = 1 << (length - prefix.length());
        if (parts > SPLIT_MAXIMUM) {
            throw new SyntaxException("a split makes " + SPLIT_MAXIMUM + " routes at most");
        }
        List<Prefix> all = new ArrayList<>(parts);
        for (int part = 0; part < parts; part++) {
            byte[] octets = prefix.address().getAddress();
            for (int bit = 0; bit < length - prefix.length(); bit++) {
                if ((part >>> bit & 1) != 0) {
                    int at = length - 1 - bit;
                    octets[at / 8] |= (byte) (0x80 >>> at % 8);
                }
            }
            try {
                all.add(new Prefix(InetAddress.getByAddress(octets), length));
            } catch (UnknownHostException e) {
                throw new AssertionError("4 or 16 octets are an address", e);
            }
        }
        return all;
    }

    /** {@code ipv4 unicast PREFIX …} and {@code ipv4 flow …}. */
    private static List<ApiCommand.Route> family(String afi, Words words, boolean nextHopNeeded)
            throws SyntaxException {
        return switch (words.take("unicast or flow")) {
            case "unicast" -> route(words, nextHopNeeded);
            case "flow" -> List.of(FlowGrammar.read(words, afi));
            case String other -> throw new SyntaxException("of unicast and flow only, not of '" + other + "'");
        };
    }

    private static AddressFamily family(Words words) throws SyntaxException {
        String afi = words.take("ipv4 or ipv6").toLowerCase(Locale.ROOT);
        String safi = words.take("a family").toLowerCase(Locale.ROOT);
        return AddressFamily.named(afi, safi)
                .orElseThrow(() -> new SyntaxException("'" + afi + " " + safi + "' is no family that is known here"));
    }

    private static void adjRibOut(Words words) throws SyntaxException {
        if (!words.skip("adj-rib")) {
            throw new SyntaxException("'adj-rib' is missing");
        }
        if (!words.skip("out") && words.hasNext()) {
            throw new SyntaxException("only 'adj-rib out' can be flushed or cleared");
        }
    }

    private static ApiCommand show(Words words) throws SyntaxException {
        String what = words.take("'neighbor', 'adj-rib' or 'rib'");
        if (what.equals("rib")) {
            return new ApiCommand.ShowRib(
                    words.hasNext() ? Optional.of(Words.prefix(words.take("a prefix"))) : Optional.empty());
        }
        String side = what.equals("adj-rib") ? words.take("'in' or 'out'") : what.replaceFirst("^adj-rib-", "");
        ApiCommand.Detail detail = ApiCommand.Detail.PLAIN;
        Optional<InetAddress> only = Optional.empty();
        while (words.hasNext()) {
            String word = words.take("a detail").toLowerCase(Locale.ROOT);
            switch (word) {
                case "summary" -> detail = ApiCommand.Detail.SUMMARY;
                case "extensive" -> detail = ApiCommand.Detail.EXTENSIVE;
                case "configuration" -> detail = ApiCommand.Detail.CONFIGURATION;
                case "routes", "static", "inet" -> {}
                default -> only = Optional.of(Words.address(word, "neighbor"));
            }
        }
        return switch (side) {
            case "neighbor" -> new ApiCommand.ShowNeighbor(detail, only);
            case "in", "out" -> new ApiCommand.ShowAdjRib(side.equals("out"), detail, only);
            default -> throw new SyntaxException("'show' knows 'neighbor', 'adj-rib in', 'adj-rib out' and 'rib'");
        };
    }
}
