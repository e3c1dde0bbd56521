package org.secondsite.lab.plan;

import java.util.List;
import java.util.Locale;

/** A site, with every address that depends on which one it is. A lab has two of them, a ring three. */
public enum Site {
    A(1),
    B(2),
    C(3);

    /** Those of a lab that is no ring. */
    public static final List<Site> PAIR = List.of(A, B);

    /** On the WAN, where the witness has the numbers from 3 on. */
    private static final int THIRD_ON_WAN = 20;

    /** Sites a and b meet at 7400. */
    private static final int FIRST_TUNNEL_PORT = 7397;

    private final int number;

    Site(int number) {
        this.number = number;
    }

    /** From 1. */
    int number() {
        return number;
    }

    /** The site's name: {@code a}, {@code b} or {@code c}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The other one of a pair. */
    public Site peer() {
        return this == A ? B : A;
    }

    /**
     * Reads the name.
     *
     * @throws IllegalArgumentException if it is none of them
     */
    public static Site parse(String text) {
        for (Site site : values()) {
            if (site.id().equals(text)) {
                return site;
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not a site: a, b or c");
    }

    /** Autonomous system of the site's router. */
    public long routerAs() {
        return 65000L + number;
    }

    /** The core router's address on the wire to the site's router. */
    public String coreAddress() {
        return "10.0." + number + ".1";
    }

    /** The router's address towards the core. */
    public String routerCoreAddress() {
        return "10.0." + number + ".2";
    }

    /** The router's address towards the gateway. */
    public String routerAddress() {
        return "10." + number + ".0.1";
    }

    /** The gateway's address towards the router. */
    public String uplinkAddress() {
        return "10." + number + ".0.2";
    }

    /** {@link #coreAddress}, IPv6. */
    public String coreAddress6() {
        return "2001:db8:0:" + number + "::1";
    }

    /** {@link #routerCoreAddress}, IPv6. */
    public String routerCoreAddress6() {
        return "2001:db8:0:" + number + "::2";
    }

    /** {@link #routerAddress}, IPv6. */
    public String routerAddress6() {
        return "2001:db8:" + number + "::1";
    }

    /** {@link #uplinkAddress}, IPv6. */
    public String uplinkAddress6() {
        return "2001:db8:" + number + "::2";
    }

    /** The hypervisor host's address towards the gateway. */
    public String hostAddress() {
        return "10." + number + ".1.1";
    }

    /** The gateway's address towards the hypervisor host and the switch. */
    public String gatewayHostAddress() {
        return "10." + number + ".1.2";
    }

    /** The gateway's address on the WAN. */
    public String wanAddress() {
        return "10.9.0." + (this == C ? THIRD_ON_WAN : number);
    }

    /** Where its gateway listens for that of another site, and that for this one. */
    int tunnelPort(Site other) {
        return FIRST_TUNNEL_PORT + number + other.number;
    }

    /** The switch's datapath id, 16 hexadecimal digits. */
    public String datapathId() {
        return String.format(Locale.ROOT, "%016x", 0xa01L + 0x100L * (number - 1));
    }
}
