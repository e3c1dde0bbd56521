package org.secondsite.replicator.tunnel.io;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.tunnel.TunnelSettings;
import org.secondsite.testing.FreePort;

/** Tunnels of two sites on loopback, with real TLS: what the tests of them begin with, and how they end. */
abstract class TunnelPair {
    static final SiteId A = new SiteId("a");
    static final SiteId B = new SiteId("b");
    static final VmId WEB = new VmId("web");
    static final Duration SOON = Duration.ofSeconds(30);
    /** For what is about silence: it does not take long. A busy machine breaks such a tunnel now and then. */
    static final TunnelSettings.Timing FAST = new TunnelSettings.Timing(50, 400, 20, 100);

    /** For all else. */
    private static final TunnelSettings.Timing STEADY = new TunnelSettings.Timing(50, 5000, 20, 100);

    @TempDir
    Path folder;

    final Recorder atA = new Recorder();
    final Recorder atB = new Recorder();
    TunnelSettings.Timing timing = STEADY;
    TestAuthority pki;
    InetSocketAddress addressA;
    InetSocketAddress addressB;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @BeforeEach
    void makeAuthorityAndFindPorts() throws Exception {
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

    /** The settings of a's end. */
    TunnelSettings settingsA(TlsFiles tls) {
        return new TunnelSettings(A, B, addressA, addressB, tls).withTiming(timing);
    }

    /** The settings of b's end, which connects. */
    TunnelSettings settingsB(TlsFiles tls, InetSocketAddress connect) {
        return new TunnelSettings(B, A, addressB, connect, tls).withTiming(timing);
    }

    TlsTunnel openA(TlsFiles tls) throws Exception {
        return closeLater(TlsTunnel.open(settingsA(tls), atA));
    }

    TlsTunnel openB(TlsFiles tls, InetSocketAddress connect) throws Exception {
        return closeLater(TlsTunnel.open(settingsB(tls, connect), atB));
    }

    /** Closed after the test, the last one first. */
    <T extends AutoCloseable> T closeLater(T each) {
        opened.add(each);
        return each;
    }

    static InetSocketAddress freeAddress() throws Exception {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.onLoopback());
    }
}
