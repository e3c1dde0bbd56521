package org.secondsite.gateway.router;

import java.net.InetAddress;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.secondsite.bgp.session.NeighborAspect;
import org.secondsite.bgp.session.SpeakerChanges;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;

/** What changes of the section {@code bgp} do to its sessions, in words. */
public final class RouterImpact {
    private static final Map<NeighborAspect.Effect, String> WORDS = new EnumMap<>(Map.of(
            NeighborAspect.Effect.RESET, "the session ends, and a new one begins",
            NeighborAspect.Effect.NEXT_CONNECTION, "counts from its next connection on; the session stands",
            NeighborAspect.Effect.SOCKETS,
                    "the session stands, if the other end changes it before the hold time is over",
            NeighborAspect.Effect.ROUTES, "routes are told or counted anew; the session stands",
            NeighborAspect.Effect.PATH_WATCH, "BFD begins anew; the session stands"));

    private final SpeakerChanges changes;
    private final ToldApart before;
    private final ToldApart after;

    private RouterImpact(SpeakerChanges changes, ToldApart before, ToldApart after) {
        this.changes = changes;
        this.before = before;
        this.after = after;
    }

    /** What follows when one section takes the place of another; nothing is said of one that was not there or is there no more. */
    public static Optional<RouterImpact> between(GatewayConfig before, GatewayConfig after) {
        if (before.bgp().isEmpty() || after.bgp().isEmpty()) {
            return Optional.empty();
        }
        BgpConfig was = before.bgp().get();
        BgpConfig is = after.bgp().get();
        return Optional.of(new RouterImpact(
                SpeakerChanges.between(RouterSettings.of(was), RouterSettings.of(is), Set.of()),
                ToldApart.of(was),
                ToldApart.of(is)));
    }

    /** What each kind of difference takes. */
    public static String words(NeighborAspect.Effect effect) {
        return WORDS.get(effect);
    }

    /** What becomes of a neighbour that is still there; empty: nothing is said of it. */
    public Optional<String> ofNeighbor(String address) {
        EnumSet<NeighborAspect.Effect> effects = EnumSet.noneOf(NeighborAspect.Effect.class);
        for (SpeakerChanges.Alteration alteration : changes.altered()) {
            if (alteration.from().address().getHostAddress().equals(address)) {
                alteration.aspects().forEach(aspect -> effects.add(aspect.effect()));
            }
        }
        if (!before.at(address).equals(after.at(address))) {
            effects.add(NeighborAspect.Effect.ROUTES);
        }
        if (effects.contains(NeighborAspect.Effect.RESET)) {
            return Optional.of(words(NeighborAspect.Effect.RESET));
        }
        return Optional.of(effects.stream().map(RouterImpact::words).sorted().collect(Collectors.joining("; ")))
                .filter(words -> !words.isEmpty());
    }

    /** What becomes of the sessions when a setting of the whole speaker changes. */
    public String ofSpeaker() {
        String listening = (changes.opened().isEmpty() ? "" : "; connections are accepted at " + changes.opened())
                + (changes.closed().isEmpty() ? "" : "; none are any more at " + changes.closed());
        return (changes.ended().isEmpty() ? "no session ends" : "sessions end: " + names(changes.ended())) + listening;
    }

    private static String names(Collection<InetAddress> addresses) {
        return addresses.stream().map(InetAddress::getHostAddress).sorted().collect(Collectors.joining(", "));
    }
}
