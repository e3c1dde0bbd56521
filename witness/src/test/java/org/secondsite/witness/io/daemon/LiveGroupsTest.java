package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.client.NotServedException;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;

/** A witness that gets another group while its clients are connected. */
@Tag("slow")
@Timeout(60)
class LiveGroupsTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final SiteId C = new SiteId("c");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final int MS = 30_000;

    @TempDir
    private Path directory;

    private static WitnessServerSettings settings(Path directory, TlsFiles tls, GroupSettings... groups) {
        return new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                tls,
                List.of(groups),
                300,
                1500);
    }

    @Test
    void aGroupThatComesIsEnrolledAndToldWithoutAConnectionsEnd() throws Exception {
        TestAuthority authority = new TestAuthority(directory.resolve("pki"));
        TlsFiles witness = authority.issue("witness");
        WitnessServerSettings one = settings(directory, witness, new GroupSettings(WEB, A, B, A));
        WitnessServerSettings two =
                settings(directory, witness, new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, A, B, B));
        Heard heard = new Heard();
        try (WitnessServer server = WitnessServer.begin(one);
                WitnessClient a = WitnessClient.open(
                        new WitnessClientSettings(A, List.of(server.address()), authority.issue("a"), 50, MS), heard)) {
            heard.untilUp();
            ExecutionException unknown =
                    assertThrows(ExecutionException.class, () -> a.read(MAIL).get(MS, TimeUnit.MILLISECONDS));
            assertInstanceOf(NotServedException.class, unknown.getCause());
            assertEquals(1, server.records().size());

            server.alter(one, two);
            OwnershipRecord mail = a.read(MAIL).get(MS, TimeUnit.MILLISECONDS);
            assertEquals(B, mail.owner());
            long web = a.read(WEB).get(MS, TimeUnit.MILLISECONDS).term();
            assertInstanceOf(
                    Answer.Granted.class,
                    a.ask(WEB, web, A, Set.of(A, B), "both have it").get(MS, TimeUnit.MILLISECONDS));

            WitnessServerSettings wrong =
                    settings(directory, witness, new GroupSettings(WEB, A, C, A), new GroupSettings(MAIL, A, B, B));
            IOException refused = assertThrows(IOException.class, () -> server.alter(two, wrong));
            assertTrue(refused.getMessage().contains("group web is remembered with other sites"), refused.getMessage());
            assertEquals(1, server.counters().connections());
            assertEquals(mail, a.read(MAIL).get(MS, TimeUnit.MILLISECONDS));

            server.alter(two, one);
            ExecutionException gone =
                    assertThrows(ExecutionException.class, () -> a.read(MAIL).get(MS, TimeUnit.MILLISECONDS));
            assertInstanceOf(NotServedException.class, gone.getCause());
            server.alter(one, two);
            assertEquals(mail, a.read(MAIL).get(MS, TimeUnit.MILLISECONDS), "its record was kept");

            a.heartbeat(200);
            long seen = server.figures().status().heardMs().getOrDefault(A, -1L);
            assertTrue(seen >= 0, "it is heard");
        }
    }
}
