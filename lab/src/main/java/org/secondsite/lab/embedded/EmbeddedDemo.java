package org.secondsite.lab.embedded;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.pki.PkiCommand;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;
import org.secondsite.witness.io.quorum.QuorumSettings;

/**
 * The main job in seconds: two sites, a witness and a core router in this JVM, clients talk to the VM, the owner's site is
 * closed down in the middle, the standby takes over, and the clients' own record says whether anything was lost.
 *
 * <p>One JVM cannot be killed by halves: the dying site's parts are closed, its VM first. What is held is discarded, never
 * flushed, so for the packets it is the same. The demo with real parts kills real processes.
 */
public final class EmbeddedDemo {
    private static final int CONNECTIONS = 50;
    private static final Duration BEFORE = Duration.ofSeconds(1);
    private static final Duration AFTER = Duration.ofSeconds(1);
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final String WITNESS_NODE = "w1";

    /**
     * What the demo came to.
     *
     * @param client the client's record
     * @param takenOver whether the VM went on at the other site
     * @param phasesMs milliseconds from the last sign of life of the owner to each step
     */
    public record Result(EmbeddedRecord client, boolean takenOver, Map<String, Double> phasesMs) {
        /** Whether nothing was lost. */
        public boolean nothingLost() {
            return takenOver && client.broken() == 0 && client.answers() > 0;
        }
    }

    /** The client's own record: connections, how many of them broke, answers, longest silence in ms. */
    public record EmbeddedRecord(int connections, int broken, long answers, double longestGapMs) {}

    private final PrintStream out;
    private final boolean hold;
    private final Death death;

    private EmbeddedDemo(PrintStream out, boolean hold, Death death) {
        this.out = out;
        this.hold = hold;
        this.death = death;
    }

    /**
     * Runs it.
     *
     * @param out progress for people
     * @param hold false to let output out unheld, which loses connections
     * @throws Exception if a part cannot be started, or protection does not come about
     */
    public static Result run(PrintStream out, boolean hold) throws Exception {
        return run(out, hold, owner -> owner.die(CONNECTIONS));
    }

    /** Another end of the owner's site than that of the demo. */
    @FunctionalInterface
    interface Death {
        /** Strikes, and returns when the blow is dealt. */
        void strike(EmbeddedSite owner) throws Exception;
    }

    /** The same with another death. */
    static Result run(PrintStream out, boolean hold, Death death) throws Exception {
        Path directory = Files.createTempDirectory("secondsite-embedded");
        try {
            return new EmbeddedDemo(out, hold, death).run(directory);
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    private Result run(Path directory) throws Exception {
        PkiCommand.write(directory, List.of("a", "b", "witness", EmbeddedSite.hostOf(A), EmbeddedSite.hostOf(B)));
        InetAddress addressA = IpPrefix.parseAddress("127.0.0.2");
        InetAddress addressB = IpPrefix.parseAddress("127.0.0.3");
        int[] ports = freePorts(8);
        InetSocketAddress coreAt = new InetSocketAddress(IpPrefix.parseAddress("127.0.0.1"), ports[0]);
        InetSocketAddress witnessAt = new InetSocketAddress(IpPrefix.parseAddress("127.0.0.1"), ports[1]);
        InetSocketAddress tunnelA = new InetSocketAddress(addressA, ports[2]);
        InetSocketAddress tunnelB = new InetSocketAddress(addressB, ports[3]);
        Map<InetAddress, EmbeddedSite> sites = new LinkedHashMap<>();
        try (WitnessServer witness = witness(directory, witnessAt);
                CoreRouter core = new CoreRouter(coreAt, Map.of(addressA, 65001L, addressB, 65002L));
                EmbeddedClient client = new EmbeddedClient(CONNECTIONS, frame -> core.route(EmbeddedSite.SERVICE)
                        .map(sites::get)
                        .ifPresent(site -> site.deliver(frame)));
                EmbeddedSite a = new EmbeddedSite(
                        new EmbeddedSite.Place(
                                A, B, addressA, 65001, ports[2], ports[4], ports[6], Optional.empty(), tunnelB),
                        coreAt,
                        witnessAt,
                        directory,
                        hold,
                        client::receive);
                EmbeddedSite b = new EmbeddedSite(
                        new EmbeddedSite.Place(
                                B, A, addressB, 65002, ports[3], ports[5], ports[7], Optional.empty(), tunnelA),
                        coreAt,
                        witnessAt,
                        directory,
                        hold,
                        client::receive)) {
            sites.put(addressA, a);
            sites.put(addressB, b);
            say("witness on " + witness.address() + ", core router, sites a and b are up");
            return drill(a, b, client);
        }
    }

    /** By Raft, alone: from this run the launcher learns which classes it links ahead, and a node must lead without delay. */
    private static WitnessServer witness(Path directory, InetSocketAddress listen) throws IOException {
        return WitnessServer.begin(new WitnessServerSettings(
                listen,
                directory.resolve("witness-data"),
                TlsFiles.in(directory, "witness"),
                List.of(new GroupSettings(EmbeddedSite.GROUP, A, B, A)),
                300,
                2000,
                Optional.of(new QuorumSettings(
                        WITNESS_NODE,
                        Map.of(WITNESS_NODE, listen),
                        directory.resolve("witness-data"),
                        QuorumSettings.USUAL_ELECTION_TIMEOUT_MS))));
    }

    private Result drill(EmbeddedSite a, EmbeddedSite b, EmbeddedClient client) throws Exception {
        a.boot();
        client.start();
        Waiting.until("protection", () -> isProtected(a));
        say("the VM at a is protected: its output waits until site b holds its epoch");
        Thread.sleep(BEFORE.toMillis());
        // A machine too busy for heartbeats may have ended it in between.
        Waiting.until("protection", () -> isProtected(a));
        say(client.tally().answers() + " answers on " + CONNECTIONS + " connections; site a dies now");
        long killedNanos = System.nanoTime();
        death.strike(a);
        client.mark();
        boolean takenOver;
        try {
            Waiting.until("takeover", () -> seen(b, "PROMOTING -> SOLO"));
            takenOver = true;
            Thread.sleep(AFTER.toMillis());
        } catch (IOException e) {
            say(e.getMessage());
            takenOver = false;
        }
        EmbeddedClient.Tally tally = client.tally();
        Map<String, Double> phases = phases(b.gateway().timeline(), killedNanos, client.firstAnswerAfterMark());
        phases.forEach((phase, ms) -> out.printf("  %-26s %+9.1f ms%n", phase, ms));
        Result result = new Result(
                new EmbeddedRecord(tally.connections(), tally.broken(), tally.answers(), tally.longestGapMs()),
                takenOver,
                phases);
        out.printf(
                "%d of %d connections broke, %d answers, every one the next; longest silence %.0f ms%n%s%n",
                tally.broken(),
                tally.connections(),
                tally.answers(),
                tally.longestGapMs(),
                result.nothingLost() ? "VERDICT: nothing was lost" : "VERDICT: LOST");
        return result;
    }

    private static Map<String, Double> phases(Timeline timeline, long killedNanos, long firstAnswerNanos) {
        Map<String, Double> phases = new LinkedHashMap<>();
        for (String kind : List.of("last-heard", "suspicion", "grant", "vm-active", "bgp-update")) {
            timeline.entries().stream()
                    .filter(entry ->
                            entry.kind().equals(kind) && (entry.nanoTime() > killedNanos || kind.equals("last-heard")))
                    .findFirst()
                    .ifPresent(entry -> phases.put(kind, (entry.nanoTime() - killedNanos) / 1e6));
        }
        if (firstAnswerNanos != 0) {
            phases.put("first-answer", (firstAnswerNanos - killedNanos) / 1e6);
        }
        return phases;
    }

    private static boolean isProtected(EmbeddedSite site) {
        return site.gateway().timeline().entries().stream()
                .filter(e -> e.kind().equals("transition"))
                .reduce((earlier, later) -> later)
                .filter(e -> e.text().contains("-> PROTECTED"))
                .isPresent();
    }

    private static boolean seen(EmbeddedSite site, String transition) {
        return site.gateway().timeline().entries().stream()
                .anyMatch(e -> e.kind().equals("transition") && e.text().contains(transition));
    }

    private void say(String text) {
        out.println("· " + text);
    }

    static int[] freePorts(int count) throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        int[] ports = new int[count];
        try {
            for (int i = 0; i < count; i++) {
                sockets.add(new ServerSocket(0));
                ports[i] = sockets.get(i).getLocalPort();
            }
        } finally {
            for (ServerSocket socket : sockets) {
                socket.close();
            }
        }
        return ports;
    }
}
