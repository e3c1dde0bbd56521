package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.VersionCounters;

/**
 * One end of the tunnel: everything that is decided about it. Frames, epochs, answers and the time come in; frames go to the
 * connections ({@link Wire}), work to the codec ({@link TunnelCodec}), what came of it to the {@link TunnelListener}, and the rest
 * is for {@link TunnelSink} to carry out.
 *
 * <pre>
 * APART --the peer's hello on a first connection--> GREETED --its resume--> CONNECTED
 *   ^---the first connection, or one of the others, ends---------------------'|
 *                                                     (a newer first connection replaces the session: APART, GREETED)
 * </pre>
 *
 * <p><b>Breaks.</b> A connection is only a way. What is to be sent is in the {@link SendWindow}, what was received is noted in the
 * {@link ReceiveLedger}, and both outlive it. On a new connection the ends tell each other how far they got, and the codec starts
 * without memory.
 *
 * <p>One thread owns it. Times are nanoseconds of a monotonic clock. Nothing that it calls may call it back before it returns.
 */
public final class TunnelSession {
    /** How far the ends are. */
    public enum Phase {
        /** There is no session. */
        APART,
        /** The peer proved who it is, and was told what this end has. */
        GREETED,
        /** The peer said what it has: epochs go. */
        CONNECTED,
        /** This end was closed. */
        CLOSED
    }

    /** Inbound connections with the peer's certificate: those of a session, of the one before, and as many that come to nothing. */
    private static final int MAX_PROVED = 3 * Hello.MAX_CONNECTIONS;

    private TunnelSettings settings;
    private Hello hello;
    private final RandomGenerator random;
    private final TunnelSink sink;
    private final TunnelListener listener;
    private final Outgoing outgoing;
    private final Incoming incoming;
    private final Dials dials;
    private final Bundle.Handler handler = this::accept;
    private final Set<TunnelConnection> connections = new LinkedHashSet<>();
    private final RttEstimate rtt = new RttEstimate();
    private final Alarm alarm;
    private final Tally tally = new Tally();
    private Phase phase = Phase.APART;
    private String detail = "not connected yet";
    private Bundle bundle;
    private long connectedNanos;
    private long beatDueNanos;
    private boolean claimsToLive = true;

    /**
     * An end that has not begun.
     *
     * @param hello what this end says of itself; its incarnation is another one for each process
     * @param random draws waits, and the names of sessions, which a stranger must not guess
     */
    public TunnelSession(
            TunnelSettings settings,
            Hello hello,
            RandomGenerator random,
            TunnelSink sink,
            TunnelCodec codec,
            TunnelListener listener) {
        this.settings = settings;
        this.hello = hello;
        this.random = random;
        this.sink = sink;
        this.alarm = new Alarm(sink);
        this.listener = listener;
        this.outgoing = new Outgoing(this, settings.limits(), codec, listener, tally);
        this.incoming = new Incoming(settings.limits(), codec, listener);
        this.dials = new Dials(settings.timing(), random, sink);
    }

    // ---- the life of the end

    /** Begins: connects if that is this site's part. Connections of the peer may come from now on. */
    public void start(long now) {
        beatDueNanos = now;
        due(beatDueNanos);
        if (settings.connects()) {
            due(dials.first(now));
        }
    }

    /**
     * Does what is due.
     *
     * @param heardBesideNanos when the peer was last heard beside its connections; any time at or after the start of this end if
     *     it never was
     */
    public void tick(long now, long heardBesideNanos) {
        if (phase == Phase.CLOSED) {
            return;
        }
        alarm.woken(now);
        if (now - beatDueNanos >= 0) {
            beat(now, heardBesideNanos);
        }
        for (TunnelConnection connection : List.copyOf(connections)) {
            connection.tick(now);
        }
        dials.tick(bundle == null ? 0 : bundle.session(), now, heardBesideNanos);
        outgoing.tick(now);
        long next = Alarm.earlier(beatDueNanos, Alarm.earlier(dials.dueNanos(), outgoing.dueNanos()));
        for (TunnelConnection connection : connections) {
            next = Alarm.earlier(next, connection.dueNanos());
        }
        due(next);
    }

    /** All connections at once: what this end may claim is found out once for all of them. */
    private void beat(long now, long heardBesideNanos) {
        long everyNanos = TimeUnit.MILLISECONDS.toNanos(settings.timing().heartbeatMs());
        // After a standstill the heartbeats that were missed are not made up for.
        beatDueNanos = now - beatDueNanos < everyNanos ? beatDueNanos + everyNanos : now + everyNanos;
        claimsToLive = sink.mayClaimToLive();
        for (TunnelConnection connection : List.copyOf(connections)) {
            connection.beat(now, heardBesideNanos);
        }
    }

    /** Whether heartbeats and echoes may go out. */
    boolean claimsToLive() {
        return claimsToLive;
    }

    /** Whether no frame may go out, since each is a sign of life: connections end, and none begins. */
    boolean isSilent() {
        return sink.isSilent();
    }

    /** Something is to be done at that time. */
    void due(long atNanos) {
        alarm.set(atNanos);
    }

    /** Says goodbye on every connection and frees every epoch. Nothing is done after that. */
    public void close(long now) {
        if (phase == Phase.CLOSED) {
            return;
        }
        Reset reset = new Reset(ResetCode.CLOSED, "site " + settings.self() + " closes the tunnel");
        become(Phase.CLOSED, reset.toString());
        incoming.stop();
        outgoing.close();
        if (bundle != null) {
            bundle.over(reset, now);
            bundle = null;
        }
        for (TunnelConnection connection : List.copyOf(connections)) {
            connection.close(reset, now);
        }
    }

    /** Another timing from now on; with anything else that differs a new session begins, which goes on from where this one was. */
    public void tune(TunnelSettings others, long now) {
        boolean anew = !others.withTiming(settings.timing()).equals(settings);
        settings = others;
        hello = hello.bounded(others.limits());
        outgoing.window().bound(others.limits().maxInFlightBytes());
        if (anew) {
            Reset reset = new Reset(ResetCode.REPLACED, "other settings: a new connection takes the place");
            List.copyOf(connections).forEach(connection -> connection.close(reset, now));
        }
    }

    TunnelSettings settings() {
        return settings;
    }

    // ---- connections

    /** A connection that {@link TunnelSink#dial} asked for is being made. */
    public TunnelConnection dialled(Wire wire, int number, long now) {
        long session = number == 0 ? random.nextLong() : bundle == null ? 0 : bundle.session();
        return connection(wire, hello.on(session, number), true, now);
    }

    /** The peer, or a stranger, made a connection. */
    public TunnelConnection accepted(Wire wire, long now) {
        return connection(wire, hello, false, now);
    }

    private TunnelConnection connection(Wire wire, Hello own, boolean outbound, long now) {
        TunnelConnection made = new TunnelConnection(this, sink, listener, wire, own, outbound, now);
        connections.add(made);
        due(made.dueNanos());
        return made;
    }

    /** A connection that {@link TunnelSink#dial} asked for cannot be made. */
    public void undialled(int number, Reset reset, long now) {
        turnedAway(reset, now);
        dialAgain(number, bundle == null ? 0 : bundle.session(), now);
    }

    /** A connection was turned away before anything was read from it. */
    public void turnedAway(Reset reset, long now) {
        if (phase != Phase.CONNECTED) {
            detail = reset.toString();
        }
        tally.rejected(reset, now).ifPresent(words -> listener.rejected(reset.code(), words));
    }

    /** Whether the peer has more connections open than it can need. */
    boolean isCrowded() {
        return connections.stream().filter(TunnelConnection::isFromThePeer).count() > MAX_PROVED;
    }

    /** The peer proved who it is, and can be talked to. Returns what it shall be told. */
    Resume greeted(TunnelConnection greeted, Hello peer, long now) {
        if (bundle != null) {
            bundle.close(new Reset(ResetCode.REPLACED, "a newer connection of the peer took the place"), now);
        }
        bundle = new Bundle(greeted, session(greeted, peer), peer, hello.with(peer));
        become(Phase.GREETED, "the peer said hello");
        incoming.start(bundle);
        incoming.ledger().hello(peer.incarnation());
        incoming.ledger().bound(greeted.told().uncommittedBytes());
        sink.greeted(peer);
        return incoming.ledger().resume();
    }

    private static long session(TunnelConnection connection, Hello peer) {
        return connection.isOutbound() ? connection.session() : peer.session();
    }

    /** The peer proved who it is, and this is to be a further connection. Returns why it cannot be one, or null. */
    Reset joining(TunnelConnection further, Hello peer) {
        boolean known = bundle != null
                && session(further, peer) == bundle.session()
                && peer.incarnation() == bundle.peer().incarnation()
                && bundle.add(further);
        return known ? null : new Reset(ResetCode.BROKEN, "the session of this connection is over");
    }

    /** A further connection is open. */
    void joined(long now) {
        sink.widened(bundle.connections());
        outgoing.pump(now);
    }

    /** The peer said what it has. */
    void resumed(TunnelConnection opened, Resume resume, long now) {
        SendWindow.Resumed resumed = outgoing.start(bundle, settings.limits().codec(), resume);
        tally.connected();
        connectedNanos = now;
        become(Phase.CONNECTED, bundle.dialect().toString());
        listener.connected(bundle.dialect());
        resumed.commits().forEach(commit -> listener.acknowledged(commit.vm(), commit.epoch()));
        resumed.broken().forEach(broken -> listener.refused(broken.vm(), broken.epoch(), broken.reason()));
        outgoing.pump(now);
        for (int number = 1; opened.isOutbound() && number < settings.connections(); number++) {
            dials.furtherNow(number);
        }
    }

    /** A connection is over. Called once for each, whatever happened before. */
    void ended(TunnelConnection over, Reset reset, long now) {
        connections.remove(over);
        if (phase == Phase.CLOSED) {
            return;
        }
        if (bundle != null && over.equals(bundle.first())) {
            sessionEnded(reset, now);
        } else if (bundle != null && bundle.has(over)) {
            bundle.close(new Reset(reset.code(), "connection " + over.number() + ": " + reset.reason()), now);
        } else if (!over.wasOpen() && reset.code() != ResetCode.BROKEN) {
            turnedAway(reset, now);
        }
        if (over.isOutbound()) {
            if (over.ownNumber() == 0) {
                dials.ended(over.isLate() ? ResetCode.SILENCE : reset.code(), over.wasOpen(), now);
            }
            dialAgain(over.ownNumber(), over.session(), now);
        }
    }

    private void sessionEnded(Reset reset, long now) {
        boolean wasConnected = phase == Phase.CONNECTED;
        Bundle gone = bundle;
        bundle = null;
        outgoing.stop();
        incoming.stop();
        if (wasConnected) {
            dials.lasted(now - connectedNanos);
            tally.broken(reset.code());
        }
        become(Phase.APART, reset.toString());
        if (wasConnected) {
            listener.disconnected(reset);
        }
        gone.over(reset, now);
    }

    private void dialAgain(int number, long session, long now) {
        if (number == 0) {
            due(dials.first(now));
        } else if (bundle != null && bundle.session() == session) {
            due(dials.furtherLater(number, session, now));
        }
    }

    // ---- what comes over connections

    /** A frame of an open connection, which releases it. Returns what is wrong with it, or null. */
    Reset frame(TunnelConnection from, TunnelFrame frame, long now) {
        if (bundle == null || !bundle.has(from)) {
            return new Reset(ResetCode.BROKEN, "the session of this connection is over");
        }
        return frame.type().isSequenced() ? bundle.receive(from, frame, now, handler) : accept(frame, now);
    }

    private Reset accept(TunnelFrame frame, long now) {
        return switch (frame.type()) {
            case OPEN -> incoming.open(frame);
            case DISCARD -> {
                incoming.discard(frame, now);
                yield null;
            }
            case DATA -> incoming.data(frame, now);
            case ACKNOWLEDGED -> outgoing.acknowledged(frame, now);
            case REFUSED -> outgoing.refused(frame, now);
            case MESSAGE -> {
                PeerMessage message = frame.message().orElse(null);
                if (message == null) {
                    yield new Reset(ResetCode.PAYLOAD, "a malformed message");
                }
                listener.message(message);
                yield null;
            }
            default -> new Reset(ResetCode.ORDER, frame.type() + " on an open connection");
        };
    }

    /** There is room to write again. */
    void hasRoom(TunnelConnection at, long now) {
        if (bundle != null && bundle.has(at)) {
            outgoing.pump(now);
        }
    }

    /** A round trip on the first connection took so long. */
    void roundTrip(long nanos, long now) {
        rtt.sample(nanos);
        outgoing.roundTrip(nanos, now);
    }

    /** Bytes of large epochs are there, and their answer came so long after they were written. */
    void arrived(TunnelConnection at, long bytes, long nanos, long now) {
        if (bundle != null && bundle.has(at)) {
            outgoing.arrived(bytes, nanos, now);
        }
    }

    /** A round trip beside the connections took so long; 0 if not known. */
    public void roundTripBeside(long nanos) {
        rtt.sample(nanos);
    }

    // ---- what the codec has done

    /** A piece of an epoch is encoded; {@code flags} as in {@link TunnelFrame}. Takes over the piece. */
    public void encoded(int run, SendWindow.Stream stream, EpochId epoch, ByteBuf piece, int flags, long now) {
        outgoing.encoded(run, stream, epoch, piece, flags, now);
    }

    /** A stretch is encoded to its end, or the epoch is. */
    public void stretchEncoded(int run, SendWindow.Stream stream, long now) {
        outgoing.stretchEncoded(run, stream, now);
    }

    /** An epoch cannot be encoded. Returns whether anybody waited for it. */
    public boolean encodingFailed(int run, SendWindow.Stream stream, long now) {
        return outgoing.encodingFailed(run, stream, now);
    }

    /** A piece of so many bytes is decoded. Takes over the epoch, if it was the last piece of one. */
    public void decoded(int run, int stream, int bytes, Decoded<Epoch, Reset> result, long now) {
        incoming.decoded(run, stream, bytes, result, now);
    }

    // ---- what the gateway wants; see Tunnel

    /** Takes over an epoch to send. */
    public void send(Epoch epoch, long now) {
        if (phase == Phase.CLOSED) {
            epoch.close();
            return;
        }
        VmId vm = epoch.header().vm();
        EpochId id = epoch.header().epoch();
        outgoing.offer(epoch, now).ifPresent(reason -> listener.refused(vm, id, reason));
    }

    /** Sends a message if the peer is connected. */
    public void send(PeerMessage message) {
        if (phase == Phase.CONNECTED && message.isPartOf(bundle.dialect())) {
            bundle.control(TunnelFrame.message(message));
        }
    }

    /** This site holds the epoch and every one of the VM received before it. */
    public void acknowledge(VmId vm, EpochId epoch) {
        Optional<Integer> stream = incoming.ledger().acknowledge(vm, epoch);
        if (stream.isPresent() && phase == Phase.CONNECTED) {
            bundle.control(TunnelFrame.about(FrameType.ACKNOWLEDGED, stream.get(), epoch));
        }
    }

    /** This site will not hold the epoch. */
    public void refuse(VmId vm, EpochId epoch, String reason) {
        Optional<Integer> stream = incoming.ledger().refuse(vm, epoch);
        if (stream.isPresent() && phase == Phase.CONNECTED) {
            bundle.control(TunnelFrame.refused(stream.get(), epoch, reason));
        }
    }

    /** No acknowledgement of the VM's epochs is repeated on a later connection. */
    public void withdraw(VmId vm) {
        incoming.ledger().withdraw(vm);
    }

    /** Gives up the session, for a peer that is believed to be dead. */
    public void abandon(String reason, long now) {
        if (bundle != null) {
            bundle.close(new Reset(ResetCode.SILENCE, reason), now);
        }
    }

    /** Forgets every epoch of the VM that was to be sent. */
    public void discard(VmId vm) {
        outgoing.discard(vm);
    }

    // ---- how it is doing

    /** How far the ends are. */
    public Phase phase() {
        return phase;
    }

    /** A picture of it all, with what only others count. */
    public TunnelStatus status(VersionCounters versions, long beaconsHeard, long beaconsDropped) {
        return new TunnelStatus(
                phase == Phase.CONNECTED,
                detail,
                rtt.smoothedNanos(),
                bundle == null ? 0 : bundle.bytesPerSecond(),
                bundle == null ? 0 : bundle.connections(),
                tally.rejections(),
                tally.lastRejection(),
                tally.breaks(),
                outgoing.window().inFlight(),
                versions,
                tally.counters(outgoing, incoming, beaconsHeard, beaconsDropped));
    }

    /** The one place where the phase changes. */
    private void become(Phase next, String reason) {
        Phase before = phase;
        phase = next;
        detail = reason;
        sink.transition(before, next, reason);
    }
}
