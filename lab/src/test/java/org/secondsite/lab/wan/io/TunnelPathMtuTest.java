package org.secondsite.lab.wan.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.lab.io.NetworkNamespace;
import org.secondsite.lab.io.TestNamespaces;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.Reset;
import org.secondsite.replicator.tunnel.TunnelListener;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.replicator.tunnel.io.TlsTunnel;

/** A tunnel between two network stacks whose path gets narrow while epochs flow. */
@Tag("lab")
@Timeout(180)
class TunnelPathMtuTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final VmId VM = new VmId("web");
    private static final int PAGES = 64;
    private static final long RAM_BYTES = (long) PAGES * PageSet.PAGE_BYTES;

    @TempDir
    Path directory;

    private final Committed atSender = new Committed();
    private final Committed atReceiver = new Committed();
    private final Random random = new Random(5);
    private TestNamespaces namespaces;
    private TestAuthority authority;
    private TlsTunnel sender;
    private EpochId last = EpochId.NONE;

    @BeforeEach
    void joinTwoSites() throws Exception {
        namespaces = TestNamespaces.create("tmtu", "a", "b", "x");
        namespaces.wire("a", "wan0", "10.9.0.1/24", "x", "a0");
        namespaces.wire("b", "wan0", "10.9.0.2/24", "x", "b0");
        WanEmulator emulator = namespaces.closing(NetworkNamespace.call(
                namespaces.name("x"), () -> WanEmulator.open(List.of("a0", "b0"), List.of("a", "b"), 7)));
        namespaces.closing(WanControl.open(directory.resolve("wan.sock"), emulator::execute));
        authority = new TestAuthority(directory);
    }

    @AfterEach
    void leaveNothing() throws Exception {
        namespaces.close();
    }

    @Test
    void epochsGoOnThroughAnMtuThatShrinks() throws Exception {
        openBoth("a");
        for (int mtu : new int[] {1500, 1400, 1000}) {
            command("set all mtu=" + mtu);
            commitMore(20);
        }
        assertEquals(List.of("connected"), atSender.log(), "the session never broke");
        assertTrue(told() > 0, "frames were too long");
    }

    /** Heartbeats get through, epochs and even TLS' certificates do not: a session of small segments has to follow. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "b"})
    void epochsGoOnThroughABlackHole(String from) throws Exception {
        openBoth(from);
        commitMore(20);
        command("set all mtu=1300 blackhole=1");
        long start = System.nanoTime();
        commitMore(20);
        System.out.printf(
                "20 epochs from %s through a black hole of 1300 bytes: %d ms; %s%n",
                from, (System.nanoTime() - start) / 1_000_000, atSender.log());
        assertEquals(0, told());
        assertEquals("connected", atSender.log().getLast(), "and the session lasts");
    }

    /** Site b opens the connections. */
    private void openBoth(String from) throws Exception {
        TlsTunnel a = open("a", "10.9.0.1", "b", "10.9.0.2", from.equals("a") ? atSender : atReceiver);
        TlsTunnel b = open("b", "10.9.0.2", "a", "10.9.0.1", from.equals("b") ? atSender : atReceiver);
        sender = from.equals("a") ? a : b;
        atReceiver.answerOn(from.equals("a") ? b : a);
        atSender.await("connected", () -> atSender.log().contains("connected"));
    }

    /** How many frames that were too long were answered, of all directions. */
    private long told() throws Exception {
        return JSON.readTree(command("show")).findValues("tooBigTold").stream()
                .mapToLong(JsonNode::asLong)
                .sum();
    }

    private TlsTunnel open(String self, String address, String peer, String peerAddress, TunnelListener listener)
            throws Exception {
        TlsFiles tls = authority.issue(self);
        TunnelSettings settings = new TunnelSettings(
                new SiteId(self),
                new SiteId(peer),
                new InetSocketAddress(address, 7400),
                new InetSocketAddress(peerAddress, 7400),
                tls);
        // The tunnel's threads are begun here, so they are in the namespace too.
        return namespaces.closing(
                NetworkNamespace.call(namespaces.name(self), () -> TlsTunnel.open(settings, listener)));
    }

    /** One epoch after the other, each of incompressible pages. */
    private void commitMore(int epochs) throws Exception {
        for (int i = 0; i < epochs; i++) {
            EpochId id = new EpochId(1, last.number() + 1);
            PageSet.Builder pages = PageSet.builder();
            byte[] page = new byte[PageSet.PAGE_BYTES];
            for (int number = 0; number < PAGES; number++) {
                random.nextBytes(page);
                pages.add(number, ByteBuffer.wrap(page));
            }
            sender.send(new Epoch(new EpochHeader(VM, id, last, RAM_BYTES), pages.build(), new byte[0]));
            last = id;
            atSender.await("commit of " + id, () -> atSender.last().equals(id));
        }
    }

    private String command(String line) throws Exception {
        return WanControl.ask(directory.resolve("wan.sock"), line);
    }

    /** Commits what comes, and notes what happens. */
    private static final class Committed implements TunnelListener {
        private final List<String> log = new ArrayList<>();
        private EpochId last = EpochId.NONE;
        private TlsTunnel answering;

        synchronized void answerOn(TlsTunnel tunnel) {
            answering = tunnel;
        }

        synchronized List<String> log() {
            return List.copyOf(log);
        }

        synchronized EpochId last() {
            return last;
        }

        synchronized void await(String what, BooleanSupplier condition) throws Exception {
            long end = System.nanoTime() + 40_000_000_000L;
            while (!condition.getAsBoolean()) {
                assertTrue(System.nanoTime() < end, () -> "not within 40 s: " + what + "; " + log);
                wait(20);
            }
        }

        private synchronized void note(String what) {
            log.add(what);
            notifyAll();
        }

        @Override
        public void connected() {
            note("connected");
        }

        @Override
        public void disconnected(Reset reset) {
            note("disconnected: " + reset);
        }

        @Override
        public void peerHeard(long nanoTime) {}

        @Override
        public void message(PeerMessage message) {}

        @Override
        public void epochReceived(Epoch epoch) {
            try (epoch) {
                TlsTunnel tunnel;
                synchronized (this) {
                    tunnel = answering;
                }
                tunnel.acknowledge(epoch.header().vm(), epoch.header().epoch());
            }
        }

        @Override
        public synchronized void acknowledged(VmId vm, EpochId epoch) {
            last = epoch;
            notifyAll();
        }

        @Override
        public void refused(VmId vm, EpochId epoch, String reason) {
            note("refused " + epoch + ": " + reason);
        }
    }
}
