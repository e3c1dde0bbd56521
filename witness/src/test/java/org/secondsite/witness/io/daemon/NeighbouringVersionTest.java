package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
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
import org.secondsite.net.Decoded;
import org.secondsite.net.Refusal;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;
import org.secondsite.witness.wire.WireFault;

/** Version 2 at either end, spoken by a plain TLS socket and the codec. */
@Timeout(60)
class NeighbouringVersionTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final OwnershipRecord FIRST = new OwnershipRecord(WEB, 1, 0, A, Set.of(A));
    private static final int OLDER = 2;

    @TempDir
    private Path directory;

    private TestAuthority authority;

    /** The older end of a connection. */
    private static final class Older implements AutoCloseable {
        private final Socket socket;
        private final ByteBuf received = Unpooled.buffer();

        Older(Socket socket) throws IOException {
            this.socket = socket;
            socket.setSoTimeout(20_000);
        }

        void send(Message message) throws IOException {
            ByteBuf frame = Unpooled.buffer();
            MessageCodec.encode(message, frame);
            socket.getOutputStream().write(frame.array(), 0, frame.writerIndex());
        }

        Message next() throws IOException {
            while (true) {
                switch (MessageCodec.decode(received)) {
                    case Decoded.Complete<Message, Refusal<WireFault>>(Message message) -> {
                        return message;
                    }
                    case Decoded.NeedMore<Message, Refusal<WireFault>> more -> {
                        byte[] octets = new byte[4096];
                        int count = socket.getInputStream().read(octets);
                        if (count < 0) {
                            throw new EOFException("closed");
                        }
                        received.writeBytes(octets, 0, count);
                    }
                    case Decoded.Refused<Message, Refusal<WireFault>>(Refusal<WireFault> refusal) ->
                        throw new IOException(refusal.toString());
                }
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
    }

    @Test
    void aClientOfTheOlderVersionIsServedAndSentNothingThatItDoesNotKnow() throws Exception {
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
                Older client = new Older(tls.context()
                        .getSocketFactory()
                        .createSocket(
                                server.address().getAddress(), server.address().getPort()))) {
            client.send(new Message.Hello(OLDER, A, 7));
            assertInstanceOf(Message.Welcome.class, client.next());
            assertEquals(
                    FIRST,
                    assertInstanceOf(Message.Watched.class, client.next()).record());
            client.send(new Message.Heartbeat(A));
            assertInstanceOf(Message.Echo.class, client.next());
            try (Socket copy = tls.context()
                    .getSocketFactory()
                    .createSocket(
                            server.address().getAddress(), server.address().getPort())) {
                Older second = new Older(copy);
                second.send(new Message.Hello(OLDER, A, 8));
                assertInstanceOf(Message.Bye.class, second.next());
            }
            client.send(new Message.Ask(1, 1, WEB, A, Set.of(A, B), "no notice came in between"));
            Message news = client.next();
            Message answer = news instanceof Message.Watched ? client.next() : news;
            assertEquals(
                    2, assertInstanceOf(Message.Granted.class, answer).record().term());
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
                    5000);
            try (WitnessClient client = WitnessClient.open(settings, heard);
                    Older older = new Older(listening.accept())) {
                assertEquals(
                        OLDER,
                        assertInstanceOf(Message.Hello.class, older.next()).version());
                older.send(new Message.Welcome(OLDER));
                older.send(new Message.Watched(FIRST, A, "first record"));
                assertEquals(FIRST, heard.nextRecord());
                for (int i = 0; i < 5; i++) {
                    assertInstanceOf(Message.Heartbeat.class, older.next());
                    older.send(new Message.Echo());
                }
                assertEquals(0, heard.recordsLeft());
                var _ = client.read(WEB);
                Message next = older.next();
                assertInstanceOf(Message.Read.class, next instanceof Message.Heartbeat ? older.next() : next);
            }
        }
    }
}
