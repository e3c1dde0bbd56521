package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLServerSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** The version before at either end, and of a client the one before that, spoken by a plain TLS socket and the codec. */
@Timeout(180)
class NeighbouringVersionTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final OwnershipRecord FIRST = new OwnershipRecord(WEB, 1, 0, A, Set.of(A));
    private static final int OLDER = 4;

    @TempDir
    private Path directory;

    private TestAuthority authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
    }

    @Test
    void aClientWithoutASeatIsServedAndSentNothingThatItDoesNotKnow() throws Exception {
        TlsFiles witness = authority.issue("witness");
        TlsFiles holder = authority.issue("a");
        JdkSslContext tls = (JdkSslContext) SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .keyManager(holder.certificate().toFile(), holder.key().toFile())
                .trustManager(authority.file().toFile())
                .build();
        try (WitnessServer server = WitnessServer.begin(new WitnessServerSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        directory.resolve("data"),
                        witness,
                        List.of(new GroupSettings(WEB, A, B, A)),
                        300,
                        1500));
                RawEnd client = new RawEnd(tls.context()
                        .getSocketFactory()
                        .createSocket(
                                server.address().getAddress(), server.address().getPort()))) {
            client.send(new Message.Hello(MessageCodec.OLDEST_HELLO, A, 7));
            assertInstanceOf(Message.Welcome.class, client.next());
            assertEquals(
                    FIRST,
                    assertInstanceOf(Message.Watched.class, client.next()).record());
            client.send(new Message.Term(1));
            client.send(new Message.Heartbeat(A));
            assertInstanceOf(Message.Echo.class, client.next());
            try (Socket copy = tls.context()
                    .getSocketFactory()
                    .createSocket(
                            server.address().getAddress(), server.address().getPort())) {
                RawEnd second = new RawEnd(copy);
                second.send(new Message.Hello(MessageCodec.OLDEST_HELLO, A, 8));
                assertInstanceOf(Message.Bye.class, second.next());
            }
            assertInstanceOf(Message.Notice.class, client.next());
            client.send(new Message.Ask(1, 1, WEB, A, Set.of(A, B), "nothing else came in between"));
            Message news = client.next();
            Message answer = news instanceof Message.Watched ? client.next() : news;
            assertEquals(
                    2, assertInstanceOf(Message.Granted.class, answer).record().term());
        }
    }

    /** It tells what its agents remember as a term of whichever group. */
    @Test
    void aClientOfTheVersionBeforeIsServedAndStopsItsGroupsByWhatItsAgentsRemember() throws Exception {
        try (WitnessServer server = WitnessServer.begin(new WitnessServerSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        directory.resolve("data"),
                        authority.issue("witness"),
                        List.of(new GroupSettings(WEB, A, B, A)),
                        300,
                        1500));
                RawEnd client = RawEnd.connect(server.address(), authority.issue("a"), authority.file())) {
            client.send(new Message.Hello(OLDER - 1, A, 7));
            assertInstanceOf(Message.Welcome.class, client.next());
            client.send(new Message.Term(0));
            client.send(new Message.Seat(new SeatId(1, 1)));
            assertEquals(new Message.Admitted(), client.next());
            assertEquals(
                    FIRST,
                    assertInstanceOf(Message.Watched.class, client.next()).record());
            client.send(new Message.Term(7));
            client.send(new Message.Ask(1, 1, WEB, A, Set.of(A), "alone"));
            assertInstanceOf(Message.NotServed.class, client.next());
        }
    }

    @Test
    void aWitnessOfTheOlderVersionIsSentNothingThatItDoesNotKnow() throws Exception {
        TlsFiles witness = authority.issue("witness");
        TlsFiles holder = authority.issue("a");
        JdkSslContext tls = (JdkSslContext) SslContextBuilder.forServer(
                        witness.certificate().toFile(), witness.key().toFile())
                .sslProvider(SslProvider.JDK)
                .trustManager(authority.file().toFile())
                .build();
        try (SSLServerSocket listening = (SSLServerSocket)
                tls.context().getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            listening.setNeedClientAuth(true);
            Heard heard = new Heard();
            WitnessClientSettings settings = new WitnessClientSettings(
                            A,
                            List.of(new InetSocketAddress(listening.getInetAddress(), listening.getLocalPort())),
                            holder,
                            50,
                            5000)
                    .hearing(Map.of(WEB, 7L));
            try (WitnessClient client = WitnessClient.open(settings, heard);
                    RawEnd older = new RawEnd(listening.accept())) {
                assertEquals(
                        OLDER,
                        assertInstanceOf(Message.Hello.class, older.next()).version());
                older.send(new Message.Welcome(OLDER));
                assertEquals(new Message.Term(0), older.next());
                assertEquals(new Message.Term(7), older.next(), "what agents remember is one of whichever group");
                assertInstanceOf(Message.Seat.class, older.next());
                older.send(new Message.Admitted());
                older.send(new Message.Watched(FIRST, A, "first record"));
                assertEquals(FIRST, heard.nextRecord());
                for (int i = 0; i < 5; i++) {
                    Message next = older.next();
                    if (!next.equals(new Message.Term(1))) {
                        assertInstanceOf(Message.Heartbeat.class, next);
                        older.send(new Message.Echo());
                    }
                }
                assertEquals(0, heard.recordsLeft());
                var _ = client.read(WEB);
                Message next = older.next();
                while (next instanceof Message.Heartbeat) {
                    next = older.next();
                }
                assertInstanceOf(Message.Read.class, next);
            }
        }
    }
}
