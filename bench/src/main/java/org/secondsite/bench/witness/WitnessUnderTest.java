package org.secondsite.bench.witness;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.secondsite.appliance.Operator;
import org.secondsite.bench.process.FreePorts;
import org.secondsite.bench.process.JavaProcess;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.io.client.WitnessListener;

/** A witness of real processes on loopback, for a measurement. */
final class WitnessUnderTest implements AutoCloseable {
    private static final int ANSWER_TIMEOUT_MS = 10_000;
    private static final int PATIENCE_SECONDS = 60;

    private final Path directory;
    private final boolean quorum;
    private final int groups;
    private final int electionTimeoutMs;
    private final Optional<Path> training;
    private final List<InetSocketAddress> endpoints = new ArrayList<>();
    private final Map<InetSocketAddress, JavaProcess> nodes = new LinkedHashMap<>();
    private final List<WitnessClient> clients = new ArrayList<>();
    private final WitnessClient operator;

    /**
     * Starts it, and waits until it decides.
     *
     * @param directory empty, for its files; certificates are there already
     * @param nodeCount how many
     * @param quorum whether Raft keeps the records, or one node's own file
     * @param groups how many groups
     * @param electionTimeoutMs of the nodes, 0 for what they take by themselves
     * @param training the file into which the first node, when it ends by {@link #end}, links the classes that it has needed
     */
    WitnessUnderTest(
            Path directory, int nodeCount, boolean quorum, int groups, int electionTimeoutMs, Optional<Path> training)
            throws Exception {
        this.directory = directory;
        this.quorum = quorum;
        this.groups = groups;
        this.electionTimeoutMs = electionTimeoutMs;
        this.training = training;
        reserve(nodeCount);
        try {
            for (InetSocketAddress each : endpoints) {
                start(each);
            }
            operator = client("operator", 0);
            awaitLeader();
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    private void reserve(int count) throws IOException {
        for (int port : FreePorts.of(count)) {
            endpoints.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
    }

    /** Starts a node that does not run. */
    void start(InetSocketAddress endpoint) throws IOException {
        String name = "w" + (endpoints.indexOf(endpoint) + 1);
        Path config = directory.resolve(name + ".yaml");
        Files.writeString(config, yaml(name, endpoint));
        JavaProcess.Classes classes = training.filter(file -> endpoint.equals(trained()))
                .map(JavaProcess.Classes::linkedAtTheEndInto)
                .orElseGet(() -> JavaProcess.Classes.of(JavaProcess.Classes.LINKED_FOR_WITNESS));
        List<String> arguments = new ArrayList<>(List.of("witness", "--config", config.toString()));
        if (!Files.exists(directory.resolve(name))) {
            arguments.add("--initialize");
        }
        nodes.put(
                endpoint,
                JavaProcess.startWitness(classes, directory.resolve(name + ".log"), arguments.toArray(String[]::new)));
    }

    private String yaml(String name, InetSocketAddress endpoint) {
        StringBuilder yaml = new StringBuilder();
        yaml.append("listen: \"127.0.0.1:").append(endpoint.getPort()).append("\"\n");
        yaml.append("dataDirectory: ").append(name).append("\n");
        yaml.append("tls: {certificate: witness.crt, key: witness.key, authority: ca.crt}\n");
        if (quorum) {
            if (electionTimeoutMs > 0) {
                yaml.append("electionTimeoutMs: ").append(electionTimeoutMs).append("\n");
            }
            yaml.append("node: ").append(name).append("\npeers:\n");
            for (InetSocketAddress each : endpoints) {
                yaml.append("  - {id: w").append(endpoints.indexOf(each) + 1);
                yaml.append(", address: \"127.0.0.1:").append(each.getPort()).append("\"}\n");
            }
        }
        yaml.append("groups:\n");
        for (int i = 0; i < groups; i++) {
            yaml.append("  - {name: ").append(group(i)).append(", sites: [a, b], initialOwner: a}\n");
        }
        return yaml.toString();
    }

    /** The node that a training run is about. */
    InetSocketAddress trained() {
        return endpoints.getFirst();
    }

    static GroupId group(int index) {
        return new GroupId("g" + index);
    }

    /** A client that is connected to every node. */
    WitnessClient client(String name, int heartbeatMs) throws Exception {
        CompletableFuture<Void> up = new CompletableFuture<>();
        WitnessClient client = WitnessClient.open(
                new WitnessClientSettings(
                        new SiteId(name), endpoints, TlsFiles.in(directory, name), heartbeatMs, ANSWER_TIMEOUT_MS),
                new WitnessListener() {
                    @Override
                    public void record(OwnershipRecord record) {
                        // The measurement reads what it needs.
                    }

                    @Override
                    public void reachable(boolean isUp, String reason) {
                        if (isUp) {
                            up.complete(null);
                        }
                    }
                });
        clients.add(client);
        up.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return client;
    }

    /** What is recorded. A node that has just been started may be so slow in its first answers that the client looks elsewhere. */
    OwnershipRecord read(WitnessClient client, GroupId group) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            try {
                return Operator.await(client.read(group));
            } catch (IOException unreached) {
                if (System.nanoTime() > end) {
                    throw unreached;
                }
                Thread.sleep(50);
            }
        }
    }

    /** Waits until every node that runs is in step, and answers the address of the one that leads. */
    InetSocketAddress awaitLeader() throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (System.nanoTime() < end) {
            InetSocketAddress leader = null;
            int inStep = 0;
            for (Map.Entry<InetSocketAddress, CompletableFuture<NodeStatus>> each :
                    operator.status().entrySet()) {
                try {
                    NodeStatus status = each.getValue().get();
                    if (status.standing().role() == StoreStanding.Role.LEADER) {
                        leader = each.getKey();
                    }
                    inStep += status.records().size() == groups
                                    && status.standing().role() != StoreStanding.Role.CANDIDATE
                            ? 1
                            : 0;
                } catch (ExecutionException e) {
                    // It does not answer yet.
                }
            }
            if (leader != null && inStep == endpoints.size()) {
                return leader;
            }
            if (nodes.values().stream().noneMatch(JavaProcess::isAlive)) {
                break;
            }
            Thread.sleep(50);
        }
        throw new IOException("the witness does not come up; see the logs in " + directory);
    }

    /** The processes, by address. */
    Map<InetSocketAddress, JavaProcess> nodes() {
        return nodes;
    }

    /** Has every node end in order. */
    void end() throws InterruptedException {
        for (JavaProcess node : nodes.values()) {
            node.end();
        }
    }

    @Override
    public void close() {
        clients.forEach(WitnessClient::close);
        nodes.values().forEach(JavaProcess::close);
    }
}
