package org.secondsite.bgp.decision;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;

/**
 * What a rule changes of a route. {@link #NONE} and the methods that add to it make every kind.
 *
 * @param localPreference the higher the better, 32 bits unsigned
 * @param med the lower the better, 32 bits unsigned
 * @param prepends how many times our AS is put in front of the path, 0 to 250
 * @param removed communities that are taken away
 * @param added communities that are borne then
 */
public record RouteChange(
        OptionalLong localPreference, OptionalLong med, int prepends, List<Long> removed, List<Long> added) {
    /** Nothing. */
    public static final RouteChange NONE =
            new RouteChange(OptionalLong.empty(), OptionalLong.empty(), 0, List.of(), List.of());

    private static final int MAX_PREPENDS = 250;
    private static final long U32_MAXIMUM = 0xffff_ffffL;

    /**
     * Checks ranges and copies the lists.
     *
     * @throws IllegalArgumentException if a number is out of range
     */
    public RouteChange {
        if (prepends < 0 || prepends > MAX_PREPENDS) {
            throw new IllegalArgumentException("prepends " + prepends + " is not within 0.." + MAX_PREPENDS);
        }
        localPreference.ifPresent(RouteChange::require32Bits);
        med.ifPresent(RouteChange::require32Bits);
        removed = List.copyOf(removed);
        added = List.copyOf(added);
        added.forEach(RouteChange::require32Bits);
    }

    private static void require32Bits(long value) {
        if (value < 0 || value > U32_MAXIMUM) {
            throw new IllegalArgumentException(value + " has no 32-bit form");
        }
    }

    /** And this local preference. */
    public RouteChange withLocalPreference(long value) {
        return new RouteChange(OptionalLong.of(value), med, prepends, removed, added);
    }

    /** And this MED. */
    public RouteChange withMed(long value) {
        return new RouteChange(localPreference, OptionalLong.of(value), prepends, removed, added);
    }

    /** And our AS so many times in front. */
    public RouteChange withPrepends(int times) {
        return new RouteChange(localPreference, med, times, removed, added);
    }

    /** And without these communities. */
    public RouteChange withRemoved(Long... communities) {
        return new RouteChange(localPreference, med, prepends, List.of(communities), added);
    }

    /** And with these communities. */
    public RouteChange withAdded(Long... communities) {
        return new RouteChange(localPreference, med, prepends, removed, List.of(communities));
    }

    /** The changed route. */
    ReceivedRoute applied(ReceivedRoute route, long localAs) {
        if (equals(NONE)) {
            return route;
        }
        PathAttributes attributes = route.attributes();
        if (localPreference.isPresent()) {
            attributes = attributes.with(new PathAttribute.LocalPreference(localPreference.getAsLong()));
        }
        if (med.isPresent()) {
            attributes = attributes.with(new PathAttribute.MultiExitDiscriminator(med.getAsLong()));
        }
        if (prepends > 0) {
            AsPath path = attributes.get(AsPath.class).orElse(AsPath.EMPTY);
            attributes = attributes.with(path.prepended(localAs, prepends));
        }
        if (!removed.isEmpty() || !added.isEmpty()) {
            attributes = communities(attributes);
        }
        return new ReceivedRoute(route.nlri(), route.nextHop(), attributes);
    }

    private PathAttributes communities(PathAttributes attributes) {
        List<Long> borne = new ArrayList<>(attributes
                .get(PathAttribute.Communities.class)
                .map(PathAttribute.Communities::values)
                .orElse(List.of()));
        borne.removeAll(removed);
        added.stream().filter(value -> !borne.contains(value)).forEach(borne::add);
        return borne.isEmpty()
                ? attributes.without(AttributeType.COMMUNITIES)
                : attributes.with(new PathAttribute.Communities(borne));
    }
}
