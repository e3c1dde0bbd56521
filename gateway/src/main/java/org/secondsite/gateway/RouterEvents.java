package org.secondsite.gateway;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.secondsite.bgp.session.PrefixLimit;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.config.BgpConfig;
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

    private void session(InetAddress peer, Consumer<Session> change) {
        // A neighbour that is not there any more has no session to tell of.
        conductor.post(() -> of(peer.getHostAddress(), sessions).ifPresent(change));
    }

    /** A neighbour at an interface, of which there is one, is known by that: it stands behind a link-local address ({@code fe80::7%eth7}). */
    static <S> Optional<S> of(String address, Map<String, S> sessions) {
        Optional<S> known = Optional.ofNullable(sessions.get(address));
        int scope = address.indexOf('%');
        return known.isPresent() || scope < 0 ? known : Optional.ofNullable(sessions.get(address.substring(scope + 1)));
    }

    /** The names under which the configuration's neighbours are shown. */
    static List<String> names(BgpConfig bgp) {
        return Stream.concat(
                        bgp.neighbors().stream().map(one -> one.address().getHostAddress()),
                        bgp.interfaces().stream().map(BgpConfig.Interface::name))
                .toList();
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
    public void updateSent(InetAddress peer, List<Nlri> announced, List<Nlri> withdrawn, long nanoTime) {
        timeline.noteAt(
                nanoTime,
                peer.getHostAddress(),
                "bgp-update",
                "announced " + words(announced) + " withdrawn " + words(withdrawn));
        session(peer, session -> session.count(UPDATE));
    }

    @Override
    public void unexportable(InetAddress peer, Set<Nlri> routes) {
        if (routes.isEmpty()) {
            session(peer, session -> session.note("established"));
            return;
        }
        String what = "cannot be announced, for want of the family, or of a next hop of their IP version: "
                + new TreeSet<>(names(routes));
        timeline.note(peer.getHostAddress(), "bgp-unexportable", what);
        session(peer, session -> session.note("established, but " + what));
    }

    @Override
    public void prefixLimit(InetAddress peer, AddressFamily family, int count, PrefixLimit limit) {
        timeline.note(
                peer.getHostAddress(),
                "bgp-prefix-limit",
                count + " prefixes of " + family + ", the limit is " + limit.maximum());
    }

    @Override
    public void bfd(InetAddress peer, boolean up, String reason, long nanoTime) {
        timeline.noteAt(nanoTime, peer.getHostAddress(), up ? "bfd-up" : "bfd-down", reason);
    }

    private static List<String> names(Set<Nlri> routes) {
        return routes.stream().map(Nlri::toString).toList();
    }

    private static String words(List<Nlri> routes) {
        return routes.stream()
                .map(Nlri::toString)
                .collect(Collectors.toCollection(TreeSet::new))
                .toString();
    }
}
