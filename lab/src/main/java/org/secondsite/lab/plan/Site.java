package org.secondsite.lab.plan;

import java.util.Locale;

/** One of the two sites, with every address that depends on which one it is. */
public enum Site {
    A(1),
    B(2);

    private final int number;

    Site(int number) {
        this.number = number;
    }

    /** The site's name: {@code a} or {@code b}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The other one. */
    public Site peer() {
        return this == A ? B : A;
    }

    /**
     * Reads the name.
     *
     * @throws IllegalArgumentException if it is neither a nor b
     */
    public static Site parse(String text) {
        for (Site site : values()) {
            if (site.id().equals(text)) {
                return site;
            }
        }
        throw new IllegalArgumentException("'" + text + "' is not a site: a or b");
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
        return "10.9.0." + number;
    }

    /** The switch's datapath id, 16 hexadecimal digits. */
    public String datapathId() {
        return String.format(Locale.ROOT, "%016x", 0xa01L + 0x100L * (number - 1));
    }
}
