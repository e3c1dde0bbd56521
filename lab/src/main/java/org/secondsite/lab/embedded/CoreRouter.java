package org.secondsite.lab.embedded;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/**
 * The router between client and sites: two eBGP sessions, and the best route by longest prefix and then shortest AS path
 * (RFC 4271 §9.1.2.2 a; the rest of the decision process is not needed for two neighbours that never tie).
 */
final class CoreRouter implements SpeakerListener, AutoCloseable {
    static final long AS = 65000;

    private record Best(InetAddress peer, Prefix prefix, int pathLength) {
        boolean beats(Best other) {
            return other == null
                    || prefix.length() > other.prefix.length()
                    || (prefix.length() == other.prefix.length() && pathLength < other.pathLength);
        }
    }

    private final Map<InetAddress, Map<Prefix, Integer>> pathLengths = new HashMap<>();
    private final BgpSpeaker speaker;

    CoreRouter(InetSocketAddress listen, Map<InetAddress, Long> neighbors) throws IOException {
        List<NeighborSettings> settings = neighbors.entrySet().stream()
                .map(n -> new NeighborSettings(
                        n.getKey(), BgpSpeaker.BGP_PORT, listen.getAddress(), n.getValue(), 9, true, Optional.empty()))
                .toList();
        Inet4Address routerId = (Inet4Address) Prefix.parseAddress("10.0.0.1");
        speaker = BgpSpeaker.open(new SpeakerSettings(AS, routerId, settings).withListen(List.of(listen)), this);
    }

    /** The neighbour that packets for {@code destination} go to now. */
    synchronized Optional<InetAddress> route(InetAddress destination) {
        Best best = null;
        for (Map.Entry<InetAddress, Map<Prefix, Integer>> neighbor : pathLengths.entrySet()) {
            for (Map.Entry<Prefix, Integer> route : neighbor.getValue().entrySet()) {
                Best candidate = new Best(neighbor.getKey(), route.getKey(), route.getValue());
                if (route.getKey().contains(destination) && candidate.beats(best)) {
                    best = candidate;
                }
            }
        }
        return Optional.ofNullable(best).map(Best::peer);
    }

    @Override
    public synchronized void established(InetAddress peer) {
        pathLengths.put(peer, new HashMap<>());
    }

    @Override
    public synchronized void down(InetAddress peer, String reason) {
        pathLengths.remove(peer);
    }

    @Override
    public void updateSent(InetAddress peer, List<Nlri> announced, List<Nlri> withdrawn, long nanoTime) {
        throw new AssertionError("the core router announces nothing");
    }

    @Override
    public synchronized void routesReceived(InetAddress peer, List<ReceivedRoute> announced, List<Nlri> withdrawn) {
        Map<Prefix, Integer> routes = pathLengths.computeIfAbsent(peer, p -> new HashMap<>());
        withdrawn.forEach(nlri -> routes.remove(prefix(nlri)));
        announced.forEach(route -> routes.put(
                prefix(route.nlri()),
                route.attributes()
                        .get(AsPath.class)
                        .map(AsPath::selectionLength)
                        .orElse(0)));
    }

    private static Prefix prefix(Nlri nlri) {
        if (nlri instanceof Nlri.Unicast unicast) {
            return unicast.prefix();
        }
        throw new AssertionError("only unicast families are offered");
    }

    @Override
    public void close() {
        speaker.close();
    }
}
