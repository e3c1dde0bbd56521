package org.secondsite.gateway;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.SitePeer;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.linux.ThreadPriority;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.TunnelStatus;
import org.secondsite.replicator.tunnel.io.TlsTunnel;

/**
 * The tunnel to each other site. They are opened, tuned and closed one after the other, by the thread that opens the gateway and later by the
 * one that carries out changes; any thread may use them meanwhile.
 */
final class Tunnels implements AutoCloseable {
    private static final int STEP_SECONDS = 5;

    private final Map<SiteId, TlsTunnel> open = new ConcurrentHashMap<>();
    private final Consumer<SiteEvent> post;
    private final Life life;

    /**
     * None yet.
     *
     * @param post brings an event to the core, later; any thread
     */
    Tunnels(Consumer<SiteEvent> post, Life life) {
        this.post = post;
        this.life = life;
    }

    /**
     * Opens the one to a site.
     *
     * @throws IOException if the address cannot be had, or the certificate files cannot be used
     */
    void open(GatewayConfig config, SitePeer peer) throws IOException {
        TunnelSettings settings = GatewaySettings.tunnel(config, config.pair(peer.site()));
        TunnelEvents events = new TunnelEvents(peer.site(), post, peer.watch());
        open.put(peer.site(), TlsTunnel.open(settings, events, ThreadPriority::prefer, life));
    }

    /** Has each of them carry epochs by other settings; one whose settings are as they were is not touched. */
    void tune(GatewayConfig after) throws Exception {
        for (PairConfig pair : after.pairs()) {
            TlsTunnel tunnel = open.get(pair.peerSite());
            TunnelSettings wanted = GatewaySettings.tunnel(after, pair);
            if (tunnel != null && !wanted.equals(tunnel.settings())) {
                tunnel.tune(wanted).get(STEP_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    /** Runs this when everything that had come from the site was read, by any thread; at once if there is no tunnel. */
    void whenRead(SiteId site, Runnable done) {
        Optional.ofNullable(open.get(site)).ifPresentOrElse(tunnel -> tunnel.whenRead(done), done);
    }

    /** What each of them measures, and whom it turned away. */
    Map<SiteId, TunnelStatus> status() {
        Map<SiteId, TunnelStatus> all = new LinkedHashMap<>();
        open.forEach((site, tunnel) -> all.put(site, tunnel.status()));
        return all;
    }

    /** The round-trip time of each as it is measured now, 0 if it is not known. */
    Map<SiteId, Long> roundTripNanos() {
        Map<SiteId, Long> all = new HashMap<>();
        open.forEach((site, tunnel) -> all.put(site, tunnel.status().rttNanos()));
        return all;
    }

    /** The one to a site, as groups use it; one that is not there takes everything, and carries nothing. */
    Surroundings.PeerLink link(SiteId site) {
        TlsTunnel tunnel = open.get(site);
        return tunnel == null ? new Nowhere() : new TunnelPort(tunnel);
    }

    /** Whether the one to this site listens at the port. */
    boolean hasPort(SiteId site, int port) {
        TlsTunnel tunnel = open.get(site);
        return tunnel != null && tunnel.settings().listen().getPort() == port;
    }

    /** The sites to which there is one. */
    Set<SiteId> sites() {
        return Set.copyOf(open.keySet());
    }

    /** Closes those to all other sites than these. */
    void keepOnly(Set<SiteId> sites) {
        open.keySet().stream().filter(site -> !sites.contains(site)).toList().forEach(this::close);
    }

    private void close(SiteId site) {
        open.remove(site).close();
    }

    @Override
    public void close() {
        keepOnly(Set.of());
    }

    /** As a tunnel that is down: what is said is lost, and nothing is acknowledged. */
    private record Nowhere() implements Surroundings.PeerLink {
        @Override
        public void send(Epoch epoch) {
            epoch.close();
        }

        @Override
        public void send(PeerMessage message) {}

        @Override
        public void acknowledge(VmId vm, EpochId epoch) {}

        @Override
        public void withdraw(VmId vm) {}

        @Override
        public void refuse(VmId vm, EpochId epoch, String reason) {}

        @Override
        public void discard(VmId vm) {}

        @Override
        public void abandon(String reason) {}
    }
}
