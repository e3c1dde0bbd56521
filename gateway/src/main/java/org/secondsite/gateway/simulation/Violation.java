package org.secondsite.gateway.simulation;

/** A safety rule was broken. The message names the rule first. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Violation(String rule, String what) {
        super(rule + ": " + what);
    }
}
