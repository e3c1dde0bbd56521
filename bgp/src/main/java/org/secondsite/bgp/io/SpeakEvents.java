package org.secondsite.bgp.io;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.secondsite.bgp.decision.PeerOrder;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.exabgp.HelperProcess.EventKind;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.mrt.MrtRecords;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SessionTransition;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells helpers what happens, as lines of JSON. Of what they are sent they are not told: they have asked for it themselves.
 *
 * <p>Called on the speaker's thread, which waits for nobody: lines are made on the helpers' executor, and when that is too far
 * behind, events are lost and counted.
 */
final class SpeakEvents implements SpeakerListener {
    private static final Logger LOG = LoggerFactory.getLogger(SpeakEvents.class);
    private static final int MAX_EVENTS_UNDER_WAY = 65_536;

    private final EventJson json;
    private final Executor executor;
    private final List<Helper> helpers;
    private final Map<InetAddress, NeighborSettings> neighbors =
            new ConcurrentSkipListMap<>(PeerOrder.BY_ADDRESS_AND_INTERFACE);
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicLong lost = new AtomicLong();
    private volatile SpeakerSettings settings;
    private volatile Optional<MrtFile> record = Optional.empty();

    /**
     * Tells nobody before something happens.
     *
     * @param helpers is read on the executor only
     */
    SpeakEvents(EventJson json, SpeakerSettings settings, Executor executor, List<Helper> helpers) {
        this.json = json;
        this.executor = executor;
        this.helpers = helpers;
        use(settings);
    }

    /** The neighbours from now on. Those that are none any more are still known: their end is yet to be told. */
    void use(SpeakerSettings changed) {
        settings = changed;
        changed.neighbors().forEach(neighbor -> neighbors.put(neighbor.address(), neighbor));
    }

    /** Has what neighbours say and what becomes of it be recorded, too. */
    void record(MrtFile file) {
        record = Optional.of(file);
    }

    private MrtRecords.Ends ends(InetAddress peer) {
        NeighborSettings neighbor = neighbors.get(peer);
        long localAs = neighbor.options().localAs().orElse(settings.localAs());
        return new MrtRecords.Ends(neighbor.remoteAs(), localAs, peer, local(neighbor));
    }

    /** The last line. */
    String shutdown() {
        return json.shutdown(nowUs());
    }

    private void tell(InetAddress peer, EventKind kind, Function<NeighborSettings, String> event) {
        if (underWay.incrementAndGet() > MAX_EVENTS_UNDER_WAY) {
            underWay.decrementAndGet();
            lost.incrementAndGet();
            return;
        }
        try {
            executor.execute(() -> {
                underWay.decrementAndGet();
                long lostNow = lost.getAndSet(0);
                if (lostNow > 0) {
                    LOG.warn("bgp: helpers are slower than the peers, {} events are lost", lostNow);
                }
                List<Helper> told = helpers.stream()
                        .filter(helper -> helper.hears(peer, kind))
                        .toList();
                if (!told.isEmpty()) {
                    String line = event.apply(neighbors.get(peer));
                    told.forEach(helper -> helper.port().send(line));
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("bgp: {} while closing", peer.getHostAddress());
        }
    }

    private InetAddress local(NeighborSettings neighbor) {
        return neighbor.localAddress() == null ? settings.routerId() : neighbor.localAddress();
    }

    private static long nowUs() {
        return TimeUnit.MILLISECONDS.toMicros(System.currentTimeMillis());
    }

    @Override
    public void established(InetAddress peer) {
        tell(peer, EventKind.STATE, n -> json.state(n, local(n), "up", Optional.empty(), nowUs()));
    }

    @Override
    public void down(InetAddress peer, String reason) {
        tell(peer, EventKind.STATE, n -> json.state(n, local(n), "down", Optional.of(reason), nowUs()));
    }

    @Override
    public void transition(InetAddress peer, SessionTransition transition) {
        record.ifPresent(file -> file.state(ends(peer), transition.from(), transition.to()));
        if (transition.to() == State.OPEN_SENT) {
            tell(peer, EventKind.STATE, n -> json.state(n, local(n), "connected", Optional.empty(), nowUs()));
        }
    }

    @Override
    public void updateReceived(InetAddress peer, ReceivedUpdate update) {
        record.ifPresent(file -> file.update(ends(peer), update));
        tell(peer, EventKind.UPDATE, n -> json.update(n, local(n), update, nowUs()));
    }

    @Override
    public void messageReceived(InetAddress peer, BgpMessage message) {
        switch (message) {
            case NotificationMessage notification ->
                tell(peer, EventKind.NOTIFICATION_IN, n -> json.notification(n, local(n), true, notification, nowUs()));
            case RouteRefreshMessage refresh ->
                tell(peer, EventKind.REFRESH, n -> json.refresh(n, local(n), refresh, nowUs()));
            default -> {}
        }
    }

    @Override
    public void messageSent(InetAddress peer, BgpMessage message) {
        if (message instanceof NotificationMessage notification) {
            tell(peer, EventKind.NOTIFICATION_OUT, n -> json.notification(n, local(n), false, notification, nowUs()));
        }
    }
}
