package org.secondsite.lab.plan;

/**
 * One of a site's ways to the core: a router, with a wire to the core and one to the gateway. The first one's addresses are the site's
 * own.
 *
 * @param number 0, or 1 for that of the second router
 */
record Uplink(Site site, int number) {
    private boolean isFirst() {
        return number == 0;
    }

    /** Sites' first routers are behind networks 1, 2 and 3 of the core, their second ones behind 11, 12 and 13. */
    private int coreNetwork() {
        return site.number() + 10;
    }

    /** The router's namespace. */
    String namespace(String lab) {
        return isFirst() ? Topology.router(lab, site) : Topology.secondRouter(lab, site);
    }

    /** The router's process, or the beginning of the names of its processes. */
    String process() {
        return "router-" + site.id() + (isFirst() ? "" : "2");
    }

    /** The core's interface towards the router. */
    String coreInterface() {
        return "r" + site.id() + number;
    }

    /** The gateway's interface towards the router. */
    String gatewayInterface() {
        return isFirst() ? Topology.ROUTED_UPLINK : Topology.SECOND_UPLINK;
    }

    /** The core's address on the wire to the router. */
    String coreAddress() {
        return isFirst() ? site.coreAddress() : "10.0." + coreNetwork() + ".1";
    }

    /** The router's address towards the core. */
    String routerCoreAddress() {
        return isFirst() ? site.routerCoreAddress() : "10.0." + coreNetwork() + ".2";
    }

    /** The router's address towards the gateway. */
    String routerAddress() {
        return isFirst() ? site.routerAddress() : "10." + site.number() + ".3.1";
    }

    /** The gateway's address towards the router. */
    String uplinkAddress() {
        return isFirst() ? site.uplinkAddress() : "10." + site.number() + ".3.2";
    }

    /** {@link #coreAddress}, IPv6. */
    String coreAddress6() {
        return isFirst() ? site.coreAddress6() : "2001:db8:0:" + coreNetwork() + "::1";
    }

    /** {@link #routerCoreAddress}, IPv6. */
    String routerCoreAddress6() {
        return isFirst() ? site.routerCoreAddress6() : "2001:db8:0:" + coreNetwork() + "::2";
    }

    /** {@link #routerAddress}, IPv6. */
    String routerAddress6() {
        return isFirst() ? site.routerAddress6() : "2001:db8:" + site.number() + ":3::1";
    }

    /** {@link #uplinkAddress}, IPv6. */
    String uplinkAddress6() {
        return isFirst() ? site.uplinkAddress6() : "2001:db8:" + site.number() + ":3::2";
    }
}
