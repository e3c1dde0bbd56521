package org.secondsite.gateway.router;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.bgp.bfd.BfdKey;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.decision.Policies;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.fsm.Offer;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Secret;

/** The BGP speaker's settings, made of the configuration. */
public final class RouterSettings {
    private static final int US_IN_MS = 1000;

    private RouterSettings() {}

    /** The settings. */
    public static SpeakerSettings of(GatewayConfig.Bgp bgp) {
        List<NeighborSettings> neighbors =
                bgp.neighbors().stream().map(RouterSettings::of).toList();
        List<InetSocketAddress> listen = bgp.listen().stream()
                .map(address -> new InetSocketAddress(address, bgp.listenPort()))
                .toList();
        return new SpeakerSettings(bgp.localAs(), bgp.routerId(), neighbors).withListen(listen);
    }

    private static NeighborSettings of(GatewayConfig.Neighbor n) {
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

    private static NeighborOptions options(GatewayConfig.NeighborExtras extras) {
        List<AddressFamily> families = extras.families().stream()
                .map(version -> version == 4 ? AddressFamily.IPV4_UNICAST : AddressFamily.IPV6_UNICAST)
                .toList();
        Map<AddressFamily, PrefixLimit> limits = new HashMap<>();
        extras.maximumPrefixes().ifPresent(maximum -> families.forEach(family -> limits.put(family, limit(maximum))));
        return new NeighborOptions(
                Offer.DEFAULT.withFamilies(families),
                extras.localAs(),
                extras.otherAddress(),
                extras.device(),
                limits,
                extras.ttlSecurityHops(),
                extras.bfd().map(RouterSettings::bfd),
                FsmTimers.DEFAULT,
                Duration.ofSeconds(extras.holdDownSeconds()),
                Policies.NONE);
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

    private static PrefixLimit limit(GatewayConfig.MaximumPrefixes maximum) {
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
