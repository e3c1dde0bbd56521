package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.SeatId;
import org.secondsite.witness.wire.Message;
import org.secondsite.witness.wire.MessageCodec;

/** What one lie about terms stops at a witness of one node, and what the truth must stop: with sockets, TLS and files, and no client of ours. */
@Timeout(120)
class LyingSiteTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final SiteId D = new SiteId("d");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId SHOP = new GroupId("shop");
    private static final GroupId MAIL = new GroupId("mail");
    private static final long ENROLLED = 3;

    @TempDir
    private Path directory;

    private TestAuthority authority;
    private WitnessServer server;
    private long calls;
    private long questions;

    @BeforeEach
    void beginWitness() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
        server = WitnessServer.begin(settings());
    }

    @AfterEach
    void close() {
        server.close();
    }

    private WitnessServerSettings settings() throws Exception {
        return new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                authority.issue("witness"),
                List.of(
                        new GroupSettings(WEB, A, B, A),
                        new GroupSettings(SHOP, A, C, A),
                        new GroupSettings(MAIL, C, D, C)),
                300,
                1500);
    }

    /** A gateway calls, and tells first which terms it knows. It may be displaced, but not by this witness. */
    private RawEnd calls(SiteId site, Message.Known... known) throws Exception {
        RawEnd end = RawEnd.connect(server.address(), authority.issue(site.name()), authority.file());
        end.send(new Message.Hello(MessageCodec.OLDEST_VERSION, site, ++calls));
        assertInstanceOf(Message.Welcome.class, end.next());
        for (Message.Known each : known) {
            end.send(each);
        }
        end.send(new Message.Seat(new SeatId(site.hashCode(), 1)));
        assertInstanceOf(Message.Admitted.class, end.next());
        return end;
    }

    private Message.Reply asks(RawEnd end, SiteId owner, GroupId group, long expectedTerm) throws IOException {
        end.send(new Message.Ask(++questions, expectedTerm, group, owner, Set.of(owner), "the other site is gone"));
        return Stream.generate(() -> nextOf(end))
                .filter(Message.Reply.class::isInstance)
                .map(Message.Reply.class::cast)
                .findFirst()
                .orElseThrow();
    }

    /** What the witness has said until it has taken all that was sent before. */
    private static List<Message> heard(RawEnd end, SiteId site) throws IOException {
        end.send(new Message.Heartbeat(site));
        return Stream.generate(() -> nextOf(end))
                .takeWhile(message -> !(message instanceof Message.Echo))
                .toList();
    }

    private static Message nextOf(RawEnd end) {
        try {
            return end.next();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private OwnershipRecord granted(RawEnd end, SiteId owner, GroupId group, long expectedTerm) throws IOException {
        return assertInstanceOf(Message.Granted.class, asks(end, owner, group, expectedTerm))
                .record();
    }

    private String refused(RawEnd end, SiteId owner, GroupId group, long expectedTerm) throws IOException {
        return assertInstanceOf(Message.NotServed.class, asks(end, owner, group, expectedTerm))
                .reason();
    }

    @Test
    void aGatewayThatLiesStopsNoGroupOfOthers() throws Exception {
        try (RawEnd c = calls(C, new Message.Term(0));
                RawEnd d = calls(D, new Message.Term(0));
                RawEnd liar = calls(A, new Message.Term(1000))) {
            assertTrue(refused(liar, A, WEB, 1).contains("lost grants"));
            assertTrue(refused(c, C, SHOP, 2).contains("lost grants"));
            assertEquals(ENROLLED + 1, granted(c, C, MAIL, ENROLLED).term());
            for (int lie = 2000; lie < 2010; lie++) {
                liar.send(new Message.Term(lie));
            }
            assertTrue(refused(liar, A, WEB, 1).contains("knows of 2009"));
            assertEquals(ENROLLED + 2, granted(c, C, MAIL, ENROLLED + 1).term(), "no lie brings the counter forward");
            assertTrue(heard(d, D).stream()
                    .anyMatch(message -> message instanceof Message.Watched(OwnershipRecord record, SiteId _, String _)
                            && record.term() == ENROLLED + 2));
        }
    }

    @Test
    void aHostThatLiesStopsTheGroupOfItsVmAlone() throws Exception {
        try (RawEnd a = calls(A, new Message.Term(0), new Message.TermOf(WEB, 1000));
                RawEnd c = calls(C, new Message.Term(0))) {
            assertTrue(refused(a, A, WEB, 1).contains("knows of 1000"));
            assertEquals(ENROLLED + 1, granted(a, A, SHOP, 2).term());
            c.send(new Message.TermOf(WEB, 1000));
            c.send(new Message.TermOf(SHOP, 1000));
            heard(c, C);
            assertTrue(refused(a, A, SHOP, ENROLLED + 1).contains("lost grants"));
        }
    }

    /** By then others were granted the terms that this witness has forgotten, so that its counter is past them. */
    @Test
    void noTermTwiceATruthThatComesLateStopsItsGroups() throws Exception {
        Path log = directory.resolve("data").resolve("records.log");
        byte[] before = Files.readAllBytes(log);
        try (RawEnd a = calls(A, new Message.Term(0))) {
            assertEquals(ENROLLED + 1, granted(a, A, WEB, 1).term());
        }
        server.close();
        Files.write(log, before);
        server = WitnessServer.open(settings());

        try (RawEnd c = calls(C, new Message.Term(ENROLLED))) {
            assertEquals(
                    ENROLLED + 2,
                    granted(c, C, MAIL, granted(c, C, MAIL, ENROLLED).term()).term());
            try (RawEnd b = calls(B, new Message.Term(ENROLLED));
                    RawEnd a = calls(A, new Message.Term(ENROLLED + 1))) {
                assertTrue(refused(a, A, WEB, 1).contains("lost grants"));
                assertTrue(refused(b, B, WEB, 1).contains("lost grants"));
            }
        }
    }
}
