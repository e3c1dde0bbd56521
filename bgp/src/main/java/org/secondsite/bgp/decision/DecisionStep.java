package org.secondsite.bgp.decision;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The decision process, step by step (RFC 4271 §9.1.1 and §9.1.2.2, RFC 4456 §9): each leaves those that are as good as the best,
 * until one is left. The cost of the way to the next hop (§9.1.2.2 e) is not among them: no interior routes are known here.
 */
public enum DecisionStep {
    /** The highest degree of preference. */
    LOCAL_PREFERENCE(
            "§9.1.1", Comparator.comparingLong(Candidate::localPreference).reversed()),
    /** a: the fewest AS numbers; a set counts one. */
    PATH_LENGTH("§9.1.2.2 a", Comparator.comparingInt(Candidate::pathLength)),
    /** b: IGP before EGP before INCOMPLETE. */
    ORIGIN("§9.1.2.2 b", Comparator.comparing(Candidate::origin)),
    /** c: the lowest MED among those of the same neighbouring AS, and only among those. */
    MED("§9.1.2.2 c", Comparator.comparingLong(Candidate::med)) {
        @Override
        long among(Candidate candidate) {
            return candidate.neighborAs();
        }
    },
    /** d: of another AS before of our own. */
    EXTERNAL("§9.1.2.2 d", Comparator.comparing(candidate -> !candidate.source().external())),
    /** f: the lowest BGP identifier, of a reflected route its originator's. */
    ROUTER_ID("§9.1.2.2 f", Comparator.comparing(Candidate::originator, DecisionStep::compare)),
    /** RFC 4456 §9: reflected the fewest times. */
    CLUSTER_LIST("RFC 4456 §9", Comparator.comparingInt(Candidate::clusters)),
    /** g: the lowest address of the peer. */
    PEER_ADDRESS(
            "§9.1.2.2 g",
            Comparator.comparing(candidate -> candidate.source().peer(), PeerOrder.BY_ADDRESS_AND_INTERFACE)),
    /** Of several paths of one peer (RFC 7911) the lowest identifier. */
    PATH_ID("RFC 7911", Comparator.comparingLong(Candidate::pathId));

    private final String section;

    @SuppressWarnings("ImmutableEnumChecker") // the comparators hold nothing
    private final Comparator<Candidate> order;

    DecisionStep(String section, Comparator<Candidate> order) {
        this.section = section;
        this.order = order;
    }

    /** Where it is asked for; of RFC 4271 where no other is named. */
    public String section() {
        return section;
    }

    /** Which candidates are compared with it: those of the same number. */
    long among(Candidate candidate) {
        return 0;
    }

    /** Those of the candidates than which none is better by this step, in their order. */
    public List<Candidate> survivors(List<Candidate> candidates) {
        Map<Long, Candidate> best = new HashMap<>();
        for (Candidate candidate : candidates) {
            best.merge(among(candidate), candidate, (a, b) -> order.compare(a, b) <= 0 ? a : b);
        }
        return candidates.stream()
                .filter(candidate -> order.compare(candidate, best.get(among(candidate))) == 0)
                .toList();
    }

    /**
     * The best of them.
     *
     * @param candidates routes to one destination, at least one
     */
    public static Candidate best(List<Candidate> candidates) {
        List<Candidate> left = candidates;
        for (DecisionStep step : values()) {
            if (left.size() == 1) {
                break;
            }
            left = step.survivors(left);
        }
        return left.getFirst();
    }

    /**
     * All that are as good as the best but for who they are from: what {@link #EXTERNAL} leaves (ECMP, as routers' maximum-paths take
     * them, of whatever neighbouring AS).
     */
    static List<Candidate> asGood(List<Candidate> candidates) {
        List<Candidate> left = candidates;
        for (DecisionStep step : values()) {
            if (left.size() < 2 || step == ROUTER_ID) {
                break;
            }
            left = step.survivors(left);
        }
        return left;
    }

    /** All of them, each better than what stands behind it. */
    public static List<Candidate> ranked(List<Candidate> candidates) {
        List<Candidate> left = new ArrayList<>(candidates);
        List<Candidate> ranked = new ArrayList<>();
        while (!left.isEmpty()) {
            ranked.add(best(left));
            left.remove(ranked.getLast());
        }
        return ranked;
    }

    private static int compare(InetAddress a, InetAddress b) {
        return Arrays.compareUnsigned(a.getAddress(), b.getAddress());
    }
}
