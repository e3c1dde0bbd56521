package org.secondsite.lab.plan;

import java.util.Locale;

/**
 * How packets go between the guest and the outside client.
 *
 * @param mode what a gateway is to its VMs
 * @param port by what means it hears and sends their frames
 */
public record Network(Mode mode, Port port) {
    /** If nothing is chosen. */
    public static final Network USUAL = new Network(Mode.ROUTED, Port.AF_PACKET);

    /** What a gateway is to its VMs. */
    public enum Mode {
        /** Their first hop. */
        ROUTED,
        /** A bump in the wire to their first hop, which is the site's router. */
        TRANSPARENT
    }

    /** By what means a gateway hears and sends frames. */
    public enum Port {
        AF_PACKET,
        PCAP4J;

        /** Its name in commands and in the gateway's file. */
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    /** The same by another port. */
    public Network withPort(Port other) {
        return new Network(mode, other);
    }

    /** The same in another mode. */
    public Network withMode(Mode other) {
        return new Network(other, port);
    }

    /** The gateway's interface by which the guest's packets leave a site. */
    public String uplink() {
        return mode == Mode.ROUTED ? Topology.ROUTED_UPLINK : Topology.OUTSIDE;
    }
}
