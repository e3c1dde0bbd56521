package org.secondsite.simulator;

import static org.secondsite.simulator.SimulatedTime.MILLI;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.ReceiveLedger;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.Resume;
import org.secondsite.replicator.tunnel.SendWindow;

/**
 * One gateway's end of the tunnel, with the steps of {@code TlsTunnel}: hello and resume, streams, answers, discards. The
 * memory that decides what is sent again and which answer counts is the real {@link SendWindow} and {@link ReceiveLedger};
 * frames are method calls here, and an epoch is not encoded.
 */
final class TunnelEnd implements Surroundings.PeerLink {
    private static final long HEARTBEAT_NANOS = 100 * MILLI;
    private static final long SILENCE_NANOS = 450 * MILLI;
    private static final long WINDOW_BYTES = 1 << 20;

    /** An epoch that is encoded and waits for its turn on the connection. */
    private record Encoded(SendWindow.Stream stream, Epoch epoch) {}

    private final World world;
    private final SimulatedTunnel tunnel;
    private final SiteId site;
    private final SimulatedGateway gateway;
    private final int life;
    private final long incarnation;
    private final SendWindow window = new SendWindow(WINDOW_BYTES, Epoch::close);
    private final ReceiveLedger ledger = new ReceiveLedger(WINDOW_BYTES);
    private final Deque<Encoded> encoded = new ArrayDeque<>();

    private SimulatedTunnel.Connection connection;
    private long newestConnection;
    private boolean connected;
    private boolean encoding;
    private boolean sending;
    private long lastHeardNanos;

    TunnelEnd(World world, SimulatedTunnel tunnel, SiteId site, long incarnation) {
        this.world = world;
        this.tunnel = tunnel;
        this.site = site;
        this.gateway = world.gateway(site);
        this.life = gateway.life();
        this.incarnation = incarnation;
    }

    SiteId site() {
        return site;
    }

    boolean lives() {
        return gateway.up() && gateway.life() == life;
    }

    // ---- the connection -----------------------------------------------------------------------------------------

    boolean mayConnect() {
        return connection == null;
    }

    /** This end has asked for a connection. */
    void opening(SimulatedTunnel.Connection made) {
        connection = made;
        lastHeardNanos = world.time().nowNanos();
    }

    /** A new connection: both ends say hello on it. */
    void greet(SimulatedTunnel.Connection made) {
        TunnelEnd peer = made.other(this);
        made.send(this, () -> peer.greeted(made, this, incarnation));
    }

    /** The peer's hello: its connection takes the place of any other, and is told how far the peer's streams got. */
    private void greeted(SimulatedTunnel.Connection made, TunnelEnd from, long peerIncarnation) {
        if (connection != null && connection != made) {
            close("replaced");
        }
        connection = made;
        newestConnection = made.number();
        ledger.hello(peerIncarnation);
        Resume resume = ledger.resume();
        resume.positions().forEach(position -> world.checks()
                .repeats(site, position.acknowledged(), gateway.group().burnedTerm()));
        made.send(this, () -> from.resumed(resume));
    }

    private void resumed(Resume resume) {
        SendWindow.Resumed resumed = window.resume(resume, WINDOW_BYTES, Long.MAX_VALUE);
        connected = true;
        world.trace(site + " tunnel up, " + connection);
        gateway.tunnel().connected();
        resumed.commits().forEach(commit -> gateway.tunnel().acknowledged(commit.vm(), commit.epoch()));
        resumed.broken().forEach(broken -> gateway.tunnel().refused(broken.vm(), broken.epoch(), broken.reason()));
        pump();
    }

    /** A frame arrives; one of a connection that was given up is nobody's. */
    void arrive(SimulatedTunnel.Connection over, Runnable frame) {
        if (lives()) {
            gateway.arrive(() -> {
                // The first frame on a connection is the hello.
                boolean first = over.number() > newestConnection;
                if (lives() && (connection == over || first)) {
                    lastHeardNanos = world.time().nowNanos();
                    gateway.heard();
                    frame.run();
                }
            });
        }
    }

    @Override
    public void abandon(String reason) {
        close(reason);
    }

    /** Gives the connection up, and tells the peer, who may never hear it. */
    void close(String reason) {
        if (connection != null) {
            SimulatedTunnel.Connection over = connection;
            TunnelEnd peer = over.other(this);
            over.send(this, () -> peer.close("the peer closed it"));
            over();
            world.trace(site + " tunnel down: " + reason);
        }
    }

    private void over() {
        boolean wasConnected = connected;
        connection = null;
        connected = false;
        encoding = false;
        sending = false;
        encoded.clear();
        if (wasConnected) {
            gateway.tunnel().disconnected(new Reset(ResetCode.BROKEN, "the connection ended"));
        }
    }

    void died() {
        if (connection != null) {
            TunnelEnd peer = connection.other(this);
            connection.send(this, () -> peer.close("the peer died"));
        }
        connection = null;
        window.clear();
    }

    /** Heartbeats on the connection, and an end to one that is silent. */
    void watch() {
        if (!lives()) {
            return;
        }
        gateway.later(HEARTBEAT_NANOS, this::watch);
        if (connection != null) {
            if (world.time().nowNanos() - lastHeardNanos > SILENCE_NANOS) {
                close("silent");
            } else {
                connection.send(this, () -> {});
            }
        }
    }

    // ---- epochs out ---------------------------------------------------------------------------------------------

    @Override
    public void send(Epoch epoch) {
        VmId vm = epoch.header().vm();
        EpochId id = epoch.header().epoch();
        Optional<String> refusal = window.offer(epoch);
        refusal.ifPresentOrElse(
                reason -> {
                    epoch.close();
                    gateway.tunnel().refused(vm, id, reason);
                },
                this::pump);
        if (refusal.isEmpty() && world.has(Plant.RESYNC_MARKS_EARLY)) {
            gateway.markEarly(vm, id);
        }
    }

    /** Encodes one epoch after the other, and hands one after the other to the connection. */
    private void pump() {
        if (!connected) {
            return;
        }
        SimulatedTunnel.Connection over = connection;
        if (!encoding) {
            SendWindow.Stream stream = window.poll();
            if (stream != null) {
                encoding = true;
                if (stream.open()) {
                    int number = stream.number();
                    TunnelEnd peer = over.other(this);
                    over.send(this, () -> peer.opened(number, stream.vm()));
                }
                Epoch epoch = stream.current();
                gateway.later(tunnel.dice().nextLong(MILLI), () -> {
                    if (connection == over) {
                        encoding = false;
                        if (!stream.isDiscarded()) {
                            window.wholeEncoded(stream);
                            encoded.addLast(new Encoded(stream, epoch));
                            window.again(stream);
                        }
                        pump();
                    }
                });
            }
        }
        if (!sending && !encoded.isEmpty()) {
            sending = true;
            Encoded next = encoded.removeFirst();
            gateway.later(tunnel.dice().nextLong(MILLI, 4 * MILLI), () -> {
                if (connection == over) {
                    sending = false;
                    transmit(over, next);
                    pump();
                }
            });
        }
    }

    private void transmit(SimulatedTunnel.Connection over, Encoded whole) {
        if (!whole.stream().isDiscarded()) {
            int number = whole.stream().number();
            window.wholeSent(number);
            TunnelEnd peer = over.other(this);
            over.send(this, () -> peer.received(number, whole.epoch()));
        }
    }

    @Override
    public void discard(VmId vm) {
        Optional<SendWindow.Stream> told = window.discard(vm);
        encoded.removeIf(waiting -> waiting.stream().isDiscarded());
        if (told.isPresent() && connection != null) {
            int number = told.get().number();
            TunnelEnd peer = connection.other(this);
            connection.send(this, () -> peer.ledger.discard(number));
        }
    }

    private void answered(int stream, EpochId epoch, String refusal) {
        Optional<VmId> vm = window.vm(stream);
        SendWindow.Answer answer = refusal == null ? window.acknowledged(stream, epoch) : window.refused(stream, epoch);
        switch (answer) {
            case IMPOSSIBLE -> close("an answer for epoch " + epoch + ", which was not sent");
            case IGNORED -> {
                if (refusal == null && world.has(Plant.STALE_COMMIT_ACCEPTED)) {
                    gateway.tunnel().acknowledged(World.VM, epoch);
                }
            }
            case TAKEN -> {
                if (refusal == null) {
                    gateway.tunnel().acknowledged(vm.orElseThrow(), epoch);
                } else {
                    gateway.tunnel().refused(vm.orElseThrow(), epoch, refusal);
                }
                pump();
            }
        }
    }

    // ---- epochs in ----------------------------------------------------------------------------------------------

    private void opened(int stream, VmId vm) {
        ledger.open(stream, vm).ifPresent(this::close);
    }

    private void received(int stream, Epoch epoch) {
        EpochId id = epoch.header().epoch();
        if (ledger.deliver(stream, id, epoch.plainBytes()).isPresent()) {
            close("epoch " + id + " of stream " + stream + " is out of order");
            return;
        }
        gateway.tunnel().epochReceived(epoch);
        if (world.has(Plant.ACK_BEFORE_KEEP)) {
            acknowledge(epoch.header().vm(), id);
        }
    }

    @Override
    public void acknowledge(VmId vm, EpochId epoch) {
        Optional<Integer> stream = ledger.acknowledge(vm, epoch);
        if (stream.isPresent() && connected) {
            TunnelEnd peer = connection.other(this);
            connection.send(this, () -> peer.answered(stream.get(), epoch, null));
        }
    }

    @Override
    public void withdraw(VmId vm) {
        if (!world.has(Plant.ANSWER_REPEATED)) {
            ledger.withdraw(vm);
        }
    }

    @Override
    public void refuse(VmId vm, EpochId epoch, String reason) {
        Optional<Integer> stream = ledger.refuse(vm, epoch);
        if (stream.isPresent() && connected) {
            TunnelEnd peer = connection.other(this);
            connection.send(this, () -> peer.answered(stream.get(), epoch, reason));
        }
    }

    // ---- control ------------------------------------------------------------------------------------------------

    @Override
    public void send(PeerMessage message) {
        if (connected) {
            TunnelEnd peer = connection.other(this);
            connection.send(this, () -> peer.told(message));
        }
    }

    private void told(PeerMessage message) {
        gateway.tunnel().message(message);
    }
}
