package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.replicator.tunnel.ResetCode;
import org.secondsite.replicator.tunnel.TunnelSettings;

/** Two tunnels on loopback with real TLS, one of which is not who the other expects. */
@Timeout(180)
class TunnelIdentityTest extends TunnelPair {
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

    @Test
    @Tag("slow")
    void aConnectionEndsWhenItsCertificateIsRevokedAndARenewedOneBringsItBack() throws Exception {
        openA(pki.issue("a").revokedBy(pki.list()));
        openB(pki.issue("b").revokedBy(pki.list()), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        pki.revoke("b");
        atA.await("turned away", SOON, () -> atA.rejections().contains(ResetCode.REVOKED) && !atA.isConnected());
        pki.issue("b");
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
    }

    @Test
    @Tag("slow")
    void aConnectionEndsWithItsCertificate() throws Exception {
        Instant now = Instant.now();
        openA(pki.issue("a"));
        openB(pki.issue("b", now.minus(Duration.ofDays(3)), now.plusSeconds(4)), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        atA.await("ended", SOON, () -> !atA.isConnected() && atA.rejections().contains(ResetCode.EXPIRED));
    }

    /** The tunnel is gone for the time of a handshake, long before the certificate ends, and nobody is turned away. */
    @Test
    @Tag("slow")
    void aRenewedCertificateTakesOverBeforeTheOldOneEnds() throws Exception {
        Instant now = Instant.now();
        TlsFiles soon = pki.issue("b", now.minus(Duration.ofDays(3)), now.plusSeconds(1000));
        openA(pki.issue("a"));
        openB(soon, addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        pki.issue("b");
        atA.await("connected anew", SOON, () -> atA.connections() == 2 && atB.connections() == 2);
        assertTrue(atA.isConnected(), atA.log().toString());
        assertEquals(List.of(), atA.rejections());
    }
}
