package org.secondsite.witness.io.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
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
import org.secondsite.testing.FreePort;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.io.client.UnansweredException;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.io.quorum.QuorumSettings;

/** Several nodes on loopback, with the sockets, the TLS and the files of real ones, and the client that gateways use. */
@Tag("slow")
@Timeout(300)
class QuorumTest {
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final List<GroupSettings> GROUPS =
            List.of(new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, A, B, B));
    private static final List<String> THREE = List.of("w1", "w2", "w3");

    /** Long, because many tests share few cores: a leader that waits for its turn is not dead. */
    private static final int ELECTION_TIMEOUT_MS = 500;

    /** Long for the same reason: a living owner's heartbeats may come late. */
    private static final int OWNER_FRESH_MS = 800;

    private static final int MAX_GRANT_DELAY_MS = 4000;

    @TempDir
    private Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final Map<SiteId, WitnessClient> gateways = new TreeMap<>();
    private final Map<String, WitnessServer> nodes = new TreeMap<>();
    private final Map<String, InetSocketAddress> addresses = new TreeMap<>();
    private final Map<String, CuttableRelay> relays = new HashMap<>();
    private TestAuthority authority;

    @BeforeEach
    void makeAuthority() throws Exception {
        authority = new TestAuthority(directory.resolve("pki"));
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
        nodes.values().forEach(WitnessServer::close);
    }

    private void reserve(List<String> names) throws IOException {
        for (String name : names) {
            addresses.put(name, new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.onLoopback()));
        }
    }

    private void start(List<String> names) throws Exception {
        if (addresses.isEmpty()) {
            reserve(names);
        }
        for (String name : names) {
            nodes.put(name, open(name, "witness"));
        }
    }

    private WitnessServerSettings settings(
            String name, Map<String, InetSocketAddress> peers, TlsFiles holder, List<GroupSettings> groups) {
        return new WitnessServerSettings(
                addresses.get(name),
                directory.resolve(name),
                holder,
                groups,
                OWNER_FRESH_MS,
                MAX_GRANT_DELAY_MS,
                Optional.of(new QuorumSettings(name, peers, directory.resolve(name), ELECTION_TIMEOUT_MS)));
    }

    private WitnessServer open(String name, String commonName) throws Exception {
        Map<String, InetSocketAddress> peers = new TreeMap<>(addresses);
        for (String other : addresses.keySet()) {
            CuttableRelay relay = relays.get(name + ">" + other);
            if (relay != null) {
                peers.put(other, relay.address());
            }
        }
        WitnessServerSettings settings = settings(name, peers, authority.issue(commonName), GROUPS);
        return Files.exists(directory.resolve(name)) ? WitnessServer.open(settings) : WitnessServer.begin(settings);
    }

    private void stop(String name) {
        nodes.remove(name).close();
    }

    private void relayAll() throws IOException {
        reserve(THREE);
        for (String from : THREE) {
            for (String to : THREE) {
                if (!from.equals(to)) {
                    CuttableRelay relay = new CuttableRelay(addresses.get(to));
                    relays.put(from + ">" + to, relay);
                    opened.add(relay);
                }
            }
        }
    }

    private WitnessClient client(SiteId self, Heard heard, List<InetSocketAddress> endpoints) throws Exception {
        return client(self, heard, endpoints, UnaryOperator.identity());
    }

    private WitnessClient client(
            SiteId self, Heard heard, List<InetSocketAddress> endpoints, UnaryOperator<WitnessClientSettings> memory)
            throws Exception {
        TlsFiles holder = authority.issue(self.name());
        WitnessClientSettings settings = new WitnessClientSettings(self, endpoints, holder, 50, 10_000);
        WitnessClient client = WitnessClient.open(memory.apply(settings), heard);
        opened.add(client);
        heard.untilUp();
        return client;
    }

    /** The gateway of a site, in place of the one before: only one may be. */
    private WitnessClient client(SiteId self) throws Exception {
        return client(self, 0);
    }

    private WitnessClient client(SiteId self, long remembers) throws Exception {
        WitnessClient before = gateways.remove(self);
        if (before != null) {
            before.close();
        }
        WitnessClient client =
                client(self, new Heard(), List.copyOf(addresses.values()), s -> s.remembering(remembers));
        gateways.put(self, client);
        return client;
    }

    private String leader() throws InterruptedException {
        until("a leader", () -> leading().isPresent());
        return leading().orElseThrow();
    }

    private Optional<String> leading() {
        return nodes.entrySet().stream()
                .filter(node -> node.getValue().standing().role() == StoreStanding.Role.LEADER)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private static void until(String what, BooleanSupplier condition) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60); !condition.getAsBoolean(); ) {
            assertTrue(System.nanoTime() < end, "waited 60 s for " + what);
            Thread.sleep(5);
        }
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }

    private static OwnershipRecord granted(CompletableFuture<Answer> answer) throws Exception {
        return assertInstanceOf(Answer.Granted.class, get(answer)).record();
    }

    /** Protect, go solo, protect, ... each under the term before. */
    private static OwnershipRecord next(WitnessClient a, OwnershipRecord current) throws Exception {
        Set<SiteId> inSync = current.solo() ? Set.of(A, B) : Set.of(A);
        OwnershipRecord next = granted(a.ask(WEB, current.term(), A, inSync, "after term " + current.term()));
        assertTrue(next.term() > current.term());
        assertEquals(current.term(), next.previousTerm());
        return next;
    }

    @Test
    void grantOfAMajorityIsToldByEveryNode() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        Map<String, Heard> heard = new TreeMap<>();
        for (String name : THREE) {
            Heard atOne = new Heard();
            heard.put(name, atOne);
            client(B, atOne, List.of(addresses.get(name)));
        }
        OwnershipRecord current = get(a.read(WEB));
        assertEquals(Set.of(A), current.inSync());
        for (int i = 0; i < 5; i++) {
            current = next(a, current);
        }
        for (Heard each : heard.values()) {
            OwnershipRecord last = each.nextRecord();
            while (last.term() < current.term()) {
                last = each.nextRecord();
            }
            assertEquals(current, last);
        }
        assertEquals(
                7, nodes.get(leader()).records().getLast().term(), "two first records and five grants, one counter");
    }

    @Test
    void aGroupIsEnrolledAtRunningNodesInAnyOrder() throws Exception {
        GroupId shop = new GroupId("shop");
        List<GroupSettings> more = List.of(
                new GroupSettings(WEB, A, B, A), new GroupSettings(MAIL, A, B, B), new GroupSettings(shop, A, B, A));
        start(THREE);
        String leader = leader();
        Heard heard = new Heard();
        WitnessClient a = client(A, heard, List.copyOf(addresses.values()));
        List<String> order = new ArrayList<>(THREE);
        order.remove(leader);
        order.add(leader);
        for (String name : order) {
            TlsFiles holder = authority.issue("witness");
            nodes.get(name).alter(settings(name, addresses, holder, GROUPS), settings(name, addresses, holder, more));
        }
        OwnershipRecord told = heard.nextRecord();
        while (!told.group().equals(shop)) {
            told = heard.nextRecord();
        }
        assertEquals(Set.of(A), told.inSync());
        OwnershipRecord second = granted(a.ask(shop, told.term(), A, Set.of(A, B), "b holds a full image"));
        stop(leader);
        granted(a.ask(shop, second.term(), A, Set.of(A), "the next leader decides about it, too"));
    }

    @Test
    void statusOfEveryNodeNamesOneLeaderAndTheSameRecords() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        WitnessClient operator = client(AccessRule.OPERATOR);
        OwnershipRecord current = next(a, get(a.read(WEB)));
        OwnershipRecord forced =
                granted(operator.force(WEB, current.term(), B, "site a is under water, its last minute is lost"));
        until("all nodes have it", () -> nodes.values().stream()
                .allMatch(node -> node.records().contains(forced)));
        List<NodeStatus> all = new ArrayList<>();
        for (CompletableFuture<NodeStatus> each : operator.status().values()) {
            all.add(get(each));
        }
        assertEquals(THREE, all.stream().map(status -> status.standing().node()).toList());
        assertEquals(
                Set.of(leader()),
                Set.copyOf(
                        all.stream().map(status -> status.standing().leader()).toList()));
        assertEquals(1, all.stream().map(NodeStatus::records).distinct().count());
        NodeStatus.Made made = all.getFirst().records().getLast();
        assertEquals(
                new NodeStatus.Made(
                        forced, AccessRule.OPERATOR, "FORCED: site a is under water, its last minute is lost"),
                made);
        assertTrue(made.forced());
        assertTrue(all.getFirst().heardMs().get(A) < 30_000);
        for (NodeStatus status : all) {
            assertTrue(status.metrics().get("secondsite_witness_fsync_seconds_count") > 0, status::toString);
        }
    }

    @Test
    void minorityLostIsNotNoticedAndWithoutAMajorityNothingIsGranted() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        OwnershipRecord current = next(a, get(a.read(WEB)));
        String leader = leader();
        List<String> others =
                THREE.stream().filter(name -> !name.equals(leader)).toList();
        stop(others.getFirst());
        current = next(a, current);
        stop(others.getLast());
        ExecutionException unanswered = assertThrows(
                ExecutionException.class, () -> get(a.ask(WEB, 999, A, Set.of(A), "nobody can decide this")));
        assertInstanceOf(UnansweredException.class, unanswered.getCause());
        assertEquals(current, nodes.get(leader).records().getLast());
        nodes.put(others.getFirst(), open(others.getFirst(), "witness"));
        next(a, current);
    }

    @Test
    void nextLeaderGrantsWhenTheLeaderIsGone() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        OwnershipRecord current = get(a.read(WEB));
        for (int i = 0; i < 3; i++) {
            current = next(a, current);
            String leader = leader();
            stop(leader);
            current = next(a, current);
            nodes.put(leader, open(leader, "witness"));
        }
    }

    @Test
    void leaderThatIsCutOffCannotGrant() throws Exception {
        relayAll();
        start(THREE);
        String old = leader();
        WitnessClient a = client(A);
        OwnershipRecord current = next(a, get(a.read(WEB)));
        // That the leader could confirm a read since its last grant is no proof for those that come later.
        assertEquals(current, get(a.read(WEB)));
        long term = current.term();
        for (Map.Entry<String, CuttableRelay> relay : relays.entrySet()) {
            if (relay.getKey().contains(old)) {
                relay.getValue().cut();
            }
        }
        a.close();
        Heard heardAtOld = new Heard();
        WitnessClient besideOld = client(A, heardAtOld, List.of(addresses.get(old)));
        CompletableFuture<Answer> atOld = besideOld.ask(WEB, term, A, Set.of(A), "at the leader that is cut off");
        Map<String, InetSocketAddress> others = new TreeMap<>(addresses);
        others.remove(old);
        WitnessClient besideOthers = client(B, new Heard(), List.copyOf(others.values()));
        OwnershipRecord promoted =
                granted(besideOthers.ask(WEB, term, B, Set.of(B), "the owner is cut off with its witness node"));
        assertFalse(atOld.isDone() && !atOld.isCompletedExceptionally(), atOld::toString);
        assertEquals(term, nodes.get(old).records().getLast().term());
        assertEquals(0, heardAtOld.recordsLeft(), "a node that is left behind tells nobody what it believes");
        for (CuttableRelay relay : relays.values()) {
            relay.heal();
        }
        until("the old leader learns it", () -> nodes.get(old).records().contains(promoted));
        // Its client knows no other node, and this one leads no more.
        ExecutionException unanswered = assertThrows(ExecutionException.class, () -> get(atOld));
        assertInstanceOf(UnansweredException.class, unanswered.getCause());
        assertEquals(promoted, nodes.get(old).records().getLast());
    }

    /** Its gateway passes on what it says, as it would an honest word of an agent that alone remembers. */
    @Test
    void aHostThatLiesAboutATermStopsNoQuorum() throws Exception {
        start(THREE);
        Heard heard = new Heard();
        WitnessClient a = client(A, heard, List.copyOf(addresses.values()), s -> s.hearing(Map.of(WEB, 1000L)));
        heard.untilNotice(text -> text.contains("term 1000, which was never granted"));
        next(a, get(a.read(WEB)));
        granted(client(B).ask(MAIL, get(a.read(MAIL)).term(), B, Set.of(A, B), "a holds an image"));
    }

    @Test
    void allRestartedRemember() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        OwnershipRecord current = next(a, get(a.read(WEB)));
        for (int i = 0; i < 3; i++) {
            THREE.forEach(this::stop);
            start(THREE);
            WitnessClient again = client(A);
            assertEquals(current, get(again.read(WEB)));
            current = next(again, current);
        }
    }

    @Test
    void oneNodeIsAGroupOfOne() throws Exception {
        start(List.of("w1"));
        OwnershipRecord current = get(client(A).read(WEB));
        for (int life = 0; life < 3; life++) {
            WitnessClient a = client(A, current.term());
            current = next(a, next(a, current));
            stop("w1");
            start(List.of("w1"));
            assertEquals(current, get(client(A, current.term()).read(WEB)));
        }
        assertEquals(8, current.term());
    }

    @Test
    void nodeWithALostDiskIsFilledByTheOthersFromASnapshot() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        OwnershipRecord current = get(a.read(WEB));
        String lost = THREE.stream()
                .filter(name -> !name.equals(leading().orElse("")))
                .findFirst()
                .orElseThrow();
        current = next(a, current);
        stop(lost);
        for (int i = 0; i < 2100; i++) {
            current = next(a, current);
        }
        delete(directory.resolve(lost));
        nodes.put(lost, open(lost, "witness"));
        OwnershipRecord last = current;
        until("the records are there", () -> nodes.get(lost).records().contains(last));
        try (Stream<Path> files = Files.find(directory.resolve(lost), 5, (file, attributes) -> file.getFileName()
                .toString()
                .startsWith("snapshot"))) {
            assertTrue(files.findAny().isPresent());
        }
        String leader = leader();
        if (!leader.equals(lost)) {
            stop(leader);
        }
        current = next(a, current);
        next(a, current);
    }

    private static void delete(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path each, IOException failure) throws IOException {
                Files.delete(each);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    @Test
    void standbyWaitsAtTheLeaderWhileTheOwnerIsHeard() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        WitnessClient b = client(B);
        OwnershipRecord current = next(a, get(a.read(WEB)));
        CompletableFuture<Answer> promotion = b.ask(WEB, current.term(), B, Set.of(B), "the link is cut");
        Thread.sleep(OWNER_FRESH_MS * 3 / 2);
        assertFalse(promotion.isDone());
        OwnershipRecord solo = next(a, current);
        assertEquals(
                solo, assertInstanceOf(Answer.Refused.class, get(promotion)).current());
    }

    @Test
    void nodeWithASitesCertificateIsNoNode() throws Exception {
        reserve(THREE);
        nodes.put("w1", open("w1", "witness"));
        nodes.put("w2", open("w2", "a"));
        Thread.sleep(2000);
        assertEquals(Optional.empty(), leading());
        stop("w2");
        nodes.put("w2", open("w2", "witness"));
        leader();
    }

    @Test
    void renewedCertificateOfANodeIsUsedWithoutARestart() throws Exception {
        start(THREE);
        WitnessClient a = client(A);
        OwnershipRecord current = next(a, get(a.read(WEB)));
        // The files of all nodes: new key, new certificate, same authority.
        authority.issue("witness");
        String leader = leader();
        stop(leader);
        nodes.put(leader, open(leader, "witness"));
        current = next(a, current);
        String second = leader();
        stop(second);
        next(a, current);
    }
}
