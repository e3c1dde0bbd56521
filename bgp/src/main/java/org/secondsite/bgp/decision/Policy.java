package org.secondsite.bgp.decision;

import java.util.List;
import java.util.Optional;
import org.secondsite.bgp.rib.ReceivedRoute;

/**
 * What of a neighbour's routes is taken, or what a neighbour is told of those of others: rules in order, of which the first
 * that decides counts.
 *
 * @param rules in order
 * @param acceptsRest whether a route is taken about which no rule decided
 */
public record Policy(List<PolicyRule> rules, boolean acceptsRest) {
    /** No route: what RFC 8212 asks for where no policy is set. */
    public static final Policy NOTHING = new Policy(List.of(), false);

    /** Every route as it is. */
    public static final Policy EVERYTHING = new Policy(List.of(), true);

    /** Copies the list. */
    public Policy {
        rules = List.copyOf(rules);
    }

    /** These rules, and nothing else. */
    public static Policy of(PolicyRule... rules) {
        return new Policy(List.of(rules), false);
    }

    /** The same, taking what no rule decides about. */
    public Policy withRest() {
        return new Policy(rules, true);
    }

    /** Whether no route can be taken. */
    public boolean isNothing() {
        return !acceptsRest && rules.stream().noneMatch(rule -> rule.verdict() == PolicyRule.Verdict.ACCEPT);
    }

    /**
     * The route as the rules leave it; empty if it is not taken.
     *
     * @param localAs our AS, which a rule may put in front of the path
     */
    public Optional<ReceivedRoute> apply(ReceivedRoute route, long localAs) {
        ReceivedRoute changed = route;
        for (PolicyRule rule : rules) {
            if (!rule.match().matches(changed)) {
                continue;
            }
            switch (rule.verdict()) {
                case ACCEPT -> {
                    return Optional.of(rule.change().applied(changed, localAs));
                }
                case REJECT -> {
                    return Optional.empty();
                }
                case NEXT -> changed = rule.change().applied(changed, localAs);
            }
        }
        return acceptsRest ? Optional.of(changed) : Optional.empty();
    }
}
