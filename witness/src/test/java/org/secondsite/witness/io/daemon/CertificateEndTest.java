package org.secondsite.witness.io.daemon;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;

/** A gateway's connection to the witness lives as long as the certificates of both. */
@Tag("slow")
@Timeout(180)
class CertificateEndTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");

    @TempDir
    private Path directory;

    @Test
    void aGatewayWhoseCertificateIsRevokedIsServedAgainWithARenewedOne() throws Exception {
        TestAuthority authority = new TestAuthority(directory.resolve("pki"));
        Heard heard = new Heard();
        WitnessServerSettings settings = new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                authority.issue("witness").revokedBy(authority.list()),
                List.of(new GroupSettings(new GroupId("web"), A, B, A)),
                300,
                1500);
        try (WitnessServer server = WitnessServer.begin(settings);
                WitnessClient client = WitnessClient.open(
                        new WitnessClientSettings(A, List.of(server.address()), authority.issue("a"), 50, 5000),
                        heard)) {
            heard.untilUp();
            authority.revoke("a");
            heard.untilDown();
            heard.untilReachable(said -> said.contains("does not accept this certificate"));
            authority.issue("a");
            heard.untilUp();
            client.read(new GroupId("web")).get();
        }
    }
}
