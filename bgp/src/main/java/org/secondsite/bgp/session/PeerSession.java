package org.secondsite.bgp.session;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.secondsite.bgp.fsm.Action;
import org.secondsite.bgp.fsm.FsmSettings;
import org.secondsite.bgp.fsm.Negotiated;
import org.secondsite.bgp.fsm.PeerFsm;
import org.secondsite.bgp.fsm.Side;
import org.secondsite.bgp.fsm.State;
import org.secondsite.bgp.rib.AdjRibIn;
import org.secondsite.bgp.rib.AdjRibOut;
import org.secondsite.bgp.rib.Exporter;
import org.secondsite.bgp.rib.ReceivedRoute;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AsPath;
import org.secondsite.bgp.wire.AttributeType;
import org.secondsite.bgp.wire.BgpError;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.Fault;
import org.secondsite.bgp.wire.NotificationMessage;
import org.secondsite.bgp.wire.RouteRefreshMessage;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.Treatment;
import org.secondsite.bgp.wire.UpdateMessage;
import org.secondsite.config.IpPrefix;

/**
 * One neighbour: its machine, and while a session stands its Adj-RIB-In and Adj-RIB-Out. What the neighbour shall be told
 * outlives sessions; each new one starts with all of it.
 *
 * <p>Not thread-safe: one thread owns it. Times are nanoseconds of a monotonic clock.
 */
public final class PeerSession {
    private final long localAs;
    private final NeighborSettings settings;
    private final PeerFsm fsm;
    private final SessionSink sink;
    private final Map<Side, InetAddress> localAddresses = new EnumMap<>(Side.class);
    private Map<IpPrefix, RouteAttributes> wanted = Map.of();
    private Map<IpPrefix, RouteAttributes> desired = Map.of();
    private boolean retiring;
    private Optional<AdjRibOut> adjRibOut = Optional.empty();
    private Optional<AdjRibIn> adjRibIn = Optional.empty();
    private Optional<Negotiated> terms = Optional.empty();
    private Set<IpPrefix> reportedUnexportable = Set.of();

    /** A session at rest. */
    public PeerSession(SpeakerSettings speaker, NeighborSettings settings, RandomGenerator jitter, SessionSink sink) {
        this.localAs = speaker.localAs();
        this.settings = settings;
        this.sink = sink;
        FsmSettings fsmSettings = new FsmSettings(
                speaker.localAs(),
                speaker.routerId(),
                settings.remoteAs(),
                settings.holdTimeSeconds(),
                settings.passive(),
                settings.options().families(),
                settings.options().addPathReceive(),
                settings.options().timers());
        this.fsm = new PeerFsm(fsmSettings, jitter);
    }

    /** Begin to connect and accept. */
    public void start(long nowNanos) {
        carryOut(fsm.start(nowNanos), nowNanos);
    }

    /** End the session with the notification and stay down. */
    public void stop(NotificationMessage notification, String reason, long nowNanos) {
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
        carryOut(fsm.received(side, decoded, nowNanos), nowNanos);
    }

    /** The form of the messages on the connection. */
    public SessionTraits traits(Side side) {
        return fsm.terms(side).map(Negotiated::traits).orElse(SessionTraits.BASIC);
    }

    /** Lets timers that are due expire. */
    public void tick(long nowNanos) {
        carryOut(fsm.tick(nowNanos), nowNanos);
    }

    /** How long until {@link #tick} has something to do; empty when never. */
    public OptionalLong untilNextNanos(long nowNanos) {
        return fsm.untilNextNanos(nowNanos);
    }

    /** The peer's side of the connection took octets. */
    public void progressed(Side side, long nowNanos) {
        fsm.progressed(side, nowNanos);
    }

    /** The whole of what the neighbour shall be told, now and in every later session. The map must not change any more. */
    public void desire(Map<IpPrefix, RouteAttributes> routes) {
        wanted = routes;
        desired = retiring ? retired(routes) : routes;
        adjRibOut.ifPresent(rib -> rib.desire(desired));
        reportUnexportable();
    }

    /** Whether every route carries GRACEFUL_SHUTDOWN, so that traffic moves away before the session ends (RFC 8326 §4). */
    public void retire(boolean yes) {
        retiring = yes;
        desire(wanted);
    }

    private static Map<IpPrefix, RouteAttributes> retired(Map<IpPrefix, RouteAttributes> routes) {
        Map<RouteAttributes, RouteAttributes> changed = new HashMap<>();
        Map<IpPrefix, RouteAttributes> retired = new HashMap<>();
        routes.forEach((prefix, route) ->
                retired.put(prefix, changed.computeIfAbsent(route, RouteAttributes::withGracefulShutdown)));
        return retired;
    }

    /** Sends an End-of-RIB marker or a request for a refresh after the routes that are due; nothing without a session. */
    public void mark(BgpMessage message) {
        adjRibOut.ifPresent(rib -> rib.mark(message));
    }

    /** Tells the neighbour everything again. */
    public void resend() {
        boolean enhanced = terms.map(Negotiated::enhancedRouteRefresh).orElse(false);
        for (AddressFamily family : settings.options().families()) {
            adjRibOut.ifPresent(rib -> rib.refresh(family, enhanced));
        }
    }

    /** The connection on which UPDATE messages are due. */
    public Optional<Side> establishedSide() {
        return fsm.establishedSide();
    }

    /** Takes the next UPDATE for the established connection; the caller sends it now. */
    public Optional<AdjRibOut.Outgoing> nextUpdate(long nowNanos) {
        Optional<AdjRibOut.Outgoing> next = adjRibOut.flatMap(AdjRibOut::next);
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
                terms,
                fsm.failedAttempts(),
                adjRibOut.map(AdjRibOut::sentPrefixes).orElse(0),
                adjRibOut.map(AdjRibOut::pendingPrefixes).orElse(0),
                adjRibIn.map(AdjRibIn::size).orElse(0));
    }

    /** What the peer has announced. */
    public List<ReceivedRoute> receivedRoutes() {
        return adjRibIn.map(AdjRibIn::routes).orElse(List.of());
    }

    private void carryOut(List<Action> actions, long nowNanos) {
        for (Action action : actions) {
            switch (action) {
                case Action.Connect() -> sink.connect();
                case Action.Send send -> sink.send(send.side(), send.message());
                case Action.Close(Side side) -> sink.close(side);
                case Action.Established(Side side, Negotiated negotiated) -> established(side, negotiated);
                case Action.Down(Side side, String reason) -> down(side, reason);
                case Action.Deliver(Side _, Decoded.Message message) -> deliver(message, nowNanos);
                case Action.Transition t ->
                    sink.transition(new SessionTransition(t.side(), t.from(), t.to(), t.event(), t.reason()));
            }
        }
    }

    private void established(Side side, Negotiated negotiated) {
        InetAddress self = localAddresses.get(side);
        Optional<InetAddress> other = settings.options().otherSelf();
        Exporter exporter = new Exporter(
                localAs,
                negotiated.traits().external(),
                Optional.of(self)
                        .filter(Inet4Address.class::isInstance)
                        .or(() -> other)
                        .filter(Inet4Address.class::isInstance)
                        .map(Inet4Address.class::cast),
                Optional.of(self)
                        .filter(Inet6Address.class::isInstance)
                        .or(() -> other)
                        .filter(Inet6Address.class::isInstance)
                        .map(Inet6Address.class::cast));
        Set<InetAddress> own = new HashSet<>(Set.of(self));
        other.ifPresent(own::add);
        AdjRibOut rib = new AdjRibOut(exporter, negotiated.traits());
        rib.desire(desired);
        adjRibOut = Optional.of(rib);
        adjRibIn = Optional.of(new AdjRibIn(localAs, own));
        terms = Optional.of(negotiated);
        sink.established(side, negotiated);
        reportUnexportable();
    }

    private void down(Side side, String reason) {
        adjRibOut = Optional.empty();
        adjRibIn = Optional.empty();
        terms = Optional.empty();
        reportedUnexportable = Set.of();
        sink.down(side, reason);
    }

    private void deliver(Decoded.Message message, long nowNanos) {
        switch (message.message()) {
            case UpdateMessage update -> {
                if (!message.faults().isEmpty()) {
                    sink.faults(message.faults());
                }
                receive(message.treatAsWithdraw() ? update.treatedAsWithdraw() : enforceFirstAs(update), nowNanos);
            }
            case RouteRefreshMessage refresh -> refresh(refresh);
            default -> throw new AssertionError("the machine delivers UPDATE and ROUTE-REFRESH only");
        }
    }

    /** RFC 4271 §6.3: the leftmost AS is the peer's; by RFC 7606 §7.2 the routes are withdrawn if not. */
    private UpdateMessage enforceFirstAs(UpdateMessage update) {
        boolean external = terms.map(t -> t.traits().external()).orElse(false);
        Optional<AsPath> path = update.attributes().get(AsPath.class);
        if (!external || path.isEmpty() || update.reachable().isEmpty()) {
            return update;
        }
        List<Long> numbers = path.get().numbers();
        if (!numbers.isEmpty() && numbers.getFirst() == settings.remoteAs()) {
            return update;
        }
        sink.faults(List.of(new Fault(
                AttributeType.AS_PATH.code(),
                Treatment.TREAT_AS_WITHDRAW,
                BgpError.MALFORMED_AS_PATH,
                "the path does not begin with AS " + settings.remoteAs())));
        return update.treatedAsWithdraw();
    }

    private void receive(UpdateMessage update, long nowNanos) {
        AdjRibIn rib = adjRibIn.orElseThrow();
        AdjRibIn.Changes changes = rib.apply(update);
        if (!changes.isEmpty()) {
            sink.routes(changes);
        }
        int maximum = settings.options().maximumPrefixes();
        if (maximum > 0 && rib.size() > maximum) {
            String reason = "the peer announces more than " + maximum + " prefixes";
            NotificationMessage notification = NotificationMessage.of(BgpError.MAXIMUM_NUMBER_OF_PREFIXES_REACHED);
            carryOut(fsm.reset(notification, reason, nowNanos), nowNanos);
        }
    }

    private void refresh(RouteRefreshMessage refresh) {
        Negotiated negotiated = terms.orElseThrow();
        if (!negotiated.traits().families().contains(refresh.family())) {
            return; // RFC 2918 §4
        }
        switch (refresh.subtype()) {
            case RouteRefreshMessage.REQUEST ->
                adjRibOut.orElseThrow().refresh(refresh.family(), negotiated.enhancedRouteRefresh());
            case RouteRefreshMessage.BEGIN, RouteRefreshMessage.END -> {
                AdjRibIn.Changes changes = adjRibIn.orElseThrow().mark(refresh);
                if (!changes.isEmpty()) {
                    sink.routes(changes);
                }
            }
            default -> {} // RFC 7313 §5: an unknown subtype is ignored
        }
    }

    private void reportUnexportable() {
        Set<IpPrefix> now = adjRibOut.map(AdjRibOut::unexportable).orElse(Set.of());
        if (!now.equals(reportedUnexportable)) {
            reportedUnexportable = now;
            sink.unexportable(now);
        }
    }
}
