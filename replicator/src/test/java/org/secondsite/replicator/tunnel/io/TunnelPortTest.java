package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.TlsFiles;
import org.secondsite.replicator.Epochs;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelSettings;

/** Strangers at the tunnel's port, with plain sockets and with the JDK's own TLS: they get nothing, and keep nobody out. */
@Tag("slow")
@Timeout(180)
class TunnelPortTest extends TunnelPair {
    private static final int DEADLINE_MS = 3000;

    @Test
    void aCrowdThatIdlesAtThePortKeepsThePeerOutForNoMoment() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        AtomicInteger came = new AtomicInteger();
        Thread crowd = Thread.ofVirtual().start(() -> crowd(came));
        closeLater(() -> {
            crowd.interrupt();
            crowd.join();
        });
        atA.await("a crowd", SOON, () -> came.get() > 200);
        long start = System.nanoTime();
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(tookMs < DEADLINE_MS, "it waited for strangers to be given up: " + tookMs + " ms");
        atB.answerOn(b);
        a.send(new Epochs(WEB, 100, 1).next(new EpochId(1, 1), 10));
        atA.awaitEqual(List.of("web 1/1"), atA::committed);
        int before = came.get();
        atA.await("more of the crowd", SOON, () -> came.get() > before + 100);
        assertTrue(a.status().connected());
        assertEquals(1, atA.connections());
    }

    /** Opens connections from one address without end, says nothing on any, and keeps up to 300 open. */
    private void crowd(AtomicInteger came) {
        Deque<Socket> idle = new ArrayDeque<>();
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Socket socket = new Socket();
                socket.bind(new InetSocketAddress("127.0.0.9", 0));
                socket.connect(addressA, 1000);
                idle.addLast(socket);
                came.incrementAndGet();
                if (idle.size() > 300) {
                    idle.removeFirst().close();
                }
                Thread.sleep(1);
            }
        } catch (IOException | InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            for (Socket socket : idle) {
                closeQuietly(socket);
            }
        }
    }

    @Test
    void whoProvesNothingOrSaysNothingIsCutAtTheDeadline() throws Exception {
        openA(pki.issue("a"));
        List<Socket> strangers = new ArrayList<>();
        strangers.add(plain());
        Socket half = plain();
        half.getOutputStream().write(new byte[] {22, 3, 1, 2, 0, 1, 0});
        strangers.add(half);
        SSLSocket silent = secured(pki.issue("b"));
        strangers.add(silent);
        SSLSocket halfFrame = secured(pki.issue("b"));
        halfFrame.getOutputStream().write(new byte[] {0, 0, 0, 100, 1, 0});
        strangers.add(halfFrame);
        Socket dribbling = plain();
        long start = System.nanoTime();
        Thread dribbler = Thread.ofVirtual().start(() -> dribble(dribbling));
        for (Socket stranger : strangers) {
            awaitEnd(stranger);
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertTrue(tookMs < 20 * DEADLINE_MS, "cut after " + tookMs + " ms");
        }
        dribbler.join(20 * DEADLINE_MS);
        assertTrue(!dribbler.isAlive(), "who sends a byte now and then has no more time than others");
    }

    /** A ClientHello that never ends. */
    private static void dribble(Socket socket) {
        try {
            OutputStream out = socket.getOutputStream();
            out.write(new byte[] {22, 3, 1, 2, 0, 1, 0, 1, (byte) 0xfc});
            while (true) {
                out.write(3);
                Thread.sleep(100);
            }
        } catch (IOException | InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aFrameThatClaimsGigabytesEndsTheConnectionAndNothingIsKeptForIt() throws Exception {
        openA(pki.issue("a"));
        long before = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory();
        for (int claimed : new int[] {Integer.MAX_VALUE, 1 << 30, -1, 0}) {
            SSLSocket socket = secured(pki.issue("b"));
            socket.getOutputStream()
                    .write(ByteBuffer.allocate(40).putInt(claimed).array());
            long start = System.nanoTime();
            awaitEnd(socket);
            long tookMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
            assertTrue(tookMs < DEADLINE_MS, "at once, not after " + tookMs + " ms");
        }
        atA.await("told", SOON, () -> atA.rejections().contains(ResetCode.FRAMING));
        long kept = PooledByteBufAllocator.DEFAULT.metric().usedDirectMemory() - before;
        assertTrue(kept <= 16 << 20, kept + " bytes");
    }

    @Test
    void anotherSitesCertificateGetsNoByteButTheFarewell() throws Exception {
        openA(pki.issue("a"));
        SSLSocket mallory = secured(pki.issue("mallory"));
        byte[] told = mallory.getInputStream().readAllBytes();
        String text = new String(told, StandardCharsets.US_ASCII);
        assertTrue(text.endsWith("the certificate is of 'mallory', the peer is site 'b'"), text);
        assertEquals(told.length, 4 + ByteBuffer.wrap(told).getInt(), "one frame");
    }

    @Test
    void aFloodOfGarbageIsCountedInFullAndToldInAFewWords() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        long start = System.nanoTime();
        byte[] garbage = new byte[200];
        new Random(1).nextBytes(garbage);
        garbage[0] = 'G';
        for (int i = 0; i < 400; i++) {
            try (Socket socket = plain()) {
                socket.getOutputStream().write(garbage);
                awaitEnd(socket);
            }
        }
        atA.await("counted", SOON, () -> a.status().rejections().getOrDefault(ResetCode.HANDSHAKE, 0L) == 400);
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start) + 1;
        int told = atA.rejections().size();
        assertTrue(told <= 10 + seconds, told + " words in " + seconds + " s");
        assertEquals(1, atA.connections());
        assertTrue(a.status().connected());
    }

    @Test
    void theNetworkMayBeNoisyWithoutHarm() throws Exception {
        openA(pki.issue("a"));
        openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        try (DatagramSocket socket = new DatagramSocket()) {
            byte[] noise = new byte[80];
            new Random(1).nextBytes(noise);
            for (int i = 0; i < 200; i++) {
                socket.send(new DatagramPacket(noise, noise.length, addressA));
            }
        }
        for (int i = 0; i < 20; i++) {
            try (Socket socket = new Socket(addressA.getAddress(), addressA.getPort())) {
                socket.getOutputStream().write(new byte[100]);
            }
        }
        long heard = atA.heard();
        atA.await("still heard", SOON, () -> atA.heard() > heard + 10);
        assertEquals(1, atA.connections(), () -> atA.log() + " " + atB.log());
        assertTrue(atA.isConnected());
    }

    @Test
    void aCongestionControlThatCannotBeHadIsSaidBeforeAnythingListens() throws Exception {
        TunnelSettings settings =
                new TunnelSettings(A, B, addressA, addressB, pki.issue("a")).withCongestion(Optional.of("nosuch"));
        IOException refused = assertThrows(IOException.class, () -> TlsTunnel.open(settings, atA));
        assertTrue(refused.getMessage().contains("'nosuch' cannot be had"), refused.getMessage());
    }

    private Socket plain() throws IOException {
        return closeLater(new Socket(addressA.getAddress(), addressA.getPort()));
    }

    private SSLSocket secured(TlsFiles files) throws Exception {
        return closeLater(JdkTls.connect(files, addressA));
    }

    private static void awaitEnd(Socket socket) throws IOException {
        socket.setSoTimeout((int) SOON.toMillis());
        try {
            while (socket.getInputStream().read() >= 0) {
                // A farewell, perhaps.
            }
        } catch (SocketException reset) {
            // An end, too.
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }
}
