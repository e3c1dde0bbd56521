package org.secondsite.lab.plan;

/**
 * How packets go between the guest and the outside client.
 *
 * @param mode what a gateway is to its VMs
 */
public record Network(Mode mode) {
    /** If nothing is chosen. */
    public static final Network USUAL = new Network(Mode.ROUTED);

    /** What a gateway is to its VMs. */
    public enum Mode {
        /** Their first hop. */
        ROUTED,
        /** A bump in the wire to their first hop, which is the site's router. */
        TRANSPARENT
    }

    /** The same in another mode. */
    public Network withMode(Mode other) {
        return new Network(other);
    }

    /** The gateway's interface by which the guest's packets leave a site. */
    public String uplink() {
        return mode == Mode.ROUTED ? Topology.ROUTED_UPLINK : Topology.OUTSIDE;
    }
}
