package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** Two gateways with one site's certificate, as plain sockets that speak the protocol. */
@Timeout(180)
class ClonedSiteTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SeatId HERE = new SeatId(1, 2);
    private static final SeatId THERE = new SeatId(3, 4);

    @TempDir
    private Path directory;

    private TestAuthority authority;
    private TlsFiles witness;
    private TlsFiles holder;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
        witness = authority.issue("witness");
        holder = authority.issue("a");
    }

    private WitnessServerSettings settings() {
        return new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                witness,
                List.of(new GroupSettings(WEB, A, B, A)),
                300,
                1500);
    }

    /** Connects for the first time, and tells a seat; what it is told then is still to be read. */
    private RawEnd gateway(WitnessServer server, long client, SeatId seat) throws IOException {
        return gateway(server, client, 0, seat);
    }

    /** The same, and remembers a term. */
    private RawEnd gateway(WitnessServer server, long client, long term, SeatId seat) throws IOException {
        RawEnd end = RawEnd.connect(server.address(), holder, authority.file());
        end.send(new Message.Hello(MessageCodec.OLDEST_VERSION, A, client));
        assertEquals(new Message.Welcome(MessageCodec.VERSION), end.next());
        end.send(new Message.Term(term));
        end.send(new Message.Seat(seat));
        return end;
    }

    private static void admitted(RawEnd gateway) throws IOException {
        assertEquals(new Message.Admitted(), gateway.next());
        assertInstanceOf(Message.Watched.class, gateway.next());
    }

    private static void refused(RawEnd gateway) throws IOException {
        assertInstanceOf(Message.Displaced.class, gateway.next());
        assertInstanceOf(Message.Bye.class, gateway.next());
        assertThrows(IOException.class, gateway::next, "closed, and told no record");
    }

    @Test
    void aCopyIsRefusedAlsoWhenTheOwnerIsGoneAndWhenTheWitnessWasRestarted() throws Exception {
        try (WitnessServer server = WitnessServer.begin(settings())) {
            try (RawEnd original = gateway(server, 7, HERE)) {
                admitted(original);
                try (RawEnd copy = gateway(server, 8, THERE)) {
                    refused(copy);
                }
                assertInstanceOf(Message.Notice.class, original.next());
            }
            try (RawEnd copy = gateway(server, 8, THERE)) {
                refused(copy);
            }
            assertEquals(2, server.counters().clones());
        }
        assertTrue(Files.exists(directory.resolve("data/seats")));
        try (WitnessServer server = WitnessServer.open(settings());
                RawEnd copy = gateway(server, 8, 1, THERE)) {
            refused(copy);
            try (RawEnd restarted = gateway(server, 9, 1, HERE)) {
                admitted(restarted);
                restarted.send(new Message.Ask(1, 1, WEB, A, Set.of(A, B), "served"));
                Message news = restarted.next();
                Message answer = news instanceof Message.Watched ? restarted.next() : news;
                assertEquals(
                        2,
                        assertInstanceOf(Message.Granted.class, answer).record().term());
            }
        }
    }

    @Test
    void whoAsksBeforeItHasToldItsSeatIsRefused() throws Exception {
        try (WitnessServer server = WitnessServer.begin(settings());
                RawEnd end = RawEnd.connect(server.address(), holder, authority.file())) {
            end.send(new Message.Hello(MessageCodec.OLDEST_VERSION, A, 7));
            assertInstanceOf(Message.Welcome.class, end.next());
            end.send(new Message.Ask(1, 1, WEB, A, Set.of(A, B), "too soon"));
            assertInstanceOf(Message.Bye.class, end.next());
            assertEquals(1, server.records().getFirst().term());
        }
    }

    @Test
    void aDamagedMemoryOfSeatsStartsNoWitness() throws Exception {
        try (WitnessServer server = WitnessServer.begin(settings());
                RawEnd gateway = gateway(server, 7, HERE)) {
            admitted(gateway);
        }
        Path seats = directory.resolve("data/seats");
        Files.writeString(seats, Files.readString(seats).replace(HERE.toString(), THERE.toString()));
        IOException refused = assertThrows(IOException.class, () -> WitnessServer.open(settings()));
        assertTrue(refused.getMessage().contains("damaged"), refused.getMessage());
    }
}
