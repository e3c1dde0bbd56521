package org.secondsite.gateway.router;

import java.net.InetAddress;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.secondsite.bgp.session.NeighborAspect;
import org.secondsite.bgp.session.SpeakerChanges;
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

    private RouterImpact(SpeakerChanges changes) {
        this.changes = changes;
    }

    /** What follows when one section takes the place of another; nothing is said of one that was not there or is there no more. */
    public static Optional<RouterImpact> between(GatewayConfig before, GatewayConfig after) {
        if (before.bgp().isEmpty() || after.bgp().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new RouterImpact(SpeakerChanges.between(
                RouterSettings.of(before.bgp().get()),
                RouterSettings.of(after.bgp().get()),
                Set.of())));
    }

    /** What each kind of difference takes. */
    public static String words(NeighborAspect.Effect effect) {
        return WORDS.get(effect);
    }

    /** What becomes of a neighbour that is still there; empty: nothing is said of it. */
    public Optional<String> ofNeighbor(String address) {
        return changes.altered().stream()
                .filter(alteration ->
                        alteration.from().address().getHostAddress().equals(address))
                .findFirst()
                .map(alteration -> alteration.resets()
                        ? words(NeighborAspect.Effect.RESET)
                        : alteration.aspects().stream()
                                .map(aspect -> words(aspect.effect()))
                                .distinct()
                                .sorted()
                                .collect(Collectors.joining("; ")));
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
