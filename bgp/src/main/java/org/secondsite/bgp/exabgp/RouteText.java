package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;

/** A route as the text API writes it: {@link CommandParser} reads the same one from {@code announce route TEXT}. */
public final class RouteText {
    private RouteText() {}

    /**
     * {@code 192.0.2.0/24 next-hop 10.0.0.1 origin igp as-path [ 65001 ] med 5}. Of a filter only what it matches is said as
     * ExaBGP shows it.
     *
     * @param nextHop where it leads; empty: it leads nowhere, or a filter says so itself
     */
    public static String of(Nlri nlri, Optional<? extends InetAddress> nextHop, PathAttributes attributes) {
        StringBuilder text = new StringBuilder(nlri(nlri));
        nextHop.ifPresent(hop -> text.append(" next-hop ").append(AddressText.of(hop)));
        for (PathAttribute attribute : attributes.asList()) {
            String words =
                    switch (attribute) {
                        case AsPath path -> path(path);
                        case PathAttribute.Simple simple -> words(simple);
                    };
            text.append(words.isEmpty() ? "" : " ").append(words);
        }
        return text.toString();
    }

    private static String nlri(Nlri nlri) {
        return switch (nlri) {
            case Nlri.Unicast unicast ->
                AddressText.of(unicast.prefix())
                        + (unicast.hasPath() ? " path-information " + dotted(unicast.pathId()) : "");
            case Nlri.Flow flow -> String.valueOf(FlowText.json(flow, "").get("string"));
            case Nlri.Opaque opaque -> "raw " + opaque.field();
        };
    }

    private static String dotted(long number) {
        return (number >>> 24) + "." + (number >>> 16 & 0xff) + "." + (number >>> 8 & 0xff) + "." + (number & 0xff);
    }

    private static String path(AsPath path) {
        StringBuilder text = new StringBuilder("as-path [");
        for (AsPath.Segment segment : path.segments()) {
            String numbers = segment.numbers().stream().map(String::valueOf).collect(Collectors.joining(" "));
            text.append(' ').append(segment.kind() == AsPath.Kind.SET ? "( " + numbers + " )" : numbers);
        }
        return path.segments().isEmpty() ? "" : text.append(" ]").toString();
    }

    private static String words(PathAttribute.Simple attribute) {
        return switch (attribute) {
            case PathAttribute.Origin(PathAttribute.Origin.Source source) ->
                "origin " + source.name().toLowerCase(Locale.ROOT);
            case PathAttribute.MultiExitDiscriminator(long value) -> "med " + value;
            case PathAttribute.LocalPreference(long value) -> "local-preference " + value;
            case PathAttribute.AtomicAggregate _ -> "atomic-aggregate";
            case PathAttribute.Aggregator aggregator ->
                "aggregator ( " + aggregator.as() + ":" + AddressText.of(aggregator.address()) + " )";
            case PathAttribute.Communities(List<Long> values) ->
                list("community", values.stream().map(v -> (v >>> 16) + ":" + (v & 0xffff)));
            case PathAttribute.OriginatorId id -> "originator-id " + AddressText.of(id.routerId());
            case PathAttribute.ClusterList clusters ->
                list("cluster-list", clusters.clusters().stream().map(AddressText::of));
            case PathAttribute.ExtendedCommunities(List<Long> values) ->
                list("extended-community", values.stream().map(value -> String.format(Locale.ROOT, "0x%016X", value)));
            case PathAttribute.LargeCommunities large ->
                list(
                        "large-community",
                        large.values().stream()
                                .map(v -> v.globalAdministrator() + ":" + v.localData1() + ":" + v.localData2()));
            case PathAttribute.Unrecognized unknown ->
                String.format(
                        Locale.ROOT,
                        "attribute [ 0x%02x 0x%02x 0x%s ]",
                        unknown.typeCode(),
                        unknown.flags(),
                        unknown.value());
            case PathAttribute.NextHop _,
                    PathAttribute.MpReach _,
                    PathAttribute.MpUnreach _,
                    PathAttribute.As4Path _,
                    PathAttribute.As4Aggregator _ -> "";
        };
    }

    private static String list(String name, Stream<String> values) {
        return name + " [ " + values.collect(Collectors.joining(" ")) + " ]";
    }
}
