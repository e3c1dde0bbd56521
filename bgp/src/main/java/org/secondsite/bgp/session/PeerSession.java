package org.secondsite.bgp.session;

import java.net.InetAddress;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.secondsite.bgp.fsm.Action;
import org.secondsite.bgp.fsm.Event;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.PeerFsm;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.Importer;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.rib.RouteRefusal;
import org.secondsite.bgp.rib.RouteTable;
import org.secondsite.bgp.rib.WantedRoutes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.Treatment;
import org.secondsite.bgp.wire.UpdateMessage;

/**
 * One neighbour: its machine, and while a session stands its Adj-RIB-In and Adj-RIB-Out. What the neighbour shall be told
 * outlives sessions; each new one starts with all of it.
 *
 * <p>Not thread-safe: one thread owns it. Times are nanoseconds of a monotonic clock.
 */
public final class PeerSession {
    private final long localAs;
    private final PeerFsm fsm;
    private final SessionSink sink;
    private final Map<Side, InetAddress> localAddresses = new EnumMap<>(Side.class);
    private final SpeakerSettings speaker;
    private final Map<RouteRefusal, Long> refused = new EnumMap<>(RouteRefusal.class);
    private final Map<Treatment, Long> faulty = new EnumMap<>(Treatment.class);
    private final Set<AddressFamily> warned = new HashSet<>();
    private final ToldRoutes told;
    private NeighborSettings settings;
    private final PeerRestart restart = new PeerRestart();
    private Event lastEvent = Event.MANUAL_START;
    private Optional<NotificationMessage> lastWord = Optional.empty();
    private boolean retiring;
    private boolean endOfRibHeld;
    private OptionalLong restartNanos = OptionalLong.empty();
    private Optional<AdjRibIn> adjRibIn = Optional.empty();
    private Optional<Ends> ends = Optional.empty();
    private Importer importer;

    /** A session at rest. */
    public PeerSession(SpeakerSettings speaker, NeighborSettings settings, RandomGenerator jitter, SessionSink sink) {
        this.localAs = settings.options().localAs().orElse(speaker.localAs());
        this.speaker = speaker;
        this.settings = settings;
        this.endOfRibHeld = speaker.endOfRibHeld();
        this.sink = sink;
        this.told = new ToldRoutes(sink::unexportable);
        this.fsm = new PeerFsm(settings.ofMachine(speaker), jitter);
    }

    /** Begin to connect and accept; also after the session was ended for good by {@link #stop} or a prefix limit. */
    public void start(long nowNanos) {
        restartNanos = OptionalLong.empty();
        carryOut(fsm.start(nowNanos), nowNanos);
    }

    /** End the session with the notification and stay down. */
    public void stop(NotificationMessage notification, String reason, long nowNanos) {
        restartNanos = OptionalLong.empty();
        if (ends.isEmpty()) {
            dropStale();
        }
        carryOut(fsm.stop(notification, reason, nowNanos), nowNanos);
    }

    /** End the session with the notification; it comes back by itself. */
    public void reset(NotificationMessage notification, String reason, long nowNanos) {
        carryOut(fsm.reset(notification, reason, nowNanos), nowNanos);
    }

    /** The outgoing TCP connection is up, with this address at our end. */
    public void connected(InetAddress localAddress, long nowNanos) {
        localAddresses.put(Side.OUTGOING, localAddress);
        carryOut(fsm.connected(nowNanos), nowNanos);
    }

    /** Whether an incoming TCP connection would be taken now. */
    public boolean mayAccept() {
        return fsm.mayAccept();
    }

    /** Ends an earlier incoming connection that a new one replaces; to be called before {@link #accepted}. */
    public void makeWay(long nowNanos) {
        carryOut(fsm.makeWay(nowNanos), nowNanos);
    }

    /** An incoming TCP connection was taken, with this address at our end. */
    public void accepted(InetAddress localAddress, long nowNanos) {
        localAddresses.put(Side.INCOMING, localAddress);
        carryOut(fsm.accepted(nowNanos), nowNanos);
    }

    /** A TCP connection failed, was refused or closed by the peer. */
    public void closed(Side side, String reason, long nowNanos) {
        carryOut(fsm.closed(side, reason, nowNanos), nowNanos);
    }

    /** Something was decoded from the connection under {@link #traits}. */
    public void received(Side side, Decoded decoded, long nowNanos) {
        if (decoded instanceof Decoded.Message message
                && message.message() instanceof NotificationMessage word
                && isEstablished(side)) {
            lastWord = Optional.of(word);
        }
        carryOut(fsm.received(side, decoded, nowNanos), nowNanos);
    }

    /** The form of the messages on the connection. */
    public SessionTraits traits(Side side) {
        return fsm.terms(side).map(Negotiated::traits).orElse(SessionTraits.BASIC);
    }

    /** Lets timers that are due expire. */
    public void tick(long nowNanos) {
        if (restartNanos.isPresent() && nowNanos - restartNanos.getAsLong() >= 0) {
            start(nowNanos);
        }
        if (restart.isOver(nowNanos)) {
            dropStale();
        }
        carryOut(fsm.tick(nowNanos), nowNanos);
    }

    /** What is left of the session before this one, or before none, is gone. */
    private void dropStale() {
        adjRibIn.ifPresent(rib -> tell(restart.expire(rib)));
        restart.forget();
        if (ends.isEmpty()) {
            adjRibIn = Optional.empty();
        }
    }

    /** How long until {@link #tick} has something to do; empty when never. */
    public OptionalLong untilNextNanos(long nowNanos) {
        long next = Math.min(fsm.untilNextNanos(nowNanos).orElse(Long.MAX_VALUE), restart.untilNanos(nowNanos));
        if (restartNanos.isPresent()) {
            next = Math.min(next, Math.max(0, restartNanos.getAsLong() - nowNanos));
        }
        return next == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(next);
    }

    /** The peer's side of the connection took octets. */
    public void progressed(Side side, long nowNanos) {
        fsm.progressed(side, nowNanos);
    }

    /**
     * Takes other settings while the session stands. Nothing may be different of which a neighbour is told in an OPEN ({@link
     * NeighborAspect.Effect#RESET}).
     */
    public void alter(NeighborSettings changed, long nowNanos) {
        NeighborOptions before = settings.options();
        settings = changed;
        if (!before.otherSelf().equals(changed.options().otherSelf())) {
            ends.ifPresent(this::useAddresses);
        }
        if (!before.prefixLimits().equals(changed.options().prefixLimits())) {
            limit(before.prefixLimits(), nowNanos);
        }
        carryOut(fsm.alter(changed.ofMachine(speaker), nowNanos), nowNanos);
    }

    /** Whether it was started and not ended for good since. */
    public boolean isStarted() {
        return fsm.isStarted() || restartNanos.isPresent();
    }

    /** Whether it waits for a time after which it starts again by itself, and lets nobody in until then. */
    public boolean isHeldDown() {
        return restartNanos.isPresent();
    }

    /** The whole of what the neighbour shall be told, now and in every later session. */
    public void desire(RouteTable routes) {
        told.desire(routes);
    }

    /** The same as is wanted elsewhere now. */
    public void desire(WantedRoutes routes) {
        told.desire(routes);
    }

    /** Routes that the neighbour shall be told from now on, in place of what it was told of them before. */
    public void announce(Map<Nlri, RouteAttributes> routes) {
        told.announce(routes);
    }

    /** Routes that the neighbour shall not be told any more. */
    public void withdraw(Collection<Nlri> routes) {
        told.withdraw(routes);
    }

    /** Routes of other neighbours that the neighbour shall be told, and those that it shall not be told any more. */
    public void passOn(Map<Nlri, RouteAttributes> announced, Collection<Nlri> withdrawn) {
        told.passOn(announced, withdrawn);
    }

    /** What the neighbour is to be told; a view that follows later changes. */
    public WantedRoutes wanted() {
        return told.wanted();
    }

    /** Whether every route carries GRACEFUL_SHUTDOWN, so that traffic moves away before the session ends (RFC 8326 §4). */
    public void retire(boolean yes) {
        if (retiring != yes) {
            retiring = yes;
            ends.ifPresent(this::useAddresses);
        }
    }

    /** The first routes are all known: their End-of-RIB markers may follow them, now and in later sessions. */
    public void releaseEndOfRib() {
        if (endOfRibHeld) {
            endOfRibHeld = false;
            told.rib().ifPresent(AdjRibOut::markEndOfRib);
        }
    }

    /** Sends an End-of-RIB marker or a request for a refresh after the routes that are due; nothing without a session. */
    public void mark(BgpMessage message) {
        told.rib().ifPresent(rib -> rib.mark(message));
    }

    /** Tells the neighbour everything again. */
    public void resend() {
        boolean enhanced = ends.map(now -> now.terms().enhancedRouteRefresh()).orElse(false);
        for (AddressFamily family : settings.options().offer().families()) {
            told.rib().ifPresent(rib -> rib.refresh(family, enhanced));
        }
    }

    /** Whether a peer that connects anew while its session stands has restarted (RFC 4724 §4.2). */
    public boolean mayRestart() {
        return ends.isPresent() && PeerRestart.isAgreed(settings, ends.get().terms());
    }

    /** The connection on which UPDATE messages are due. */
    public Optional<Side> establishedSide() {
        return fsm.establishedSide();
    }

    /** Takes the next UPDATE for the established connection; the caller sends it now. */
    public Optional<AdjRibOut.Outgoing> nextUpdate(long nowNanos) {
        Optional<AdjRibOut.Outgoing> next = told.rib().flatMap(AdjRibOut::next);
        if (next.isPresent()) {
            fsm.establishedSide().ifPresent(side -> fsm.sent(side, nowNanos));
        }
        return next;
    }

    /** A picture of the session. */
    public SessionStatus status() {
        State outgoing = fsm.state(Side.OUTGOING);
        State incoming = fsm.state(Side.INCOMING);
        // ACTIVE of the incoming side only means that it listens.
        boolean incomingLeads = incoming.compareTo(State.ACTIVE) > 0 && incoming.compareTo(outgoing) > 0;
        return new SessionStatus(
                settings.address(),
                incomingLeads || settings.passive() ? incoming : outgoing,
                ends.map(Ends::terms),
                fsm.failedAttempts(),
                told.rib().map(AdjRibOut::sentPrefixes).orElse(0),
                told.rib().map(AdjRibOut::pendingPrefixes).orElse(0),
                adjRibIn.map(AdjRibIn::size).orElse(0),
                refused,
                faulty,
                told.unexportable().size(),
                0,
                MessageCounts.NONE);
    }

    /** What the peer has been told. */
    public Map<Nlri, PathAttributes> sentRoutes() {
        return told.rib().map(AdjRibOut::sent).orElse(Map.of());
    }

    /** What the peer has announced. */
    public List<ReceivedRoute> receivedRoutes() {
        return adjRibIn.map(AdjRibIn::routes).orElse(List.of());
    }

    private void carryOut(List<Action> actions, long nowNanos) {
        boolean lost = false;
        for (Action action : actions) {
            switch (action) {
                case Action.Connect() -> sink.connect();
                case Action.Send(Side side, NotificationMessage word) -> sink.send(side, lastWord(side, word));
                case Action.Send(Side side, BgpMessage message) -> sink.send(side, message);
                case Action.Close(Side side) -> sink.close(side);
                case Action.Established(Side side, Negotiated negotiated) -> established(side, negotiated, nowNanos);
                case Action.Down(Side side, String reason) -> lost = down(side, reason, nowNanos);
                case Action.Deliver(Side _, Decoded.Message message) -> deliver(message, nowNanos);
                case Action.Transition t -> {
                    lastEvent = t.event();
                    sink.transition(new SessionTransition(t.side(), t.from(), t.to(), t.event(), t.reason()));
                }
            }
        }
        if (lost && holdsDown()) {
            carryOut(fsm.stop(NotificationMessage.of(BgpError.CONNECTION_REJECTED), "held down", nowNanos), nowNanos);
            restartNanos =
                    OptionalLong.of(nowNanos + settings.options().holdDown().toNanos());
        }
    }

    private boolean isEstablished(Side side) {
        return ends.filter(now -> now.side() == side).isPresent();
    }

    /** What a connection is ended with. */
    private NotificationMessage lastWord(Side side, NotificationMessage word) {
        if (!isEstablished(side)) {
            return word;
        }
        NotificationMessage said = PeerRestart.said(settings, ends.orElseThrow().terms(), word);
        lastWord = Optional.of(said);
        return said;
    }

    private boolean holdsDown() {
        return !settings.options().holdDown().isZero();
    }

    private void established(Side side, Negotiated negotiated, long nowNanos) {
        Ends now = new Ends(side, localAddresses.get(side), negotiated);
        ends = Optional.of(now);
        lastWord = Optional.empty();
        AdjRibIn kept = adjRibIn.orElseGet(() -> new AdjRibIn(Map.of()));
        kept.limit(settings.options().prefixCaps());
        adjRibIn = Optional.of(kept);
        AdjRibOut rib = new AdjRibOut(
                now.exporter(localAs, settings, retiring),
                negotiated.traits(),
                Set.copyOf(settings.options().offer().families()));
        importer = now.importer(localAs, speaker, settings);
        told.begin(rib);
        if (!endOfRibHeld) {
            rib.markEndOfRib();
        }
        sink.established(side, negotiated);
        tell(restart.resumed(settings, negotiated, kept, nowNanos));
        told.report();
    }

    private void useAddresses(Ends now) {
        importer = now.importer(localAs, speaker, settings);
        told.exportBy(now.exporter(localAs, settings, retiring));
    }

    /** Other limits hold from now on; where more may come in than before, the peer is asked for what was kept out. */
    private void limit(Map<AddressFamily, PrefixLimit> before, long nowNanos) {
        warned.clear();
        adjRibIn.ifPresent(rib -> {
            rib.limit(settings.options().prefixCaps());
            settings.options()
                    .prefixLimits()
                    .forEach((family, limit) ->
                            enforce(family, limit, rib.size(family), rib.size(family) > limit.maximum(), nowNanos));
        });
        Map<AddressFamily, Integer> caps = settings.options().prefixCaps();
        before.forEach((family, limit) -> {
            boolean more = limit.action() == PrefixLimit.Action.DISCARD
                    && caps.getOrDefault(family, Integer.MAX_VALUE) > limit.maximum();
            if (more && ends.isPresent() && ends.get().terms().routeRefresh()) {
                mark(new RouteRefreshMessage(family, RouteRefreshMessage.REQUEST));
            }
        });
    }

    /** Returns whether the session was lost, and was not ended for good. */
    private boolean down(Side side, String reason, long nowNanos) {
        boolean lost = fsm.isStarted();
        Optional<AdjRibIn.Changes> gone = lost
                        && !holdsDown()
                        && PeerRestart.keeps(settings, ends.orElseThrow().terms(), lastEvent, lastWord)
                ? Optional.of(restart.lost(settings, ends.orElseThrow().terms(), adjRibIn.orElseThrow(), nowNanos))
                : Optional.empty();
        gone.ifPresentOrElse(
                changes -> {
                    sink.kept(side, TimeUnit.NANOSECONDS.toSeconds(restart.untilNanos(nowNanos)));
                    tell(changes);
                },
                () -> {
                    adjRibIn = Optional.empty();
                    restart.forget();
                });
        told.end();
        ends = Optional.empty();
        warned.clear();
        sink.down(
                side,
                lost && holdsDown()
                        ? reason + "; held down for "
                                + settings.options().holdDown().toSeconds() + " s"
                        : reason);
        return lost;
    }

    private void deliver(Decoded.Message message, long nowNanos) {
        switch (message.message()) {
            case UpdateMessage update -> receive(importer.judge(message, update), nowNanos);
            case RouteRefreshMessage refresh -> refresh(refresh);
            default -> throw new AssertionError("the machine delivers UPDATE and ROUTE-REFRESH only");
        }
    }

    private void receive(ReceivedUpdate judged, long nowNanos) {
        AdjRibIn rib = adjRibIn.orElseThrow();
        AdjRibIn.Applied applied = rib.apply(judged);
        ReceivedUpdate update = applied.update();
        update.refused().values().forEach(reason -> refused.merge(reason, 1L, Long::sum));
        update.treatment().ifPresent(treatment -> faulty.merge(treatment, 1L, Long::sum));
        sink.update(update);
        tell(applied.changes());
        update.endOfRib().ifPresent(family -> tell(restart.endOfRib(family, rib)));
        settings.options().prefixLimits().forEach((family, limit) -> {
            boolean over = rib.size(family) > limit.maximum()
                    || (limit.action() == PrefixLimit.Action.DISCARD
                            && update.refused().containsValue(RouteRefusal.OVER_LIMIT));
            enforce(family, limit, rib.size(family), over, nowNanos);
        });
    }

    private void enforce(AddressFamily family, PrefixLimit limit, int count, boolean over, long nowNanos) {
        if (over && limit.action() == PrefixLimit.Action.DOWN && ends.isPresent()) {
            String reason = "the peer announces more than " + limit.maximum() + " prefixes of " + family;
            stop(limit.exceeded(family), reason, nowNanos);
            limit.restartAfterSeconds()
                    .ifPresent(seconds -> restartNanos = OptionalLong.of(nowNanos + TimeUnit.SECONDS.toNanos(seconds)));
            return;
        }
        if ((over || count >= limit.warningCount()) && warned.add(family)) {
            sink.prefixLimit(family, count, limit);
        }
    }

    private void refresh(RouteRefreshMessage refresh) {
        Negotiated negotiated = ends.orElseThrow().terms();
        if (!negotiated.traits().families().contains(refresh.family())) {
            return; // RFC 2918 §4
        }
        switch (refresh.subtype()) {
            case RouteRefreshMessage.REQUEST ->
                told.rib().orElseThrow().refresh(refresh.family(), negotiated.enhancedRouteRefresh());
            case RouteRefreshMessage.BEGIN, RouteRefreshMessage.END -> {
                tell(adjRibIn.orElseThrow().mark(refresh));
            }
            default -> {} // RFC 7313 §5: an unknown subtype is ignored
        }
    }

    private void tell(AdjRibIn.Changes changes) {
        if (!changes.isEmpty()) {
            sink.routes(changes);
        }
    }
}
