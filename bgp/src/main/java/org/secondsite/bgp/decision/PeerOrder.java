package org.secondsite.bgp.decision;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Comparator;

/**
 * Tells neighbours apart by their addresses, and those of the same link-local address by the interface that each is at. Two such
 * addresses are equal ({@link Inet6Address#equals}), so neighbours are not to be keys of a map that goes by that.
 */
public final class PeerOrder {
    /** By the octets of the address, then by the number of the interface. */
    public static final Comparator<InetAddress> BY_ADDRESS_AND_INTERFACE = Comparator.comparing(
                    InetAddress::getAddress, Arrays::compareUnsigned)
            .thenComparingInt(PeerOrder::scope);

    private PeerOrder() {}

    private static int scope(InetAddress address) {
        return address instanceof Inet6Address link && link.isLinkLocalAddress() ? link.getScopeId() : 0;
    }

    /** Whether both are the same neighbour's. */
    public static boolean same(InetAddress one, InetAddress other) {
        return BY_ADDRESS_AND_INTERFACE.compare(one, other) == 0;
    }
}
