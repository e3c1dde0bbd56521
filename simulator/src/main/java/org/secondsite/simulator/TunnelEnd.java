package org.secondsite.simulator;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.Surroundings;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.tunnel.BeaconKey;
import org.secondsite.replicator.tunnel.FrameType;
import org.secondsite.replicator.tunnel.Hello;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.Resume;
import org.secondsite.replicator.tunnel.TunnelConnection;
import org.secondsite.replicator.tunnel.TunnelFrame;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSession;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.TunnelSink;

/**
 * One gateway's end of the tunnel: the product's {@link TunnelSession}, its time and its connections simulated. Planted faults
 * change what goes into it or comes out.
 */
final class TunnelEnd implements Surroundings.PeerLink, TunnelSink, TunnelListener {
    private static final TunnelSettings.Timing TIMING = new TunnelSettings.Timing(100, 450, 60, 240);
    private static final TunnelSettings.Limits LIMITS = new TunnelSettings.Limits(1 << 20, 64 << 20);

    private final World world;
    private final SimulatedTunnel tunnel;
    private final SiteId site;
    private final SimulatedGateway gateway;
    private final int life;
    private final TunnelListener told;
    private final TunnelSession session;
    private final Set<SimulatedWire> wires = new LinkedHashSet<>();
    private long alarmNanos;
    private long heardBesideNanos;
    private boolean acknowledged;
    private boolean refused;

    TunnelEnd(World world, SimulatedTunnel tunnel, SiteId site, SplittableRandom dice, Map<Long, Epoch> named) {
        this.world = world;
        this.tunnel = tunnel;
        this.site = site;
        this.gateway = world.gateway(site);
        this.life = gateway.life();
        this.told = gateway.tunnel();
        this.heardBesideNanos = now();
        SimulatedCodec codec = new SimulatedCodec(world, gateway, dice.split(), named);
        TunnelSettings settings = settings(site).withConnections(dice.nextInt(1, 4));
        byte[] secret = new byte[BeaconKey.BYTES];
        Hello hello = Hello.of(settings, dice.nextLong(), new BeaconKey(secret));
        session = new TunnelSession(settings, hello, dice.split(), this, codec, this);
        codec.answerTo(session);
    }

    private static TunnelSettings settings(SiteId site) {
        InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        Path none = Path.of("none");
        return new TunnelSettings(site, World.other(site), nowhere, nowhere, new TlsFiles(none, none, none))
                .withTiming(TIMING)
                .withLimits(LIMITS);
    }

    private long now() {
        return world.time().nowNanos();
    }

    SiteId site() {
        return site;
    }

    SimulatedProcess process() {
        return gateway;
    }

    boolean lives() {
        return gateway.up() && gateway.life() == life;
    }

    void start() {
        session.start(now());
    }

    /** The kernel closes what the process had open. */
    void died() {
        List.copyOf(wires).forEach(SimulatedWire::over);
        session.close(now());
    }

    /** Something in the middle resets every connection. */
    void reset() {
        List.copyOf(wires).forEach(wire -> {
            if (wire.connection() != null) {
                wire.broke("reset");
            }
        });
    }

    void heardBeside() {
        heardBesideNanos = now();
    }

    // ---- connections

    /** A connection is there for the kernel, be it that the process does not know it yet. */
    void add(SimulatedWire wire) {
        wires.add(wire);
    }

    void forget(SimulatedWire wire) {
        wires.remove(wire);
    }

    void dialled(SimulatedWire wire, int number) {
        wire.serves(session.dialled(wire, number, now()));
    }

    void accepted(SimulatedWire wire) {
        wire.serves(session.accepted(wire, now()));
    }

    /** What goes out. */
    void writes(TunnelFrame frame) {
        if (frame.type() == FrameType.RESUME) {
            Resume resume = Resume.decode(frame.payload().duplicate()).orElseThrow();
            resume.positions().forEach(position -> world.checks()
                    .repeats(site, position.acknowledged(), gateway.group().burnedTerm()));
        }
    }

    /** What comes in. */
    void received(SimulatedWire over, TunnelFrame frame) {
        boolean isAnswer = frame.type() == FrameType.ACKNOWLEDGED;
        EpochId epoch = frame.epoch();
        acknowledged = false;
        over.connection().received(frame, now());
        if (isAnswer && !acknowledged && world.has(Plant.STALE_COMMIT_ACCEPTED)) {
            told.acknowledged(World.VM, epoch);
        }
    }

    // ---- what the session wants

    @Override
    public void wakeAt(long nanos) {
        alarmNanos = nanos;
        gateway.later(Math.max(0, nanos - now()), () -> {
            if (alarmNanos == nanos) {
                session.tick(now(), heardBesideNanos);
            }
        });
    }

    @Override
    public void dial(int number, Segments segments) {
        tunnel.connect(this, number);
    }

    @Override
    public boolean mayClaimToLive() {
        return true;
    }

    @Override
    public void greeted(Hello peer) {
        // The datagrams beside the tunnel are not signed here.
    }

    @Override
    public void widened(int connections) {
        // Nobody is to know.
    }

    @Override
    public void transition(TunnelSession.Phase from, TunnelSession.Phase to, String reason) {
        if (lives()) {
            world.trace(site + " tunnel " + to + ": " + reason);
        }
    }

    @Override
    public void transition(
            TunnelConnection connection, TunnelConnection.Phase from, TunnelConnection.Phase to, String reason) {
        // The session's phases are enough.
    }

    // ---- what the session tells

    @Override
    public void connected(Dialect dialect) {
        told.connected(dialect);
    }

    @Override
    public void connected() {
        told.connected();
    }

    @Override
    public void disconnected(Reset reset) {
        told.disconnected(reset);
    }

    @Override
    public void peerHeard(long nanoTime) {
        gateway.heard();
    }

    @Override
    public void message(PeerMessage message) {
        told.message(message);
    }

    @Override
    public void epochReceived(Epoch epoch) {
        VmId vm = epoch.header().vm();
        EpochId id = epoch.header().epoch();
        told.epochReceived(epoch);
        if (world.has(Plant.ACK_BEFORE_KEEP)) {
            gateway.later(0, () -> session.acknowledge(vm, id));
        }
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        acknowledged = true;
        told.acknowledged(vm, epoch);
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        refused = true;
        told.refused(vm, epoch, reason);
    }

    // ---- what the gateway wants

    @Override
    public void send(Epoch epoch) {
        VmId vm = epoch.header().vm();
        EpochId id = epoch.header().epoch();
        refused = false;
        session.send(epoch, now());
        if (!refused && world.has(Plant.RESYNC_MARKS_EARLY)) {
            gateway.markEarly(vm, id);
        }
    }

    @Override
    public void send(PeerMessage message) {
        session.send(message);
    }

    @Override
    public void acknowledge(VmId vm, EpochId epoch) {
        session.acknowledge(vm, epoch);
    }

    @Override
    public void withdraw(VmId vm) {
        if (!world.has(Plant.ANSWER_REPEATED)) {
            session.withdraw(vm);
        }
    }

    @Override
    public void refuse(VmId vm, EpochId epoch, String reason) {
        session.refuse(vm, epoch, reason);
    }

    @Override
    public void discard(VmId vm) {
        session.discard(vm);
    }

    @Override
    public void abandon(String reason) {
        session.abandon(reason, now());
    }
}
