package org.secondsite.lab.plan;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How packets go between the guest and the outside client.
 *
 * @param mode what a gateway is to its VMs
 * @param port by what means it hears and sends their frames
 * @param families which addresses guest and client have
 * @param routers how many routers a site has towards the core
 */
public record Network(Mode mode, Port port, Families families, int routers) {
    /** If nothing is chosen. */
    public static final Network USUAL = new Network(Mode.ROUTED, Port.AF_PACKET, Families.IPV4, 1);

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

    /**
     * Checks the number of routers.
     *
     * @throws IllegalArgumentException in words
     */
    public Network {
        if (routers < 1 || routers > 2) {
            throw new IllegalArgumentException(routers + " routers at a site are not 1 or 2");
        }
        if (routers > 1 && mode != Mode.ROUTED) {
            throw new IllegalArgumentException("two routers at a site are beside a gateway in mode routed only");
        }
    }

    /** The same with so many routers at each site. */
    public Network withRouters(int count) {
        return new Network(mode, port, families, count);
    }

    /** Whether there is another way if one router dies. */
    boolean isRedundant() {
        return routers > 1;
    }

    /** A site's ways to the core. */
    List<Uplink> uplinks(Site site) {
        return IntStream.range(0, routers)
                .mapToObj(number -> new Uplink(site, number))
                .toList();
    }

    /** The addresses of a site's routers towards the core. */
    public List<String> routerCoreAddresses(Site site) {
        return uplinks(site).stream().map(Uplink::routerCoreAddress).toList();
    }

    /** The same with other addresses. */
    public Network withFamilies(Families other) {
        return new Network(mode, port, other, routers);
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
        return new Network(mode, other, families, routers);
    }

    /** The same in another mode. */
    public Network withMode(Mode other) {
        return new Network(other, port, families, routers);
    }

    /** The gateway's interface by which the guest's packets leave a site; the first one, if there are two. */
    public String uplink() {
        return exits().getFirst();
    }

    /** The gateway's interfaces by which the guest's packets leave a site. */
    public List<String> exits() {
        return mode == Mode.ROUTED
                ? List.of(Topology.ROUTED_UPLINK, Topology.SECOND_UPLINK).subList(0, routers)
                : List.of(Topology.OUTSIDE);
    }
}
