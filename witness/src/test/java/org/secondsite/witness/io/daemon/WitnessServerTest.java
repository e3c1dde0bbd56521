package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.client.NotServedException;
import org.secondsite.witness.io.client.UnansweredException;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;

/** The daemon and its client over TLS on loopback. */
@Tag("slow")
@Timeout(180)
class WitnessServerTest {
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    /** Long against the time for which a busy machine may keep a living owner from its heartbeats. */
    private static final int OWNER_FRESH_MS = 800;

    private static final int MAX_GRANT_DELAY_MS = 4000;

    /** Nobody waits for so long. */
    private static final int LONG_GRANT_DELAY_MS = 30_000;

    private static final int HEARTBEAT_MS = 50;
    private static final int ANSWER_TIMEOUT_MS = 5000;

    @TempDir
    private Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private TestAuthority authority;
    private WitnessServer server;
    private final Heard heardAtA = new Heard();
    private final Heard heardAtB = new Heard();

    @BeforeEach
    void openServer() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
        server = open(0);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        server.close();
    }

    private WitnessServer open(int port) throws Exception {
        return open(port, MAX_GRANT_DELAY_MS);
    }

    private WitnessServer open(int port, int maxGrantDelayMs) throws Exception {
        TlsFiles witness = authority.issue("witness");
        WitnessServerSettings settings = new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
                directory.resolve("data"),
                witness,
                List.of(new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, B, C, C)),
                OWNER_FRESH_MS,
                maxGrantDelayMs);
        return Files.exists(directory.resolve("data")) ? WitnessServer.open(settings) : WitnessServer.begin(settings);
    }

    private WitnessClient client(SiteId self, TestAuthority signer, String commonName, int heartbeatMs, Heard heard)
            throws Exception {
        TlsFiles holder = signer.issue(commonName);
        WitnessClient client = WitnessClient.open(
                new WitnessClientSettings(
                        self,
                        List.of(server.address()),
                        new TlsFiles(holder.certificate(), holder.key(), authority.file()),
                        heartbeatMs,
                        ANSWER_TIMEOUT_MS),
                heard);
        opened.add(client);
        return client;
    }

    private WitnessClient client(SiteId self, Heard heard) throws Exception {
        WitnessClient client = client(self, authority, self.name(), HEARTBEAT_MS, heard);
        heard.untilUp();
        return client;
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static OwnershipRecord granted(CompletableFuture<Answer> answer) throws Exception {
        return assertInstanceOf(Answer.Granted.class, get(answer)).record();
    }

    private static <E extends Exception> String failure(Class<E> type, CompletableFuture<?> answer) {
        ExecutionException failed = assertThrows(ExecutionException.class, () -> get(answer));
        return assertInstanceOf(type, failed.getCause()).getMessage();
    }

    @Test
    void grantIsAnsweredAndWatchedByBothSites() throws Exception {
        WitnessClient a = client(A, heardAtA);
        client(B, heardAtB);
        OwnershipRecord first = new OwnershipRecord(WEB, 1, 0, A, Set.of(A));
        OwnershipRecord ofMail = new OwnershipRecord(MAIL, 2, 0, C, Set.of(C));
        assertEquals(first, heardAtA.nextRecord());
        assertEquals(first, heardAtB.nextRecord());
        assertEquals(ofMail, heardAtB.nextRecord());

        OwnershipRecord second = new OwnershipRecord(WEB, 3, 1, A, Set.of(A, B));
        assertEquals(second, granted(a.ask(WEB, 1, A, Set.of(A, B), "b holds a full image")));
        assertEquals(second, heardAtA.nextRecord());
        assertEquals(second, heardAtB.nextRecord());
        assertEquals(second, get(a.read(WEB)));
        assertEquals(0, heardAtA.recordsLeft());
    }

    @Test
    void refusalTellsTheRecordAndWhy() throws Exception {
        WitnessClient b = client(B, heardAtB);
        Answer.Refused refused =
                assertInstanceOf(Answer.Refused.class, get(b.ask(WEB, 1, B, Set.of(B), "a is silent")));
        assertEquals(new OwnershipRecord(WEB, 1, 0, A, Set.of(A)), refused.current());
        assertTrue(refused.reason().startsWith("the asking site is not in sync"), refused.reason());
        assertEquals(1, server.counters().refused());
    }

    @Test
    void siteIsServedItsOwnGroupsOnly() throws Exception {
        WitnessClient a = client(A, heardAtA);
        assertEquals(
                "group 'mail' is none of site 'a'",
                failure(NotServedException.class, a.ask(MAIL, 2, A, Set.of(A), "mine")));
        assertEquals("group 'mail' is none of site 'a'", failure(NotServedException.class, a.read(MAIL)));
        assertEquals(
                "group 'other' is not configured at this witness",
                failure(NotServedException.class, a.ask(new GroupId("other"), 1, A, Set.of(A), "mine")));
        assertEquals(
                "site 'a' can force only itself to be owner",
                failure(NotServedException.class, a.force(WEB, 1, B, "x")));
    }

    @Test
    void operatorSeesAllAndForcesWithAReason() throws Exception {
        WitnessClient operator = client(AccessRule.OPERATOR, authority, "operator", 0, heardAtA);
        heardAtA.untilUp();
        assertEquals(3, heardAtA.nextRecord().term() + heardAtA.nextRecord().term());
        Answer.Refused refused = assertInstanceOf(Answer.Refused.class, get(operator.force(WEB, 1, B, "")));
        assertEquals("a forced change needs a written reason", refused.reason());
        assertEquals(
                new OwnershipRecord(WEB, 3, 1, B, Set.of(B)),
                granted(operator.force(WEB, 1, B, "site a is under water, its last minute is lost")));
    }

    @Test
    void standbyWaitsWhileTheOwnerIsHeardAndIsRefusedWhenTheOwnerAsks() throws Exception {
        WitnessClient a = client(A, heardAtA);
        WitnessClient b = client(B, heardAtB);
        granted(a.ask(WEB, 1, A, Set.of(A, B), "protect"));
        CompletableFuture<Answer> promotion = b.ask(WEB, 3, B, Set.of(B), "the link is cut");
        assertThrows(TimeoutException.class, () -> promotion.copy().get(2 * OWNER_FRESH_MS, TimeUnit.MILLISECONDS));
        OwnershipRecord solo = granted(a.ask(WEB, 3, A, Set.of(A), "the link is cut"));
        Answer.Refused refused = assertInstanceOf(Answer.Refused.class, get(promotion));
        assertEquals(solo, refused.current());
        assertEquals(1, server.counters().delayed());
    }

    @Test
    void standbyOfAnOwnerThatDoesNotActIsGrantedAfterTheMaximumDelay() throws Exception {
        WitnessClient a = client(A, heardAtA);
        WitnessClient b = client(B, heardAtB);
        granted(a.ask(WEB, 1, A, Set.of(A, B), "protect"));
        long start = System.nanoTime();
        granted(b.ask(WEB, 3, B, Set.of(B), "the owner does not answer"));
        long tookMs = (System.nanoTime() - start) / 1_000_000;
        assertTrue(tookMs >= MAX_GRANT_DELAY_MS, tookMs + " ms");
    }

    @Test
    void standbyOfADeadOwnerIsGrantedWhenTheOwnerIsNoLongerFresh() throws Exception {
        server.close();
        server = open(0, LONG_GRANT_DELAY_MS);
        WitnessClient a = client(A, heardAtA);
        WitnessClient b = client(B, heardAtB);
        granted(a.ask(WEB, 1, A, Set.of(A, B), "protect"));
        a.close();
        long start = System.nanoTime();
        granted(b.ask(WEB, 3, B, Set.of(B), "the owner is silent"));
        long tookMs = (System.nanoTime() - start) / 1_000_000;
        assertTrue(tookMs < LONG_GRANT_DELAY_MS, tookMs + " ms");
    }

    @Test
    void standbyThatDiesWhileItWaitsIsNotMadeOwner() throws Exception {
        WitnessClient a = client(A, heardAtA);
        WitnessClient b = client(B, heardAtB);
        granted(a.ask(WEB, 1, A, Set.of(A, B), "protect"));
        CompletableFuture<Answer> promotion = b.ask(WEB, 3, B, Set.of(B), "the link is cut");
        while (server.counters().delayed() == 0) {
            Thread.sleep(10);
        }
        b.close();
        assertEquals("the client was closed", failure(UnansweredException.class, promotion));
        Thread.sleep(MAX_GRANT_DELAY_MS + 300);
        assertEquals(3, get(a.read(WEB)).term());
    }

    @Test
    void restartRemembersAndClientsComeBack() throws Exception {
        WitnessClient a = client(A, heardAtA);
        heardAtA.nextRecord();
        OwnershipRecord last = granted(a.ask(WEB, 1, A, Set.of(A, B), "protect"));
        assertEquals(last, heardAtA.nextRecord());
        int port = server.address().getPort();
        server.close();
        heardAtA.untilReachable(said -> said.startsWith("down: ") && said.endsWith("the witness stops"));
        String unanswered = failure(UnansweredException.class, a.ask(WEB, 3, A, Set.of(A), "solo"));
        assertTrue(unanswered.startsWith("no witness is connected"), unanswered);
        server = open(port);
        heardAtA.untilUp();
        assertEquals(last, get(a.read(WEB)));
        assertEquals(4, granted(a.ask(WEB, 3, A, Set.of(A), "solo")).term());
        assertEquals(4, heardAtA.nextRecord().term());
    }

    @Test
    void foreignCertificateIsRefusedAndTheClientIsToldWhy() throws Exception {
        TestAuthority foreign = new TestAuthority(directory.resolve("foreign"));
        client(A, foreign, "a", HEARTBEAT_MS, heardAtA);
        heardAtA.untilReachable(said -> said.contains("the witness does not accept this certificate: "));
        assertTrue(server.counters().rejected() > 0);
    }

    @Test
    void foreignWitnessIsNotTrusted() throws Exception {
        TlsFiles holder = authority.issue("a");
        TestAuthority other = new TestAuthority(directory.resolve("other"));
        opened.add(WitnessClient.open(
                new WitnessClientSettings(
                        A,
                        List.of(server.address()),
                        new TlsFiles(holder.certificate(), holder.key(), other.file()),
                        HEARTBEAT_MS,
                        ANSWER_TIMEOUT_MS),
                heardAtA));
        heardAtA.untilReachable(words -> words.startsWith("down: ") && words.contains("TLS"));
    }

    @Test
    void certificateOfNoConfiguredSiteIsRefused() throws Exception {
        client(new SiteId("d"), authority, "d", HEARTBEAT_MS, heardAtA);
        heardAtA.untilReachable(said -> said.endsWith("'d' is no site of any group of this witness"));
    }

    @Test
    void siteWithAnotherSitesCertificateIsRefused() throws Exception {
        client(A, authority, "b", HEARTBEAT_MS, heardAtA);
        heardAtA.untilReachable(said -> said.endsWith("'a' has the certificate of 'b'"));
    }

    @Test
    void serverThatIsNotTheWitnessIsNotTrusted() throws Exception {
        server.close();
        TlsFiles pretender = authority.issue("b");
        Files.copy(
                pretender.certificate(),
                authority.issue("witness").certificate(),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        server = WitnessServer.open(new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                pretender,
                List.of(),
                OWNER_FRESH_MS,
                MAX_GRANT_DELAY_MS));
        client(A, authority, "a", HEARTBEAT_MS, heardAtA);
        heardAtA.untilReachable(said -> said.endsWith("the peer's certificate is that of 'b', not of the witness"));
    }

    @Test
    void renewedCertificateIsUsedWithoutARestart() throws Exception {
        WitnessClient a = client(A, heardAtA);
        int port = server.address().getPort();
        Path certificate = authority.issue("witness").certificate();
        Files.setLastModifiedTime(certificate, FileTime.fromMillis(1));
        client(B, heardAtB);
        assertEquals(port, server.address().getPort());
        assertEquals(1, get(a.read(WEB)).term());
        Files.writeString(certificate, "half written");
        client(C, new Heard());
    }

    /** The disk is put back as it was, without a word: what the gateways remember shows it. */
    @Test
    void noTermTwiceAWitnessWhoseDiskWentBackInTimeGrantsNothingUntilItIsRecovered() throws Exception {
        WitnessClient a = client(A, heardAtA);
        WitnessClient b = client(B, heardAtB);
        Path log = directory.resolve("data").resolve("records.log");
        byte[] before = Files.readAllBytes(log);
        assertEquals(
                3, granted(a.ask(WEB, 1, A, Set.of(A, B), "b holds an image")).term());
        assertEquals(4, granted(b.ask(WEB, 3, B, Set.of(B), "a is silent")).term());
        int port = server.address().getPort();
        server.close();
        heardAtA.untilDown();
        Files.write(log, before);
        server = open(port);
        heardAtA.untilUp();
        heardAtB.untilUp();

        String lost = failure(NotServedException.class, a.ask(WEB, 1, A, Set.of(A), "what the old record allows"));
        assertTrue(lost.contains("lost grants") && lost.contains("knows of 4"), lost);
        assertEquals(4, server.counters().heardTerm());
        assertTrue(server.counters().behind() > 0);
        WitnessClient operator = client(AccessRule.OPERATOR, authority, "operator", 0, new Heard());
        operatorIsUp(operator);
        OwnershipRecord anew = granted(operator.recover(WEB, 0, 0, B, "the disk was put back; b runs the VM"));
        assertEquals(new OwnershipRecord(WEB, (1L << 32) + 1, 1, B, Set.of(B)), anew);
        assertEquals(
                anew.term() + 1,
                granted(b.ask(WEB, anew.term(), B, Set.of(A, B), "as ever")).term());
        String mail = failure(NotServedException.class, b.ask(MAIL, 2, C, Set.of(B, C), "of before the loss"));
        assertTrue(mail.contains("must recover it"), mail);
    }

    private static void operatorIsUp(WitnessClient operator) throws Exception {
        for (int i = 0; i < 200; i++) {
            try {
                get(operator.read(WEB));
                return;
            } catch (ExecutionException notYet) {
                Thread.sleep(20);
            }
        }
        throw new AssertionError("the operator is not connected");
    }

    @Test
    void aCopyOfASitesGatewayIsRefusedWhileTheOriginalIsHeardAndTheOriginalIsTold() throws Exception {
        WitnessClient a = client(A, heardAtA);
        Heard heardByCopy = new Heard();
        client(A, authority, "a", HEARTBEAT_MS, heardByCopy);
        heardByCopy.untilReachable(said -> said.contains("another gateway with the certificate of 'a' is live"));
        assertEquals(0, heardByCopy.recordsLeft(), "it is told no role");
        assertEquals(3, granted(a.ask(WEB, 1, A, Set.of(A, B), "not disturbed")).term());
        assertTrue(server.counters().clones() > 0);
        heardAtA.untilNotice(text -> text.contains("another gateway with this site's certificate"));
    }

    /** What 1929ff2 lets strangers do: connections that say nothing take every place for as long as a handshake may take. */
    @Test
    void threeHundredIdleConnectionsKeepNoGatewayOut() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < 300; i++) {
                idle.add(idleConnection());
            }
            for (int i = 0; i < 40; i++) {
                Heard heard = new Heard();
                try (WitnessClient operator = client(AccessRule.OPERATOR, authority, "operator", 0, heard)) {
                    heard.untilUp();
                    assertEquals(1, get(operator.read(WEB)).term());
                }
                idle.add(idleConnection());
            }
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }

    private Socket idleConnection() throws IOException {
        Socket socket = new Socket();
        socket.connect(server.address(), 5000);
        return socket;
    }

    @Test
    void aConnectionThatSaysNothingOrHalfAHandshakeIsClosedInTime() throws Exception {
        for (byte[] said : List.of(new byte[0], new byte[] {22, 3, 1, 2, 0, 1})) {
            try (Socket socket = idleConnection()) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream().write(said);
                long start = System.nanoTime();
                assertTrue(socket.getInputStream().readAllBytes().length < 64);
                assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(15), "closed by a deadline");
            }
        }
    }

    @Test
    void plainTextIsClosed() throws Exception {
        try (Socket socket = new Socket()) {
            socket.connect(server.address(), 5000);
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertTrue(socket.getInputStream().readAllBytes().length < 64);
        }
        client(A, heardAtA);
    }

    @Test
    void addressInUseAndUnusableFilesAreErrors() throws Exception {
        TlsFiles witness = authority.issue("witness");
        IOException taken = assertThrows(
                IOException.class,
                () -> WitnessServer.begin(new WitnessServerSettings(
                        server.address(),
                        directory.resolve("data2"),
                        witness,
                        List.of(),
                        OWNER_FRESH_MS,
                        MAX_GRANT_DELAY_MS)));
        assertTrue(taken.getMessage().startsWith("cannot listen on"), taken.getMessage());
        IOException unusable = assertThrows(
                IOException.class,
                () -> WitnessServer.open(new WitnessServerSettings(
                        server.address(),
                        directory.resolve("data2"),
                        new TlsFiles(witness.key(), witness.certificate(), authority.file()),
                        List.of(),
                        OWNER_FRESH_MS,
                        MAX_GRANT_DELAY_MS)));
        assertTrue(unusable.getMessage().startsWith("cannot use certificate "), unusable.getMessage());
    }

    @Test
    void groupRememberedWithOtherSitesStopsTheStart() throws Exception {
        server.close();
        TlsFiles witness = authority.issue("witness");
        IOException refused = assertThrows(
                IOException.class,
                () -> WitnessServer.open(new WitnessServerSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        directory.resolve("data"),
                        witness,
                        List.of(new GroupSettings(WEB, A, C, A)),
                        OWNER_FRESH_MS,
                        MAX_GRANT_DELAY_MS)));
        assertEquals(
                "group web is remembered with the sites [a, b], the configuration says [a, c]", refused.getMessage());
    }
}
