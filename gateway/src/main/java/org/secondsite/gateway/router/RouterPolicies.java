package org.secondsite.gateway.router;

import java.util.List;
import java.util.Set;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.decision.Policy;
import org.secondsite.bgp.decision.PolicyRule;
import org.secondsite.bgp.decision.PrefixRange;
import org.secondsite.bgp.decision.RouteChange;
import org.secondsite.bgp.decision.RouteMatch;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.RoutePolicies;

/** A neighbour's policies, made of the configuration. */
final class RouterPolicies {
    private RouterPolicies() {}

    static Policies of(RoutePolicies policies) {
        return new Policies(of(policies.imports()), of(policies.exports()));
    }

    private static Policy of(List<RoutePolicies.Rule> rules) {
        return new Policy(rules.stream().map(RouterPolicies::of).toList(), false);
    }

    private static PolicyRule of(RoutePolicies.Rule rule) {
        PolicyRule.Verdict verdict =
                switch (rule.action()) {
                    case ACCEPT -> PolicyRule.Verdict.ACCEPT;
                    case REJECT -> PolicyRule.Verdict.REJECT;
                    case NEXT -> PolicyRule.Verdict.NEXT;
                };
        return new PolicyRule(of(rule.match()), of(rule.change()), verdict);
    }

    private static RouteMatch of(RoutePolicies.Match match) {
        return new RouteMatch(
                match.prefixes().stream().map(RouterPolicies::of).toList(),
                Set.copyOf(match.communities()),
                Set.copyOf(match.through()),
                Set.copyOf(match.origins()),
                match.maxPathLength());
    }

    private static PrefixRange of(RoutePolicies.PrefixRange range) {
        Prefix within = new Prefix(range.within().address(), range.within().length());
        return new PrefixRange(within, range.shortest(), range.longest());
    }

    private static RouteChange of(RoutePolicies.Change change) {
        return new RouteChange(
                change.localPreference(),
                change.med(),
                change.prepend(),
                change.removeCommunities(),
                change.addCommunities());
    }
}
