package org.secondsite.config;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/**
 * What of a BGP neighbour's routes is taken as candidates for others, and what of the routes of others it is told. The first
 * rule that decides counts; a route of which none does is left out (RFC 8212).
 *
 * @param imports for what it announces
 * @param exports for what other neighbours announce; what this gateway itself announces is told in any case
 */
public record RoutePolicies(List<Rule> imports, List<Rule> exports) {
    /** Nothing in either direction. */
    public static final RoutePolicies NONE = new RoutePolicies(List.of(), List.of());

    /** Copies the lists. */
    public RoutePolicies {
        imports = List.copyOf(imports);
        exports = List.copyOf(exports);
    }

    /** What becomes of a route that a rule is for. */
    public enum Action {
        /** It is taken, with the rule's changes, and no further rule is asked. */
        ACCEPT,
        /** It is left out. */
        REJECT,
        /** It is changed, and the next rule is asked. */
        NEXT
    }

    /**
     * One rule.
     *
     * @param action what becomes of the routes that it is for
     * @param match which those are
     * @param change what is changed of them
     */
    public record Rule(Action action, Match match, Change change) {
        /** As in the file, but on one line. */
        @Override
        public String toString() {
            return action.name().toLowerCase(Locale.ROOT) + match + change;
        }
    }

    /**
     * Conditions, all of which a route fulfils; an empty one is none.
     *
     * @param prefixes one of which it lies in
     * @param communities one of which it bears, each {@code AS << 16 | value}
     * @param through AS numbers one of which stands in its path
     * @param origins AS numbers one of which stands last in its path
     * @param maxPathLength AS numbers that its path has at most
     */
    public record Match(
            List<PrefixRange> prefixes,
            List<Long> communities,
            List<Long> through,
            List<Long> origins,
            OptionalInt maxPathLength) {
        /** Copies the lists. */
        public Match {
            prefixes = List.copyOf(prefixes);
            communities = List.copyOf(communities);
            through = List.copyOf(through);
            origins = List.copyOf(origins);
        }

        @Override
        public String toString() {
            Words words = new Words();
            words.add("prefixes", prefixes);
            words.add("communities", RoutePolicies.communities(communities));
            words.add("through", through);
            words.add("origins", origins);
            maxPathLength.ifPresent(length -> words.add("maxPathLength " + length));
            return words.toString();
        }
    }

    /**
     * What a rule changes.
     *
     * @param localPreference LOCAL_PREF from then on
     * @param med MULTI_EXIT_DISC from then on
     * @param prepend how many times the own AS number is put in front
     * @param addCommunities communities that it bears from then on
     * @param removeCommunities communities that it does not bear any more
     */
    public record Change(
            OptionalLong localPreference,
            OptionalLong med,
            int prepend,
            List<Long> addCommunities,
            List<Long> removeCommunities) {
        /** Nothing. */
        public static final Change NONE =
                new Change(OptionalLong.empty(), OptionalLong.empty(), 0, List.of(), List.of());

        /** Copies the lists. */
        public Change {
            addCommunities = List.copyOf(addCommunities);
            removeCommunities = List.copyOf(removeCommunities);
        }

        @Override
        public String toString() {
            Words words = new Words();
            localPreference.ifPresent(value -> words.add("localPreference " + value));
            med.ifPresent(value -> words.add("med " + value));
            if (prepend > 0) {
                words.add("prepend " + prepend);
            }
            words.add("addCommunities", RoutePolicies.communities(addCommunities));
            words.add("removeCommunities", RoutePolicies.communities(removeCommunities));
            return words.toString();
        }
    }

    /**
     * The prefixes within one prefix that are of certain lengths.
     *
     * @param within where they lie
     * @param shortest length at least
     * @param longest length at most
     */
    public record PrefixRange(IpPrefix within, int shortest, int longest) {
        /**
         * Checks the lengths.
         *
         * @throws IllegalArgumentException if they are out of order or out of range
         */
        public PrefixRange {
            int bits = within.isIpv4() ? 32 : 128;
            if (shortest < within.length() || longest < shortest || longest > bits) {
                throw new IllegalArgumentException("lengths of prefixes within " + within + " are " + within.length()
                        + " to " + bits + ", and not " + shortest + " to " + longest);
            }
        }

        @Override
        public String toString() {
            return within
                    + (shortest == within.length() ? "" : " ge " + shortest)
                    + (longest == shortest && longest == within.length() ? "" : " le " + longest);
        }
    }

    private static List<String> communities(List<Long> values) {
        return values.stream()
                .map(value -> (value >>> 16) + ":" + (value & 0xffff))
                .toList();
    }

    /** Words with a blank before each. */
    private static final class Words {
        private final StringJoiner words = new StringJoiner(" ", " ", "").setEmptyValue("");

        void add(String word) {
            words.add(word);
        }

        void add(String name, List<?> values) {
            if (!values.isEmpty()) {
                words.add(
                        name + " " + values.stream().map(Object::toString).collect(Collectors.joining(", ", "[", "]")));
            }
        }

        @Override
        public String toString() {
            return words.toString();
        }
    }
}
