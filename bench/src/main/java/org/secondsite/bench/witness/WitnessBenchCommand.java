package org.secondsite.bench.witness;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.secondsite.appliance.Operator;
import org.secondsite.bench.process.JavaProcess;
import org.secondsite.bench.process.Latencies;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.pki.PkiCommand;
import org.secondsite.witness.Answer;
import org.secondsite.witness.io.client.WitnessClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code secondsite witness bench}: what a grant costs, with real processes, TLS and fsync.
 *
 * <p>A grant's time is from the question's leaving the client's thread to the answer in it. Load: every group asks as soon as
 * it is answered. A leader's death: SIGKILL, and the time from just before the signal to the first grant after it.
 */
@Command(
        name = "witness",
        description =
                "Measure a witness of real processes on loopback: latency of grants, memory under load, and the time "
                        + "from a leader's death to the next grant.")
public final class WitnessBenchCommand implements Callable<Integer> {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final int WARM_UP_GRANTS = 300;
    private static final int NODES_TO_TRAIN = 3;
    private static final int TRAINING_GRANTS = 100;
    private static final int MAX_TRAINING_DEATHS = 6;

    @Option(
            names = "--nodes",
            split = ",",
            defaultValue = "file,1,3",
            description = "What to measure, in turn: 'file' is one node without peers, a number that many nodes. "
                    + "Default: ${DEFAULT-VALUE}.")
    private List<String> witnesses;

    @Option(
            names = "--grants",
            defaultValue = "2000",
            description = "Grants one after the other. Default: ${DEFAULT-VALUE}.")
    private int grants;

    @Option(names = "--groups", defaultValue = "32", description = "Groups under load. Default: ${DEFAULT-VALUE}.")
    private int groups;

    @Option(
            names = "--load-seconds",
            defaultValue = "15",
            description = "How long the load lasts. Default: ${DEFAULT-VALUE}.")
    private int loadSeconds;

    @Option(
            names = "--election-timeout-ms",
            defaultValue = "0",
            description = "Of the nodes' configuration; 0 leaves it out.")
    private int electionTimeoutMs;

    @Option(names = "--kills", defaultValue = "20", description = "Deaths of a leader. Default: ${DEFAULT-VALUE}.")
    private int kills;

    @Option(
            names = "--settle-seconds",
            defaultValue = "3",
            description = "Between the return of the node that was killed and the next death."
                    + " Default: ${DEFAULT-VALUE}.")
    private int settleSeconds;

    @Option(
            names = "--train",
            paramLabel = "FILE",
            hidden = true,
            description = "Link the classes of a node that has followed and led into this file; measure nothing.")
    private Path training;

    @Option(names = "--json", description = "Print the figures as JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (training != null) {
            train();
            return 0;
        }
        PrintWriter out = spec.commandLine().getOut();
        ObjectNode root = new ObjectMapper().createObjectNode();
        ArrayNode results = root.putArray("witnesses");
        for (String each : witnesses) {
            Path directory = Files.createTempDirectory("secondsite-witness-bench");
            try {
                PkiCommand.write(directory, List.of("a", "b", "witness", "operator"));
                boolean quorum = !each.equals("file");
                int count = quorum ? Integer.parseInt(each) : 1;
                try (WitnessUnderTest witness =
                        new WitnessUnderTest(directory, count, quorum, groups, electionTimeoutMs, Optional.empty())) {
                    measure(each, witness, results.addObject().put("witness", each), out);
                }
            } finally {
                DirectoryTree.delete(directory);
            }
        }
        if (json) {
            out.println(root.toPrettyString());
        }
        return 0;
    }

    private void measure(String name, WitnessUnderTest witness, ObjectNode result, PrintWriter out) throws Exception {
        WitnessClient client = witness.client("a", 50);
        GroupId group = WitnessUnderTest.group(0);
        OwnershipRecord current = witness.read(client, group);
        for (int i = 0; i < WARM_UP_GRANTS; i++) {
            current = next(client, current);
        }
        Latencies latencies = new Latencies();
        for (int i = 0; i < grants; i++) {
            long start = System.nanoTime();
            current = next(client, current);
            latencies.add(System.nanoTime() - start);
        }
        say(out, name + ": grant " + latencies);
        put(result.putObject("grantMs"), latencies);

        long loaded = load(client);
        long mostKib = 0;
        for (JavaProcess node : witness.nodes().values()) {
            mostKib = Math.max(mostKib, node.residentKib("VmHWM"));
        }
        say(
                out,
                name + ": under load " + loaded / loadSeconds + " grants/s, resident memory of a node at most "
                        + mostKib / 1024 + " MiB");
        result.put("grantsPerSecond", loaded / loadSeconds).put("mostResidentKib", mostKib);

        if (witness.nodes().size() > 1 && kills > 0) {
            Latencies deaths = new Latencies();
            current = Operator.await(client.read(group));
            for (int i = 0; i < kills; i++) {
                witness.awaitLeader();
                TimeUnit.SECONDS.sleep(settleSeconds);
                InetSocketAddress leader = witness.awaitLeader();
                current = next(client, current);
                JavaProcess process = witness.nodes().get(leader);
                long killed = process.kill();
                current = next(client, current);
                deaths.add(System.nanoTime() - killed);
                process.awaitEnd();
                witness.start(leader);
            }
            say(out, name + ": from the leader's death to the next grant " + deaths);
            put(result.putObject("nextGrantMs"), deaths);
        }
    }

    /** Three nodes, of which one is led, and then leads. */
    private void train() throws Exception {
        Path directory = Files.createTempDirectory("secondsite-witness-train");
        try {
            PkiCommand.write(directory, List.of("a", "b", "witness", "operator"));
            try (WitnessUnderTest witness = new WitnessUnderTest(
                    directory, NODES_TO_TRAIN, true, 1, electionTimeoutMs, Optional.of(training))) {
                WitnessClient client = witness.client("a", 50);
                OwnershipRecord current = witness.read(client, WitnessUnderTest.group(0));
                for (int deaths = 0; ; deaths++) {
                    for (int i = 0; i < TRAINING_GRANTS; i++) {
                        current = next(client, current);
                    }
                    InetSocketAddress leader = witness.awaitLeader();
                    if (deaths == MAX_TRAINING_DEATHS || leader.equals(witness.trained())) {
                        break;
                    }
                    JavaProcess process = witness.nodes().get(leader);
                    process.kill();
                    process.awaitEnd();
                    witness.start(leader);
                }
                witness.end();
            }
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    private void say(PrintWriter out, String line) {
        if (!json) {
            out.println(line);
            out.flush();
        }
    }

    private static void put(ObjectNode node, Latencies latencies) {
        node.put("p50", latencies.ms(50)).put("p99", latencies.ms(99)).put("max", latencies.ms(100));
        node.put("count", latencies.count());
    }

    /** Every group asks as soon as it is answered; how many grants were made. */
    private long load(WitnessClient client) throws Exception {
        LongAdder made = new LongAdder();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(loadSeconds);
        List<Thread> askers = new ArrayList<>();
        CompletableFuture<Void> failure = new CompletableFuture<>();
        for (int i = 0; i < groups; i++) {
            GroupId group = WitnessUnderTest.group(i);
            askers.add(Thread.ofVirtual().start(() -> {
                try {
                    OwnershipRecord current = Operator.await(client.read(group));
                    while (System.nanoTime() < end) {
                        current = next(client, current);
                        made.increment();
                    }
                } catch (Exception e) {
                    failure.completeExceptionally(e);
                }
            }));
        }
        for (Thread asker : askers) {
            asker.join();
        }
        if (failure.isCompletedExceptionally()) {
            failure.get();
        }
        return made.sum();
    }

    /** Protect, go solo, protect, ... each under the term before. */
    private static OwnershipRecord next(WitnessClient client, OwnershipRecord current) throws Exception {
        Set<SiteId> inSync = current.solo() ? Set.of(A, B) : Set.of(A);
        Answer answer = Operator.await(client.ask(current.group(), current.term(), A, inSync, "measured"));
        if (answer instanceof Answer.Refused refused) {
            throw new IOException("refused: " + refused.reason());
        }
        return answer.current();
    }
}
