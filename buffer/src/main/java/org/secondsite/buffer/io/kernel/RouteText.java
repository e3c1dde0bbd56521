package org.secondsite.buffer.io.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A route as {@code ip route} prints it.
 *
 * @param destination {@code default}, an address, or one with a length
 * @param metric 0 if it has none
 * @param hops each as {@code via ADDRESS dev NAME}, with {@code inet6} before an address of the other version; empty: packets go to
 *     nobody, or to the destination itself
 */
record RouteText(String destination, int metric, Set<String> hops) {
    private static final Set<String> KINDS = Set.of(
            "unicast", "local", "broadcast", "multicast", "throw", "unreachable", "prohibit", "blackhole", "nat");

    /** All that were printed. */
    static List<RouteText> read(String printed) {
        List<List<String>> routes = new ArrayList<>();
        for (String line : printed.lines().toList()) {
            List<String> words = List.of(line.strip().split("\\s+", -1));
            boolean isMore = words.getFirst().equals("nexthop");
            if (isMore && !routes.isEmpty()) {
                routes.getLast().addAll(words);
            } else if (!line.isBlank()) {
                routes.add(new ArrayList<>(words));
            }
        }
        return routes.stream().map(RouteText::of).toList();
    }

    private static RouteText of(List<String> words) {
        Set<String> hops = new TreeSet<>();
        int metric = 0;
        for (int i = 1; i + 1 < words.size(); i++) {
            switch (words.get(i)) {
                case "metric" -> metric = Integer.parseInt(words.get(i + 1));
                case "via" -> hop(words.subList(i, words.size())).forEach(hops::add);
                default -> {}
            }
        }
        return new RouteText(words.get(KINDS.contains(words.getFirst()) && words.size() > 1 ? 1 : 0), metric, hops);
    }

    /** Of words that begin with {@code via}; none if the hop is dead. */
    private static List<String> hop(List<String> words) {
        List<String> hop = new ArrayList<>();
        for (String word : words) {
            if (word.equals("nexthop")) {
                break;
            }
            hop.add(word);
        }
        int device = hop.indexOf("dev");
        boolean isDead = hop.contains("dead") || device < 0 || device + 1 >= hop.size();
        return isDead ? List.of() : List.of(String.join(" ", hop.subList(0, device + 2)));
    }

    /** Those that lead by one of the interfaces. */
    Set<String> by(List<String> interfaces) {
        return hops.stream()
                .filter(hop -> interfaces.contains(hop.substring(hop.lastIndexOf(' ') + 1)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** How specific it is: the length of its prefix in bits. */
    int length() {
        int slash = destination.indexOf('/');
        if (slash >= 0) {
            return Integer.parseInt(destination.substring(slash + 1));
        }
        return destination.equals("default") ? 0 : Integer.MAX_VALUE;
    }
}
