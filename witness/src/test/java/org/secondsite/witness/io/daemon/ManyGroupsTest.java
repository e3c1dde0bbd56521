package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.pki.TestAuthority;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;

/** A site of so many groups that their records are more than a connection takes at once. */
@Tag("slow")
@Timeout(400)
class ManyGroupsTest {
    private static final int GROUPS = 3000;
    private static final int OWNER_FRESH_MS = 800;
    private static final int MAX_GRANT_DELAY_MS = 4000;
    private static final int HEARTBEAT_MS = 50;
    private static final int ANSWER_TIMEOUT_MS = 120_000;
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final List<GroupSettings> SETTINGS = IntStream.range(0, GROUPS)
            .mapToObj(i -> new GroupSettings(new GroupId("group-" + i), A, B, A))
            .toList();

    @TempDir
    private Path directory;

    @Test
    void itIsToldOfEachAndMayAskForAllAtOnce() throws Exception {
        TestAuthority authority = new TestAuthority(directory.resolve("pki"));
        TlsFiles witness = authority.issue("witness");
        try (WitnessServer server = WitnessServer.begin(new WitnessServerSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                directory.resolve("data"),
                witness,
                SETTINGS,
                OWNER_FRESH_MS,
                MAX_GRANT_DELAY_MS))) {
            Heard heard = new Heard();
            try (WitnessClient a = client(server, authority, A, heard)) {
                assertEquals(GROUPS, told(heard));
                List<CompletableFuture<Answer>> answers = SETTINGS.stream()
                        .map(group -> a.ask(group.group(), termOf(group), A, Set.of(A, B), "its image is whole"))
                        .toList();
                for (CompletableFuture<Answer> answer : answers) {
                    assertInstanceOf(Answer.Granted.class, answer.get(ANSWER_TIMEOUT_MS, TimeUnit.MILLISECONDS));
                }
                assertEquals(GROUPS, told(heard));
            }
            try (WitnessClient operator = client(server, authority, AccessRule.OPERATOR, new Heard())) {
                NodeStatus status =
                        operator.status().get(server.address()).get(ANSWER_TIMEOUT_MS, TimeUnit.MILLISECONDS);
                assertEquals(GROUPS, status.records().size());
            }
        }
    }

    /** Terms come from one counter, and the groups were enrolled in turn. */
    private static long termOf(GroupSettings group) {
        return SETTINGS.indexOf(group) + 1L;
    }

    private static int told(Heard heard) throws InterruptedException {
        Set<GroupId> groups = new HashSet<>();
        for (int i = 0; i < GROUPS; i++) {
            groups.add(heard.nextRecord().group());
        }
        return groups.size();
    }

    private static WitnessClient client(WitnessServer server, TestAuthority authority, SiteId self, Heard heard)
            throws Exception {
        TlsFiles holder = authority.issue(self.name());
        WitnessClient client = WitnessClient.open(
                new WitnessClientSettings(
                        self, List.of(server.address()), holder, self.equals(A) ? HEARTBEAT_MS : 0, ANSWER_TIMEOUT_MS),
                heard);
        heard.untilUp();
        return client;
    }
}
