package org.secondsite.bgp.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.bgp.wire.PathAttribute.MpReach;
import org.secondsite.bgp.wire.PathAttribute.MpUnreach;

/**
 * UPDATE (RFC 4271 §4.3). Prefixes of other families than IPv4 unicast ride in MP_REACH_NLRI and MP_UNREACH_NLRI.
 *
 * <pre>
 *  0               2
 * +---------------+------------+---------------+------------+----------
 * | octets        | withdrawn  | octets        | attributes | NLRI ...
 * +---------------+------------+---------------+------------+----------
 * </pre>
 *
 * @param withdrawn the withdrawn routes field
 * @param attributes the path attributes
 * @param announced the NLRI field
 */
public record UpdateMessage(List<Nlri> withdrawn, PathAttributes attributes, List<Nlri> announced)
        implements BgpMessage {
    static final int TYPE = 2;

    /** Copies the lists. */
    public UpdateMessage {
        withdrawn = List.copyOf(withdrawn);
        announced = announced instanceof RouteRun ? announced : List.copyOf(announced);
    }

    /** End-of-RIB of the family (RFC 4724 §2). */
    public static UpdateMessage endOfRib(AddressFamily family) {
        PathAttributes attributes = family.equals(AddressFamily.IPV4_UNICAST)
                ? PathAttributes.NONE
                : PathAttributes.of(new MpUnreach(family, List.of()));
        return new UpdateMessage(List.of(), attributes, List.of());
    }

    /** The family whose routes are now all sent, if this is an End-of-RIB marker. */
    public Optional<AddressFamily> endOfRib() {
        if (!withdrawn.isEmpty() || !announced.isEmpty() || attributes.asList().size() > 1) {
            return Optional.empty();
        }
        if (attributes.isEmpty()) {
            return Optional.of(AddressFamily.IPV4_UNICAST);
        }
        return attributes
                .get(MpUnreach.class)
                .filter(unreach -> unreach.nlri().isEmpty())
                .map(MpUnreach::family);
    }

    /** Every announced prefix of every family. */
    public List<Nlri> reachable() {
        return joined(announced, attributes.get(MpReach.class).map(MpReach::nlri));
    }

    /** Every withdrawn prefix of every family. */
    public List<Nlri> unreachable() {
        return joined(withdrawn, attributes.get(MpUnreach.class).map(MpUnreach::nlri));
    }

    private static List<Nlri> joined(List<Nlri> first, Optional<List<Nlri>> second) {
        if (second.isEmpty() || second.get().isEmpty()) {
            return first;
        }
        List<Nlri> all = new ArrayList<>(first);
        all.addAll(second.get());
        return all;
    }

    @Override
    public int typeCode() {
        return TYPE;
    }
}
