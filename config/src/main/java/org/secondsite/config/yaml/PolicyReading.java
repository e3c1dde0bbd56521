package org.secondsite.config.yaml;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.RoutePolicies;

/** The keys {@code imports} and {@code exports} of a BGP neighbour. */
final class PolicyReading {
    private static final List<String> ACTIONS = List.of("accept", "reject", "next");
    private static final long MAX_U32 = 0xffff_ffffL;
    private static final int MAX_PREPEND = 32;

    private PolicyReading() {}

    static RoutePolicies read(Section section) {
        return new RoutePolicies(rules(section, "imports"), rules(section, "exports"));
    }

    private static List<RoutePolicies.Rule> rules(Section section, String key) {
        return section.optionalSections(key).stream().map(PolicyReading::rule).toList();
    }

    private static RoutePolicies.Rule rule(Section section) {
        String word = section.value("action", text -> Values.oneOf(ACTIONS, text));
        RoutePolicies.Action action =
                switch (word == null ? "reject" : word) {
                    case "accept" -> RoutePolicies.Action.ACCEPT;
                    case "next" -> RoutePolicies.Action.NEXT;
                    default -> RoutePolicies.Action.REJECT;
                };
        RoutePolicies.Match match = new RoutePolicies.Match(
                section.optionalList("prefixes", PolicyReading::prefixRange),
                section.optionalList("communities", Values::community),
                section.optionalList("through", Values::asNumber),
                section.optionalList("origins", Values::asNumber),
                section.optional("maxPathLength", text -> (int) Values.integer(text, 0, 255))
                        .map(OptionalInt::of)
                        .orElse(OptionalInt.empty()));
        Optional<Section> set = section.optionalSection("set");
        if (set.isPresent() && action == RoutePolicies.Action.REJECT && word != null) {
            section.problem("set", "has no meaning with action reject: the route is left out");
        }
        if (set.isEmpty() && action == RoutePolicies.Action.NEXT) {
            section.problem("action", "next changes nothing without set, so the rule does nothing");
        }
        return new RoutePolicies.Rule(
                action, match, set.map(PolicyReading::change).orElse(RoutePolicies.Change.NONE));
    }

    private static RoutePolicies.Change change(Section section) {
        return new RoutePolicies.Change(
                u32(section, "localPreference"),
                u32(section, "med"),
                section.integer("prepend", 0, MAX_PREPEND, 0),
                section.optionalList("addCommunities", Values::community),
                section.optionalList("removeCommunities", Values::community));
    }

    private static OptionalLong u32(Section section, String key) {
        return section.optional(key, text -> Values.integer(text, 0, MAX_U32))
                .map(OptionalLong::of)
                .orElse(OptionalLong.empty());
    }

    /** {@code P}, {@code P le 24}, {@code P ge 16}, {@code P ge 16 le 24}. */
    private static RoutePolicies.PrefixRange prefixRange(String text) {
        String[] words = text.split(" +", -1);
        IpPrefix within = IpPrefix.parse(words[0]);
        int bits = within.isIpv4() ? 32 : 128;
        int shortest = within.length();
        int longest = words.length == 1 ? shortest : bits;
        for (int i = 1; i < words.length; i += 2) {
            boolean known = (words[i].equals("ge") && i == 1) || words[i].equals("le");
            if (!known || i + 1 == words.length || (i == 3 && !words[1].equals("ge")) || i > 3) {
                throw new IllegalArgumentException(
                        "is no range of prefixes, like 10.0.0.0/8, or 10.0.0.0/8 le 24, or 10.0.0.0/8 ge 16 le 24: "
                                + Values.shown(text));
            }
            int length = (int) Values.integer(words[i + 1], 0, bits);
            if (words[i].equals("ge")) {
                shortest = length;
            } else {
                longest = length;
            }
        }
        return new RoutePolicies.PrefixRange(within, shortest, longest);
    }
}
