package org.secondsite.gateway.router;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.bfd.BfdKey;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborRange;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.Secret;

/** The BGP speaker's settings, made of the configuration. */
public final class RouterSettings {
    private static final int US_IN_MS = 1000;
    private static final Prefix LINK_LOCAL = Prefix.parse("fe80::/10");

    private RouterSettings() {}

    /** The settings. */
    public static SpeakerSettings of(BgpConfig bgp) {
        List<NeighborSettings> neighbors =
                bgp.neighbors().stream().map(RouterSettings::of).toList();
        List<InetSocketAddress> listen = bgp.listen().stream()
                .map(address -> new InetSocketAddress(address, bgp.listenPort()))
                .toList();
        return new SpeakerSettings(bgp.localAs(), bgp.routerId(), neighbors)
                .withRanges(bgp.interfaces().stream().map(RouterSettings::of).toList())
                .withListen(listen);
    }

    /** One neighbour with any link-local address at the interface. */
    private static NeighborRange of(BgpConfig.Interface at) {
        List<AddressFamily> families = families(at.families());
        NeighborOptions options = NeighborOptions.DEFAULT
                .withDevice(at.name())
                .withOffer(Offer.DEFAULT
                        .withFamilies(families)
                        .withExtendedNextHops(
                                families.contains(AddressFamily.IPV4_UNICAST)
                                        ? Set.of(AddressFamily.IPV4_UNICAST)
                                        : Set.of()))
                .withPrefixLimits(limits(at.maximumPrefixes(), families))
                .withHoldDown(Duration.ofSeconds(at.holdDownSeconds()))
                .withPolicies(RouterPolicies.of(at.policies()));
        if (at.bfd().isPresent()) {
            options = options.withBfd(bfd(at.bfd().get()));
        }
        if (at.localAs().isPresent()) {
            options = options.withLocalAs(at.localAs().getAsLong());
        }
        NeighborSettings template = NeighborSettings.of(LINK_LOCAL.address(), at.remoteAs())
                .withPassive(true)
                .withHoldTimeSeconds(at.holdTimeSeconds())
                .withOptions(options);
        if (at.password().isPresent()) {
            template = template.withMd5Password(at.password().get().text());
        }
        return new NeighborRange(LINK_LOCAL, template, 1);
    }

    private static NeighborSettings of(BgpConfig.Neighbor n) {
        return new NeighborSettings(
                n.address(),
                n.port(),
                n.localAddress().orElse(null),
                n.remoteAs(),
                n.holdTimeSeconds(),
                n.passive(),
                n.password().map(Secret::text),
                options(n.extras()));
    }

    private static NeighborOptions options(BgpConfig.NeighborExtras extras) {
        List<AddressFamily> families = families(extras.families());
        return new NeighborOptions(
                Offer.DEFAULT.withFamilies(families),
                extras.localAs(),
                extras.otherAddress(),
                extras.device(),
                limits(extras.maximumPrefixes(), families),
                extras.ttlSecurityHops(),
                extras.bfd().map(RouterSettings::bfd),
                FsmTimers.DEFAULT,
                Duration.ofSeconds(extras.holdDownSeconds()),
                RouterPolicies.of(extras.policies()));
    }

    private static List<AddressFamily> families(List<Integer> versions) {
        return versions.stream()
                .map(version -> version == 4 ? AddressFamily.IPV4_UNICAST : AddressFamily.IPV6_UNICAST)
                .toList();
    }

    private static Map<AddressFamily, PrefixLimit> limits(
            Optional<BgpConfig.MaximumPrefixes> maximum, List<AddressFamily> families) {
        Map<AddressFamily, PrefixLimit> limits = new HashMap<>();
        maximum.ifPresent(limit -> families.forEach(family -> limits.put(family, limit(limit))));
        return limits;
    }

    private static BfdSettings bfd(BfdConfig bfd) {
        int paceUs = bfd.intervalMs() * US_IN_MS;
        return new BfdSettings(
                paceUs,
                paceUs,
                bfd.multiplier(),
                bfd.multihop(),
                bfd.key()
                        .map(key -> new BfdKey(
                                key.kind() == BfdConfig.Kind.METICULOUS
                                        ? BfdKey.Kind.METICULOUS_SHA1
                                        : BfdKey.Kind.SHA1,
                                key.number(),
                                key.secret().text())));
    }

    private static PrefixLimit limit(BgpConfig.MaximumPrefixes maximum) {
        PrefixLimit.Action action =
                switch (maximum.action()) {
                    case "warn" -> PrefixLimit.Action.WARN;
                    case "discard" -> PrefixLimit.Action.DISCARD;
                    case "down" -> PrefixLimit.Action.DOWN;
                    default -> throw new IllegalArgumentException("no action " + maximum.action());
                };
        return new PrefixLimit(maximum.maximum(), maximum.warningPercent(), action, maximum.restartAfterSeconds());
    }
}
