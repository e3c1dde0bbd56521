package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelSettings;

/** Two tunnels on loopback with real TLS, one of which is not who the other expects. */
@Timeout(60)
class TunnelIdentityTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final TunnelSettings.Timing FAST = new TunnelSettings.Timing(50, 400, 20, 100);

    @TempDir
    Path folder;

    private final Recorder atA = new Recorder();
    private final Recorder atB = new Recorder();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private TestAuthority pki;
    private InetSocketAddress addressA;
    private InetSocketAddress addressB;

    @BeforeEach
    void prepare() throws Exception {
        pki = new TestAuthority(folder.resolve("authority"));
        addressA = freeAddress();
        addressB = freeAddress();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    @Test
    void aWrongNameIsTurnedAwayWithTheReasonAtBothEnds() throws Exception {
        TlsTunnel a = openA(pki.issue("a"));
        openB(pki.issue("mallory"), addressA);
        atA.await("rejection", SOON, () -> atA.rejections().contains(ResetCode.IDENTITY));
        assertTrue(atA.log().get(0).contains("'mallory'"), atA.log().toString());
        atA.await(
                "in the status",
                SOON,
                () -> a.status().rejections().getOrDefault(ResetCode.IDENTITY, 0L) > 0
                        && a.status().lastRejection().contains("'mallory'"));
        atB.await("told so", SOON, () -> atB.log().toString().contains("the certificate is of 'mallory'"));
        assertFalse(atA.isConnected());
    }

    @Test
    void aForeignAuthorityIsTurnedAway() throws Exception {
        openA(pki.issue("a"));
        TlsFiles own = pki.issue("b");
        TlsFiles foreign = new TestAuthority(folder.resolve("foreign")).issue("b");
        openB(new TlsFiles(foreign.certificate(), foreign.key(), own.authority()), addressA);
        atA.await("rejection", SOON, () -> atA.rejections().contains(ResetCode.FOREIGN));
        atB.await("told so", SOON, () -> atB.rejections().contains(ResetCode.HANDSHAKE));
        assertFalse(atA.isConnected());
    }

    @Test
    void anExpiredCertificateIsTurnedAwayAndARenewedFileNeedsNoRestart() throws Exception {
        openA(pki.issue("a"));
        Instant now = Instant.now();
        openB(pki.issue("b", now.minus(Duration.ofDays(3)), now.minus(Duration.ofDays(2))), addressA);
        atA.await("rejection", SOON, () -> atA.rejections().contains(ResetCode.EXPIRED));
        pki.issue("b");
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
    }

    @Test
    void aSiteThatTakesThePeerForAnotherIsTurnedAway() throws Exception {
        openA(pki.issue("a"));
        TunnelSettings wrong =
                new TunnelSettings(B, new SiteId("aa"), addressB, addressA, pki.issue("b")).withTiming(FAST);
        closeLater(TlsTunnel.open(wrong, atB));
        atB.await("rejection", SOON, () -> atB.rejections().contains(ResetCode.IDENTITY));
        assertFalse(atA.isConnected());
    }

    private TlsTunnel openA(TlsFiles tls) throws Exception {
        return closeLater(TlsTunnel.open(new TunnelSettings(A, B, addressA, addressB, tls).withTiming(FAST), atA));
    }

    private TlsTunnel openB(TlsFiles tls, InetSocketAddress connect) throws Exception {
        return closeLater(TlsTunnel.open(new TunnelSettings(B, A, addressB, connect, tls).withTiming(FAST), atB));
    }

    private <T extends AutoCloseable> T closeLater(T each) {
        opened.add(each);
        return each;
    }

    private static InetSocketAddress freeAddress() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), socket.getLocalPort());
        }
    }
}
