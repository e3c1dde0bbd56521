package org.secondsite.lab.plan;

import java.util.List;
import java.util.Locale;

/**
 * How packets go between the guest and the outside client.
 *
 * @param mode what a gateway is to its VMs
 * @param port by what means it hears and sends their frames
 * @param families which addresses guest and client have
 */
public record Network(Mode mode, Port port, Families families) {
    /** If nothing is chosen. */
    public static final Network USUAL = new Network(Mode.ROUTED, Port.AF_PACKET, Families.IPV4);

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

    /** Which addresses guest and client have. */
    public enum Families {
        IPV4,
        /** IPv4, an IPv6 address that is given, and one that the guest makes of its router's advertisements. */
        DUAL
    }

    /** The same with other addresses. */
    public Network withFamilies(Families other) {
        return new Network(mode, port, other);
    }

    /** Whether there is IPv6. */
    boolean isDual() {
        return families == Families.DUAL;
    }

    /** The addresses at which the guest serves. */
    public List<String> guestAddresses() {
        return isDual()
                ? List.of(LabNumbers.VM_ADDRESS, LabNumbers.VM_ADDRESS6, LabNumbers.VM_OWN_ADDRESS6)
                : List.of(LabNumbers.VM_ADDRESS);
    }

    /** The same by another port. */
    public Network withPort(Port other) {
        return new Network(mode, other, families);
    }

    /** The same in another mode. */
    public Network withMode(Mode other) {
        return new Network(other, port, families);
    }

    /** The gateway's interface by which the guest's packets leave a site. */
    public String uplink() {
        return mode == Mode.ROUTED ? Topology.ROUTED_UPLINK : Topology.OUTSIDE;
    }
}
