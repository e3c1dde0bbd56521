package org.secondsite.gateway;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.SitePeer;

/**
 * Has other sites become peers, and peers cease to be, while the gateway runs.
 *
 * <pre>
 *   come   the core knows the site; its tunnel is opened, unless one that goes still has its port
 *          (groups come and go)
 *   go     the core knows the site no more; its tunnel is closed; what waited for its port is opened
 * </pre>
 *
 * <p>On the thread that carries out changes, which may wait.
 */
final class PeersChange {
    private static final int STEP_SECONDS = 5;

    private final Conductor conductor;
    private final Consumer<SiteEvent> take;
    private final SiteCore core;
    private final Tunnels tunnels;

    /**
     * For one gateway.
     *
     * @param take has the core take an event, on the conductor's thread
     */
    PeersChange(Conductor conductor, Consumer<SiteEvent> take, SiteCore core, Tunnels tunnels) {
        this.conductor = conductor;
        this.take = take;
        this.core = core;
        this.tunnels = tunnels;
    }

    /**
     * Makes the sites known that are new, and opens their tunnels; all of them, or none.
     *
     * @throws IOException if an address cannot be had
     */
    void come(GatewayConfig after) throws Exception {
        Set<SiteId> known = known();
        Set<SiteId> open = tunnels.sites();
        if (open.containsAll(sites(after))) {
            return;
        }
        tell(new SiteEvent.PeersCome(after));
        try {
            for (GatewayConfig.Peer peer : after.peers()) {
                if (!open.contains(peer.site()) && !isTaken(peer, after)) {
                    open(after, peer.site());
                }
            }
        } catch (Exception e) {
            tunnels.keepOnly(open);
            tell(new SiteEvent.PeersGo(known));
            throw e;
        }
    }

    /** Forgets the sites that are peers no more, and closes their tunnels. */
    void go(GatewayConfig after) throws Exception {
        if (!known().equals(sites(after))) {
            tell(new SiteEvent.PeersGo(sites(after)));
            tunnels.keepOnly(sites(after));
        }
        for (GatewayConfig.Peer peer : after.peers()) {
            if (!tunnels.sites().contains(peer.site())) {
                open(after, peer.site());
            }
        }
    }

    private void open(GatewayConfig after, SiteId site) throws Exception {
        tunnels.open(after, ask(() -> core.peer(site).orElseThrow()));
    }

    /** Whether a tunnel that is to go has its port, perhaps at every address. */
    private boolean isTaken(GatewayConfig.Peer fresh, GatewayConfig after) {
        int port = fresh.tunnel().listen().getPort();
        return tunnels.sites().stream()
                .filter(site -> !sites(after).contains(site))
                .anyMatch(site -> tunnels.hasPort(site, port));
    }

    private static Set<SiteId> sites(GatewayConfig config) {
        return config.peers().stream().map(GatewayConfig.Peer::site).collect(Collectors.toSet());
    }

    private Set<SiteId> known() throws Exception {
        return ask(() -> core.peers().stream().map(SitePeer::site).collect(Collectors.toSet()));
    }

    private void tell(SiteEvent event) throws Exception {
        var _ = ask(() -> {
            take.accept(event);
            return true;
        });
    }

    private <T> T ask(Supplier<T> question) throws Exception {
        return conductor.ask(question).get(STEP_SECONDS, TimeUnit.SECONDS);
    }
}
