package org.secondsite.simulator;

/** A rule was broken. The message names the rule first. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Rule rule;

    Violation(Rule rule, String what) {
        super(rule.title() + ": " + what);
        this.rule = rule;
    }

    /** The rule. */
    public Rule rule() {
        return rule;
    }
}
