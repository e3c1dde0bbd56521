package org.secondsite.bgp.decision;

/**
 * One rule of a policy.
 *
 * @param match which routes it is for
 * @param change what it changes of them
 * @param verdict what becomes of them then
 */
public record PolicyRule(RouteMatch match, RouteChange change, Verdict verdict) {
    /** What becomes of a route that a rule was for. */
    public enum Verdict {
        /** It is taken, and no further rule is asked. */
        ACCEPT,
        /** It is not taken. */
        REJECT,
        /** The next rule is asked about the changed route. */
        NEXT
    }

    /** Takes such routes, changed so. */
    public static PolicyRule accept(RouteMatch match, RouteChange change) {
        return new PolicyRule(match, change, Verdict.ACCEPT);
    }

    /** Takes such routes as they are. */
    public static PolicyRule accept(RouteMatch match) {
        return accept(match, RouteChange.NONE);
    }

    /** Keeps such routes out. */
    public static PolicyRule reject(RouteMatch match) {
        return new PolicyRule(match, RouteChange.NONE, Verdict.REJECT);
    }

    /** Changes such routes, and has the next rule decide. */
    public static PolicyRule change(RouteMatch match, RouteChange change) {
        return new PolicyRule(match, change, Verdict.NEXT);
    }
}
