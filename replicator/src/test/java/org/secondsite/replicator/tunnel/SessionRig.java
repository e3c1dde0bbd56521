package org.secondsite.replicator.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.codec.CodecSettings;
import org.secondsite.replicator.codec.VersionCounters;

/** A session whose every effect is written down, for a peer that a test plays by hand. Times are milliseconds. */
final class SessionRig implements TunnelSink, TunnelCodec, TunnelListener {
    static final SiteId A = new SiteId("a");
    static final SiteId B = new SiteId("b");
    static final TunnelSettings.Timing TIMING = new TunnelSettings.Timing(100, 400, 40, 320);

    /** What a connection had done to it. */
    static final class RecordedWire implements Wire {
        final List<String> written = new ArrayList<>();
        boolean room = true;
        boolean reading = true;
        long pendingBytes;
        Closing closing;
        Resume resume;

        @Override
        public ByteBufAllocator allocator() {
            return ByteBufAllocator.DEFAULT;
        }

        @Override
        public boolean hasRoom() {
            return room;
        }

        @Override
        public void write(TunnelFrame frame) {
            if (frame.type() == FrameType.RESUME) {
                resume = Resume.decode(frame.payload().duplicate()).orElseThrow();
            }
            String text = frame.type() == FrameType.GOODBYE
                    ? " " + ResetCode.of(frame.payload().getByte(0))
                    : "";
            String about = frame.stream() == 0 ? "" : " " + frame.stream() + " " + frame.epoch();
            written.add(frame.type() + about + text);
            frame.payload().release();
        }

        @Override
        public void flush() {
            // What was written counts.
        }

        @Override
        public void setReading(boolean wanted) {
            reading = wanted;
        }

        @Override
        public long measure(long nowNanos) {
            return pendingBytes;
        }

        @Override
        public long bytesPerSecond() {
            return 0;
        }

        @Override
        public void close(Closing how) {
            closing = how;
        }

        /** What was written since the last call. */
        List<String> take() {
            List<String> taken = List.copyOf(written);
            written.clear();
            return taken;
        }
    }

    final List<String> log = new ArrayList<>();
    final List<TunnelFrame> decoding = new ArrayList<>();
    final List<SendWindow.Stream> encoding = new ArrayList<>();
    final TunnelSettings settings;
    final TunnelSession session;
    boolean mayClaimToLive = true;
    boolean isSilent;
    int run;
    private long nowMs = 1;
    private long wakeMs = Long.MAX_VALUE;
    private long heardBesideMs = 1;

    SessionRig(SiteId self) {
        this(settings(self));
    }

    SessionRig(TunnelSettings settings) {
        this.settings = settings;
        this.session = new TunnelSession(settings, hello(settings, 11), new SplittableRandom(1), this, this, this);
    }

    static TunnelSettings settings(SiteId self) {
        InetSocketAddress nowhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        Path none = Path.of("none");
        return new TunnelSettings(self, self.equals(A) ? B : A, nowhere, nowhere, new TlsFiles(none, none, none))
                .withTiming(TIMING);
    }

    static Hello hello(TunnelSettings settings, long incarnation) {
        return Hello.of(settings, incarnation, new BeaconKey(new byte[BeaconKey.BYTES]));
    }

    long now() {
        return TimeUnit.MILLISECONDS.toNanos(nowMs);
    }

    long nowMs() {
        return nowMs;
    }

    /** Lets time pass, and wakes the session whenever it wants to be. */
    void pass(long milliseconds) {
        long endMs = nowMs + milliseconds;
        while (wakeMs <= endMs) {
            nowMs = Math.max(nowMs, wakeMs);
            wakeMs = Long.MAX_VALUE;
            session.tick(now(), TimeUnit.MILLISECONDS.toNanos(heardBesideMs));
        }
        nowMs = endMs;
    }

    /** Time passes, and nothing is done. */
    void standStill(long milliseconds) {
        nowMs += milliseconds;
    }

    void heardBeside() {
        heardBesideMs = nowMs;
    }

    // ---- the peer's part

    /** An inbound connection whose TLS is done, with the certificate of that site. */
    TunnelConnection secured(RecordedWire wire, SiteId site) {
        TunnelConnection connection = session.accepted(wire, now());
        connection.secured(site.name(), now());
        return connection;
    }

    /** The peer's hello, as that of the first or a further connection of a session. */
    void hello(TunnelConnection connection, long incarnation, long sessionName, int number) {
        Hello hello = hello(settings(settings.peer()), incarnation).on(sessionName, number);
        receive(connection, TunnelFrame.control(FrameType.HELLO, hello.encode(ByteBufAllocator.DEFAULT)));
    }

    void resume(TunnelConnection connection, Resume.Position... positions) {
        Resume resume = new Resume(List.of(positions));
        receive(connection, TunnelFrame.control(FrameType.RESUME, resume.encode(ByteBufAllocator.DEFAULT)));
    }

    void clock(TunnelConnection connection, FrameType type, long clock) {
        receive(connection, TunnelFrame.control(type, Unpooled.buffer().writeLong(clock)));
    }

    void receive(TunnelConnection connection, TunnelFrame frame) {
        connection.received(frame, now());
    }

    /** An open first connection, inbound; what came before is forgotten. */
    TunnelConnection opened(RecordedWire wire) {
        TunnelConnection connection = secured(wire, settings.peer());
        hello(connection, 22, 5, 0);
        resume(connection);
        wire.written.clear();
        log.clear();
        return connection;
    }

    /** Encodes what the session has given out, each epoch as one piece of so many bytes. */
    void encodeAll(int bytes) {
        while (!encoding.isEmpty()) {
            SendWindow.Stream stream = encoding.removeFirst();
            EpochId id = stream.current().header().epoch();
            int flags = TunnelFrame.FIRST | TunnelFrame.LAST;
            session.encoded(run, stream, id, Unpooled.wrappedBuffer(new byte[bytes]), flags, now());
            session.stretchEncoded(run, stream, now());
        }
    }

    List<String> takeLog() {
        List<String> taken = List.copyOf(log);
        log.clear();
        return taken;
    }

    TunnelStatus status() {
        return session.status(VersionCounters.ZERO, 0, 0);
    }

    // ---- effects

    @Override
    public void wakeAt(long nanos) {
        wakeMs = Math.min(wakeMs, TimeUnit.NANOSECONDS.toMillis(nanos + 999_999));
    }

    @Override
    public void dial(int number, Segments segments) {
        log.add("dial " + number + " " + segments);
    }

    @Override
    public boolean isSilent() {
        return isSilent;
    }

    @Override
    public boolean mayClaimToLive() {
        return mayClaimToLive;
    }

    @Override
    public void greeted(Hello peer) {
        log.add("greeted by " + peer.self());
    }

    @Override
    public void widened(int connections) {
        log.add("widened " + connections);
    }

    @Override
    public void transition(TunnelSession.Phase from, TunnelSession.Phase to, String reason) {
        log.add(to.name());
    }

    @Override
    public void transition(
            TunnelConnection connection, TunnelConnection.Phase from, TunnelConnection.Phase to, String reason) {
        // The connection's own tests look at its phase.
    }

    @Override
    public void startEncoding(CodecSettings wanted) {
        log.add("start encoding");
    }

    @Override
    public void stopEncoding() {
        encoding.clear();
        log.add("stop encoding");
    }

    @Override
    public void encode(int ofRun, SendWindow.Stream stream) {
        run = ofRun;
        encoding.add(stream);
    }

    @Override
    public void endEncoding(int stream) {
        log.add("end encoding " + stream);
    }

    @Override
    public void startDecoding() {
        log.add("start decoding");
    }

    @Override
    public void stopDecoding() {
        decoding.forEach(frame -> frame.payload().release());
        decoding.clear();
        log.add("stop decoding");
    }

    @Override
    public void decode(int ofRun, VmId vm, TunnelFrame frame) {
        run = ofRun;
        decoding.add(frame);
    }

    @Override
    public void endDecoding(int stream) {
        log.add("end decoding " + stream);
    }

    @Override
    public void free(Epoch epoch) {
        epoch.close();
    }

    @Override
    public void connected() {
        log.add("connected");
    }

    @Override
    public void disconnected(Reset reset) {
        log.add("disconnected " + reset.code());
    }

    @Override
    public void peerHeard(long nanoTime) {
        // Every frame is a sign of life.
    }

    @Override
    public void message(PeerMessage message) {
        log.add("message");
    }

    @Override
    public void epochReceived(Epoch epoch) {
        log.add("received " + epoch.header().vm() + " " + epoch.header().epoch());
        epoch.close();
    }

    @Override
    public void acknowledged(VmId vm, EpochId epoch) {
        log.add("acknowledged " + vm + " " + epoch);
    }

    @Override
    public void refused(VmId vm, EpochId epoch, String reason) {
        log.add("refused " + vm + " " + epoch);
    }

    @Override
    public void rejected(ResetCode code, String reason) {
        log.add("rejected " + code);
    }

    /** The bytes of a payload that a test does not look into. */
    static ByteBuf bytes(int count) {
        return Unpooled.wrappedBuffer(new byte[count]);
    }
}
