package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SiteId;

/**
 * The other sites of a gateway's file, and which of them stands by for a group. Of one, {@code peerSite} and {@code tunnel} are the short
 * form; of several, {@code peers} has both for each.
 */
final class PeersReading {
    /** Each has a tunnel with four threads, and memory for its epochs. */
    static final int MAX = 8;

    private static final String PEERS = "peers";
    private static final String SITE = "site";
    private static final String STANDBY = "standby";

    private final Map<Section, GatewayConfig.Peer> peers = new LinkedHashMap<>();
    private final Map<String, InetSocketAddress> listening = new LinkedHashMap<>();
    private final Unique<SiteId> names = new Unique<>();
    private final Unique<InetSocketAddress> dialled = new Unique<>();

    /** Reads the keys. */
    PeersReading(Section root, SiteId site) {
        if (root.has(PEERS)) {
            root.forbid("peerSite", "is the short form of a single peer, and there are peers");
            root.forbid(
                    "tunnel", "is the short form of a single peer, and there are peers: each has a tunnel of its own");
            root.sections(PEERS).forEach(at -> read(at, SITE, site, at.path() + ".tunnel.listen"));
        } else {
            read(root, "peerSite", site, "tunnel.listen");
        }
        if (peers.size() > MAX) {
            root.problem(PEERS, peers.size() + " peers: a gateway has " + MAX + " at most");
        }
    }

    private void read(Section at, String key, SiteId site, String name) {
        SiteId peer = at.value(key, SiteId::new);
        if (site != null && site.equals(peer)) {
            at.problem(key, peer + " is this gateway's own site");
        }
        Section section = at.section("tunnel");
        GatewayConfig.Tunnel tunnel = tunnel(section);
        listening.forEach((other, taken) -> {
            if (collide(taken, tunnel.listen())) {
                section.problem(
                        "listen",
                        Values.shown(tunnel.listen()) + " is taken by " + other
                                + ": each tunnel has a port of its own");
            }
        });
        if (tunnel.listen() != null) {
            listening.put(name, tunnel.listen());
        }
        names.add(peer, at, key);
        dialled.add(tunnel.connect(), section, "connect");
        peers.put(at, new GatewayConfig.Peer(peer, tunnel));
    }

    /** Who listens at every address takes the port from everybody. */
    private static boolean collide(InetSocketAddress one, InetSocketAddress other) {
        return other != null
                && one.getPort() == other.getPort()
                && (one.equals(other)
                        || one.getAddress().isAnyLocalAddress()
                        || other.getAddress().isAnyLocalAddress());
    }

    private static GatewayConfig.Tunnel tunnel(Section section) {
        InetSocketAddress listen = section.endpoint("listen");
        InetSocketAddress connect = section.endpoint("connect");
        int heartbeatMs = section.integer("heartbeatMs", 5, 10_000, 50);
        int suspectAfterMs = section.integer("suspectAfterMs", 15, 60_000, 240);
        if (section.sound("listen", "connect") && listen.equals(connect)) {
            section.problem("connect", "is this gateway's own listen address");
        }
        if (section.sound("heartbeatMs", "suspectAfterMs") && suspectAfterMs < 3 * heartbeatMs) {
            section.problem(
                    "suspectAfterMs",
                    suspectAfterMs + " is less than three heartbeats of " + heartbeatMs
                            + " ms: one lost packet would be taken for a dead site");
        }
        return new GatewayConfig.Tunnel(
                listen,
                connect,
                heartbeatMs,
                suspectAfterMs,
                GatewayDocument.mebibytes(section, "maxInFlightMiB", 256),
                section.integer("connections", 1, 8, 1),
                section.optional("congestion", text -> Values.oneOf(List.of("bbr", "cubic", "reno"), text)));
    }

    List<GatewayConfig.Peer> list() {
        return List.copyOf(peers.values());
    }

    /** Their names, as far as they are known. */
    List<SiteId> sites() {
        return peers.values().stream()
                .map(GatewayConfig.Peer::site)
                .filter(Objects::nonNull)
                .distinct()
                .toList();
    }

    /** Where this gateway listens for them, by what stands in the file. */
    Map<String, InetSocketAddress> listening() {
        return new LinkedHashMap<>(listening);
    }

    /** Which of them is the other site of a group: said, or the only one. */
    Optional<SiteId> standby(Section group) {
        List<SiteId> sites = sites();
        if (!group.has(STANDBY)) {
            if (peers.size() > 1) {
                group.problem(STANDBY, "is missing: there are several peers " + sites);
            }
            return sites.size() == 1 ? Optional.of(sites.getFirst()) : Optional.empty();
        }
        Optional<SiteId> standby = group.optional(STANDBY, SiteId::new);
        standby.filter(site -> !sites.contains(site) && !sites.isEmpty())
                .ifPresent(site -> group.problem(
                        STANDBY,
                        "site " + site + " is none of the peers " + sites
                                + Suggestion.among(
                                        sites.stream().map(SiteId::name).toList(), site.name())));
        return standby;
    }

    /** Of several, each stands by for a group or has one here: a group that was forgotten would be protected nowhere. */
    void checkGroups(List<GatewayConfig.Group> groups) {
        List<SiteId> sites = sites();
        boolean sound = groups.stream()
                .allMatch(group -> group.standby().filter(sites::contains).isPresent());
        if (peers.size() < 2 || !sound) {
            return;
        }
        peers.forEach((at, peer) -> {
            boolean shares = groups.stream().anyMatch(group -> group.standby()
                    .filter(standby -> standby.equals(peer.site()))
                    .isPresent());
            if (!shares && peer.site() != null) {
                at.problem(SITE, "no group has " + peer.site() + " as its standby: add one, or leave this peer out");
            }
        });
    }
}
