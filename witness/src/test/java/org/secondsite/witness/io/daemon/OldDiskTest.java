package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.client.NotServedException;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;

/** A witness that is started again, perhaps from a disk that went back in time, with real sockets, TLS and files (NoTermTwice). */
@Timeout(120)
class OldDiskTest {
    private static final GroupId WEB = new GroupId("web");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");

    @TempDir
    private Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Heard heardAtA = new Heard();
    private TestAuthority authority;
    private WitnessServer server;

    @BeforeEach
    void beginWitness() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
        server = WitnessServer.begin(settings());
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        server.close();
    }

    private WitnessServerSettings settings() throws Exception {
        return new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                authority.issue("witness"),
                List.of(new GroupSettings(WEB, A, B, A)),
                300,
                1500);
    }

    /** The gateway of a site that starts, and remembers nothing of its own unless it is said. */
    private WitnessClient gateway(SiteId self, Heard heard, UnaryOperator<WitnessClientSettings> memory)
            throws Exception {
        WitnessClientSettings settings =
                new WitnessClientSettings(self, List.of(server.address()), authority.issue(self.name()), 50, 30_000);
        WitnessClient client = WitnessClient.open(memory.apply(settings), heard);
        opened.add(client);
        heard.untilUp();
        return client;
    }

    private static Answer get(CompletableFuture<Answer> answer) throws Exception {
        return answer.get(60, TimeUnit.SECONDS);
    }

    private static OwnershipRecord granted(CompletableFuture<Answer> answer) throws Exception {
        return assertInstanceOf(Answer.Granted.class, get(answer)).record();
    }

    private static String refused(CompletableFuture<Answer> answer) {
        ExecutionException failed = assertThrows(ExecutionException.class, () -> get(answer));
        return assertInstanceOf(NotServedException.class, failed.getCause()).getMessage();
    }

    /** Witness and gateways have lost their disks, and of all agents that of b alone remembers; a calls first. */
    @Test
    void noTermTwiceAnOldDiskIsNotBelievedBeforeTheGatewaysOfBothSitesHaveCalled() throws Exception {
        Path log = directory.resolve("data").resolve("records.log");
        byte[] before = Files.readAllBytes(log);
        try (WitnessClient first = gateway(A, new Heard(), UnaryOperator.identity())) {
            assertEquals(
                    2, granted(first.ask(WEB, 1, A, Set.of(A, B), "protect")).term());
        }
        server.close();
        Files.write(log, before);
        server = WitnessServer.open(settings());

        WitnessClient a = gateway(A, heardAtA, UnaryOperator.identity());
        heardAtA.untilNotice(text -> text.contains("the gateway of 'b'"));
        String waits = refused(a.ask(WEB, 1, A, Set.of(A), "as the old record allows"));
        assertTrue(waits.contains("the gateway of 'b'"), waits);
        gateway(B, new Heard(), settings -> settings.hearing(Map.of(WEB, 2L)));
        String lost = refused(a.ask(WEB, 1, A, Set.of(A), "as the old record allows"));
        assertTrue(lost.contains("lost grants") && lost.contains("knows of 2"), lost);
        assertEquals(0, heardAtA.recordsLeft());
    }

    @Test
    void aGatewayThatRemembersIsServedAtOnceAlsoWhenTheOtherSiteIsGone() throws Exception {
        server.close();
        server = WitnessServer.open(settings());
        WitnessClient a = gateway(A, heardAtA, settings -> settings.remembering(1));
        assertEquals(1, heardAtA.nextRecord().term());
        assertEquals(2, granted(a.ask(WEB, 1, A, Set.of(A), "it stays alone")).term());
    }

    @Test
    void gatewaysThatRememberNothingAreServedWhenBothHaveCalled() throws Exception {
        server.close();
        server = WitnessServer.open(settings());
        WitnessClient a = gateway(A, heardAtA, UnaryOperator.identity());
        heardAtA.untilNotice(text -> text.contains("the gateway of 'b'"));
        gateway(B, new Heard(), UnaryOperator.identity());
        assertEquals(1, heardAtA.nextRecord().term());
        assertEquals(2, granted(a.ask(WEB, 1, A, Set.of(A), "both have called")).term());
    }

    @Test
    void aFirstInstallationWaitsForNobody() throws Exception {
        WitnessClient a = gateway(A, heardAtA, UnaryOperator.identity());
        assertEquals(1, heardAtA.nextRecord().term());
        assertEquals(
                2,
                granted(a.ask(WEB, 1, A, Set.of(A), "the other site is still to be built"))
                        .term());
    }
}
