package org.secondsite.net.tls.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.TlsFiles;
import org.secondsite.net.Causes;
import org.secondsite.net.tls.TlsFault;
import org.secondsite.pki.TestAuthority;

/** Both ends in one thread, over channels that are joined by hand. */
class TlsIdentityTest {
    @TempDir
    private Path directory;

    private TestAuthority authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory.resolve("ca"));
    }

    @Test
    void eachEndLearnsTheOthersCommonName() throws Exception {
        Pair pair = new Pair(
                TlsIdentity.server(authority.issue("witness")), TlsIdentity.client(authority.issue("operator.1")));
        pair.shakeHands();
        assertEquals("witness", TlsIdentity.commonName(pair.client));
        assertEquals("operator.1", TlsIdentity.commonName(pair.server));
    }

    @Test
    void aKeyThatEveryUserCanReadIsRefusedWithFileModeAndRemedy() throws Exception {
        TlsFiles files = authority.issue("a");
        Files.setPosixFilePermissions(files.key(), PosixFilePermissions.fromString("rw-r--r--"));
        for (Executable open : List.<Executable>of(() -> TlsIdentity.server(files), () -> TlsIdentity.client(files))) {
            String reason = assertThrows(IOException.class, open).getMessage();
            assertTrue(
                    reason.contains("key " + files.key() + " is open to every user of this machine (mode rw-r--r--)"),
                    reason);
            assertTrue(reason.contains("chmod o= "), reason);
        }
        Files.setPosixFilePermissions(files.key(), PosixFilePermissions.fromString("rw-r-----"));
        TlsIdentity.server(files);
    }

    @Test
    void aCertificateOfAnotherAuthorityIsForeign() throws Exception {
        TlsFiles foreign = new TestAuthority(directory.resolve("other")).issue("a");
        TlsFiles own = authority.issue("b");
        Pair pair = new Pair(
                TlsIdentity.server(own),
                TlsIdentity.client(new TlsFiles(foreign.certificate(), foreign.key(), own.authority())));
        assertEquals(TlsFault.FOREIGN, pair.faultSeenByTheServer());
        assertEquals("", TlsIdentity.commonName(pair.server));
    }

    @Test
    void anExpiredCertificateIsToldFromAForeignOne() throws Exception {
        Instant now = Instant.now();
        TlsFiles expired = authority.issue("a", now.minus(Duration.ofDays(3)), now.minus(Duration.ofDays(2)));
        Pair pair = new Pair(TlsIdentity.server(authority.issue("b")), TlsIdentity.client(expired));
        assertEquals(TlsFault.EXPIRED, pair.faultSeenByTheServer());
    }

    @Test
    void renewedFilesCountFromTheNextConnectionOn() throws Exception {
        Instant now = Instant.now();
        TlsFiles files = authority.issue("a", now.minus(Duration.ofDays(3)), now.minus(Duration.ofDays(2)));
        TlsIdentity client = TlsIdentity.client(files);
        TlsIdentity server = TlsIdentity.server(authority.issue("b"));
        assertEquals(TlsFault.EXPIRED, new Pair(server, client).faultSeenByTheServer());
        authority.issue("a");
        new Pair(server, client).shakeHands();
    }

    @Test
    void whileTheNewFilesAreUnusableTheOldOnesStayInUse() throws Exception {
        TlsFiles files = authority.issue("a");
        TlsIdentity client = TlsIdentity.client(files);
        TlsIdentity server = TlsIdentity.server(authority.issue("b"));
        Files.writeString(files.certificate(), "half written");
        new Pair(server, client).shakeHands();
        Files.delete(files.key());
        new Pair(server, client).shakeHands();
    }

    @Test
    void unusableFilesAreAnErrorThatNamesThem() throws Exception {
        TlsFiles files = authority.issue("a");
        TlsFiles swapped = new TlsFiles(files.key(), files.certificate(), files.authority());
        IOException unusable = assertThrows(IOException.class, () -> TlsIdentity.server(swapped));
        assertTrue(unusable.getMessage().startsWith("cannot use certificate " + files.key()), unusable.getMessage());
    }

    @Test
    void aRevokedCertificateIsToldFromAForeignOneAndARenewedOneOfTheSameHolderCounts() throws Exception {
        TlsFiles files = authority.issue("a").revokedBy(authority.list());
        TlsIdentity server = TlsIdentity.server(authority.issue("b").revokedBy(authority.list()));
        TlsIdentity client = TlsIdentity.client(files);
        new Pair(server, client).shakeHands();
        authority.revoke("a");
        lookAgain(server);
        assertEquals(TlsFault.REVOKED, new Pair(server, client).faultSeenByTheServer());
        authority.issue("a");
        new Pair(server, client).shakeHands();
    }

    /** Whether a certificate is revoked is not known any more: who is not there is not let in. */
    @Test
    void aRevocationListThatHasEndedLetsNobodyIn() throws Exception {
        Instant now = Instant.now();
        authority.renewList(now.minus(Duration.ofDays(3)), now.minus(Duration.ofDays(2)));
        Pair pair = new Pair(
                TlsIdentity.server(authority.issue("b").revokedBy(authority.list())),
                TlsIdentity.client(authority.issue("a")));
        assertTrue(Causes.words(pair.serverFailure).contains("has ended at"), String.valueOf(pair.serverFailure));
    }

    @Test
    void aRevocationListThatCannotBeReadIsAnErrorAtTheStartAndTheOneBeforeStaysInUseLater() throws Exception {
        TlsFiles files = authority.issue("b").revokedBy(authority.list());
        TlsIdentity server = TlsIdentity.server(files);
        authority.issue("a");
        authority.revoke("a");
        lookAgain(server);
        Files.writeString(authority.list(), "half written");
        lookAgain(server);
        assertEquals(
                TlsFault.REVOKED,
                new Pair(server, TlsIdentity.client(TlsFiles.in(directory.resolve("ca"), "a"))).faultSeenByTheServer());
        IOException unusable = assertThrows(IOException.class, () -> TlsIdentity.server(files));
        assertTrue(unusable.getMessage().contains("revocation list " + authority.list()), unusable.getMessage());
    }

    @Test
    void aRevocationListOfAnotherAuthorityIsAnError() throws Exception {
        TlsFiles files = authority.issue("b").revokedBy(new TestAuthority(directory.resolve("other")).list());
        IOException unusable = assertThrows(IOException.class, () -> TlsIdentity.server(files));
        assertTrue(unusable.getMessage().contains("revocation list"), unusable.getMessage());
    }

    /** Files are looked at by a server every fifth of a second at most. */
    private static void lookAgain(TlsIdentity server) throws InterruptedException {
        Thread.sleep(220);
        server.newHandler(ByteBufAllocator.DEFAULT);
    }

    /** Two ends of one connection. */
    private static final class Pair {
        private final SslHandler server;
        private final SslHandler client;
        private final EmbeddedChannel serverChannel;
        private final EmbeddedChannel clientChannel;
        private Throwable serverFailure;

        private Pair(TlsIdentity serverIdentity, TlsIdentity clientIdentity) {
            server = serverIdentity.newHandler(ByteBufAllocator.DEFAULT);
            client = clientIdentity.newHandler(ByteBufAllocator.DEFAULT);
            server.handshakeFuture().addListener(done -> serverFailure = done.cause());
            serverChannel = new EmbeddedChannel(server);
            clientChannel = new EmbeddedChannel(client);
            exchange();
        }

        private void exchange() {
            boolean moved = true;
            while (moved) {
                moved = move(clientChannel, serverChannel);
                moved |= move(serverChannel, clientChannel);
            }
        }

        private static boolean move(EmbeddedChannel from, EmbeddedChannel to) {
            boolean moved = false;
            for (Object bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
                to.pipeline().fireChannelRead(bytes);
                to.pipeline().fireChannelReadComplete();
                moved = true;
            }
            from.runPendingTasks();
            to.runPendingTasks();
            return moved;
        }

        private void shakeHands() {
            assertTrue(client.handshakeFuture().isSuccess(), () -> "client: " + client.handshakeFuture());
            assertTrue(server.handshakeFuture().isSuccess(), () -> "server: " + server.handshakeFuture());
        }

        private TlsFault faultSeenByTheServer() {
            return TlsFault.of(assertInstanceOf(Throwable.class, serverFailure));
        }
    }
}
