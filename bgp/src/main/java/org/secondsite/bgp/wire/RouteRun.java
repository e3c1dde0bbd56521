package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;

/**
 * Prefixes of one family in a row, with the octets that they are on the wire without path identifiers: whoever sends a table
 * to many neighbours, or again, writes blocks of octets and looks at no route. Immutable.
 *
 * <pre>
 * +--------+----------------------+--------+---
 * | length | the octets that hold | length | ...
 * | bits   | its bits, 0 to 16    | bits   |
 * +--------+----------------------+--------+---
 * </pre>
 */
public final class RouteRun extends AbstractList<Nlri> implements RandomAccess {
    private final Nlri[] routes;
    private final byte[] octets;
    private final int first;
    private final int end;
    private final int firstOctet;
    private final int endOctet;

    private RouteRun(Nlri[] routes, byte[] octets, int first, int end, int firstOctet, int endOctet) {
        this.routes = routes;
        this.octets = octets;
        this.first = first;
        this.end = end;
        this.firstOctet = firstOctet;
        this.endOctet = endOctet;
    }

    /** These routes, all of one family; the list is copied. */
    public static RouteRun of(List<Nlri.Unicast> from) {
        Nlri[] routes = from.toArray(Nlri[]::new);
        int total = 0;
        for (Nlri.Unicast route : from) {
            total += 1 + (route.prefix().length() + 7) / 8;
        }
        byte[] octets = new byte[total];
        int at = 0;
        for (Nlri.Unicast route : from) {
            int bits = route.prefix().length();
            int significant = (bits + 7) / 8;
            octets[at] = (byte) bits;
            System.arraycopy(route.prefix().address().getAddress(), 0, octets, at + 1, significant);
            at += 1 + significant;
        }
        return new RouteRun(routes, octets, 0, routes.length, 0, total);
    }

    /** The longest run at the beginning of this one that takes no more than so many octets. */
    public RouteRun within(int maximumOctets) {
        int until = first;
        int octet = firstOctet;
        while (until < end) {
            int next = octet + 1 + ((octets[octet] & 0xff) + 7) / 8;
            if (next - firstOctet > maximumOctets) {
                break;
            }
            octet = next;
            until++;
        }
        return new RouteRun(routes, octets, first, until, firstOctet, octet);
    }

    /** What follows a run that {@link #within} gave of this one. */
    public RouteRun behind(RouteRun beginning) {
        return new RouteRun(routes, octets, beginning.end, end, beginning.endOctet, endOctet);
    }

    void writeTo(ByteBuf out) {
        out.writeBytes(octets, firstOctet, endOctet - firstOctet);
    }

    @Override
    public Nlri get(int index) {
        return routes[first + Objects.checkIndex(index, size())];
    }

    @Override
    public int size() {
        return end - first;
    }

    @Override
    public Object[] toArray() {
        return Arrays.copyOfRange(routes, first, end, Object[].class);
    }
}
