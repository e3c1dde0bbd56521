package org.secondsite.bgp.decision;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;

/**
 * A route that may be the best one to its destination.
 *
 * @param source whose it is
 * @param route as the import policy left it
 */
public record Candidate(Source source, ReceivedRoute route) {
    private static final long USUAL_LOCAL_PREFERENCE = 100;

    /**
     * A neighbour, as the decision sees it.
     *
     * @param peer its address
     * @param external whether it is of another AS
     * @param routerId its BGP identifier
     */
    public record Source(InetAddress peer, boolean external, Inet4Address routerId) {}

    /** Where it leads: the same for all paths of ADD-PATH. */
    public Nlri destination() {
        return destination(route.nlri());
    }

    static Nlri destination(Nlri nlri) {
        return nlri instanceof Nlri.Unicast unicast && unicast.hasPath() ? Nlri.of(unicast.prefix()) : nlri;
    }

    /** Its degree of preference (RFC 4271 §9.1.1): LOCAL_PREF, or 100 where neither the peer nor a policy has set it. */
    public long localPreference() {
        return route.attributes()
                .get(PathAttribute.LocalPreference.class)
                .map(PathAttribute.LocalPreference::value)
                .orElse(USUAL_LOCAL_PREFERENCE);
    }

    int pathLength() {
        return path().selectionLength();
    }

    private AsPath path() {
        return route.attributes().get(AsPath.class).orElse(AsPath.EMPTY);
    }

    PathAttribute.Origin.Source origin() {
        return route.attributes()
                .get(PathAttribute.Origin.class)
                .map(PathAttribute.Origin::source)
                .orElse(PathAttribute.Origin.Source.INCOMPLETE);
    }

    /** RFC 4271 §9.1.2.2 c: 0, the best, where there is none. */
    long med() {
        return route.attributes()
                .get(PathAttribute.MultiExitDiscriminator.class)
                .map(PathAttribute.MultiExitDiscriminator::value)
                .orElse(0L);
    }

    /** The AS that the MED is of: the first of a path that begins with a sequence outside of a confederation; 0: ours. */
    long neighborAs() {
        List<AsPath.Segment> segments = path().withoutConfederation().segments();
        return segments.isEmpty() || segments.getFirst().kind() != AsPath.Kind.SEQUENCE
                ? 0
                : segments.getFirst().numbers().getFirst();
    }

    /** RFC 4456 §9: of a reflected route its originator. */
    Inet4Address originator() {
        return route.attributes()
                .get(PathAttribute.OriginatorId.class)
                .map(PathAttribute.OriginatorId::routerId)
                .orElse(source.routerId());
    }

    int clusters() {
        return route.attributes()
                .get(PathAttribute.ClusterList.class)
                .map(list -> list.clusters().size())
                .orElse(0);
    }

    long pathId() {
        return route.nlri() instanceof Nlri.Unicast unicast ? unicast.pathId() : Nlri.Unicast.NO_PATH;
    }
}
