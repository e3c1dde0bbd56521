package org.secondsite.lab.storm;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** A single fault that may befall two sites of which one owns the guest and the other is in sync, and what must become of it. */
public enum Fault {
    SITE_DEATH("every process of the owner's site is killed", Outcome.TAKEOVER),
    GATEWAY_DEATH("the owner's gateway is killed, its guest lives on", Outcome.TAKEOVER),
    GATEWAY_PAUSE("the owner's gateway is stopped for many seconds, then continued", Outcome.TAKEOVER),
    HYPERVISOR_DEATH("the owner's hypervisor is killed", Outcome.TAKEOVER),
    AGENT_DEATH("the owner's agent is killed, its guest lives on", Outcome.TAKEOVER),
    OWNER_ISOLATED("the owner is cut from the standby and the witness", Outcome.TAKEOVER),
    SWITCHOVER("an operator orders a planned switchover", Outcome.TAKEOVER),
    STANDBY_DEATH("every process of the standby's site is killed", Outcome.SOLO),
    STANDBY_GATEWAY_DEATH("the standby's gateway is killed", Outcome.SOLO),
    STANDBY_GATEWAY_PAUSE("the standby's gateway is stopped for many seconds, then continued", Outcome.SOLO),
    STANDBY_AGENT_DEATH("the standby's agent is killed", Outcome.SOLO),
    STANDBY_ISOLATED("the standby is cut from the owner and the witness", Outcome.SOLO),
    LINK_CUT("the link between the sites is cut", Outcome.ONE_OWNER),
    LINK_CUT_ONE_WAY("the link between the sites is cut in one direction", Outcome.ONE_OWNER),
    LINK_FLAP("the link between the sites is cut for a moment", Outcome.ONE_OWNER),
    LINK_DIRTY("the link between the sites loses, reorders, duplicates and corrupts", Outcome.ONE_OWNER),
    WITNESS_DEATH("the witness is killed", Outcome.UNCHANGED),
    WITNESS_PAUSE("the witness is stopped for many seconds, then continued", Outcome.UNCHANGED),
    WITNESS_CUT("the witness is cut from both sites", Outcome.UNCHANGED);

    /** What must come of a fault. In every case no connection is lost, and the two sites never both emit. */
    public enum Outcome {
        /** The standby becomes the owner. */
        TAKEOVER,
        /** The owner goes on alone. */
        SOLO,
        /** Either of them owns, in one term after the other. */
        ONE_OWNER,
        /** Same owner, same term. */
        UNCHANGED
    }

    private final String what;
    private final Outcome outcome;

    Fault(String what, Outcome outcome) {
        this.what = what;
        this.outcome = outcome;
    }

    /** What happens, in words. */
    public String what() {
        return what;
    }

    /** What must come of it. */
    public Outcome outcome() {
        return outcome;
    }

    /** The name in commands and records, such as {@code site-death}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /**
     * Reads the name in commands.
     *
     * @throws IllegalArgumentException listing the known names
     */
    public static Fault parse(String text) {
        return Arrays.stream(values())
                .filter(fault -> fault.text().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("unknown fault '" + text + "', known are "
                        + Arrays.stream(values()).map(Fault::text).collect(Collectors.joining(", "))));
    }
}
