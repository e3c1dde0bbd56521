package org.secondsite.gateway;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.Secret;
import org.secondsite.gateway.timeline.Timeline;

/** Notes what becomes of the BGP sessions. */
final class RouterEvents implements SpeakerListener {
    static final String UPDATE = "update";

    private final Conductor conductor;
    private final Timeline timeline;
    private final Map<String, Session> sessions;

    RouterEvents(Conductor conductor, Timeline timeline, Map<String, Session> sessions) {
        this.conductor = conductor;
        this.timeline = timeline;
        this.sessions = sessions;
    }

    static SpeakerSettings settings(GatewayConfig.Bgp bgp) {
        SpeakerSettings settings = new SpeakerSettings(
                bgp.localAs(),
                bgp.routerId(),
                bgp.neighbors().stream()
                        .map(n -> new NeighborSettings(
                                n.address(),
                                n.port(),
                                n.localAddress().orElse(null),
                                n.remoteAs(),
                                n.holdTimeSeconds(),
                                n.passive(),
                                n.password().map(Secret::text)))
                        .toList());
        return switch (bgp.listenPort()) {
            case BgpSpeaker.BGP_PORT -> settings;
            case 0 -> settings.withListen(List.of());
            default -> settings.withListen(List.of(new InetSocketAddress(bgp.listenPort())));
        };
    }

    private void session(InetAddress peer, Consumer<Session> change) {
        conductor.post(() -> change.accept(sessions.get(peer.getHostAddress())));
    }

    @Override
    public void established(InetAddress peer) {
        timeline.note(peer.getHostAddress(), "bgp-established", "the session stands");
        session(peer, session -> session.up("established"));
    }

    @Override
    public void down(InetAddress peer, String reason) {
        timeline.note(peer.getHostAddress(), "bgp-down", reason);
        session(peer, session -> session.down("down: " + reason));
    }

    @Override
    public void updateSent(InetAddress peer, Set<IpPrefix> announced, Set<IpPrefix> withdrawn, long nanoTime) {
        timeline.noteAt(
                nanoTime,
                peer.getHostAddress(),
                "bgp-update",
                "announced " + words(announced) + " withdrawn " + words(withdrawn));
        session(peer, session -> session.count(UPDATE));
    }

    private static String words(Set<IpPrefix> prefixes) {
        return prefixes.stream()
                .map(IpPrefix::toString)
                .collect(Collectors.toCollection(TreeSet::new))
                .toString();
    }
}
