package org.secondsite.lab.io;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.TlsFiles;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.WitnessNode;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.io.client.WitnessClient;
import org.secondsite.witness.io.client.WitnessClientSettings;
import org.secondsite.witness.io.client.WitnessListener;

/**
 * A lab's witness as an operator sees it, from the first node's namespace: by a client with the operator's certificate, or by
 * {@code secondsite witness}.
 */
final class WitnessView implements AutoCloseable {
    private static final int LIMIT_SECONDS = 30;
    private static final int ANSWER_MS = 2_000;
    private static final int CLI_HEAP_MIB = 64;

    private final Lab lab;
    private final List<WitnessNode> nodes;
    private final WitnessClient client;

    WitnessView(Lab lab) throws IOException {
        this.lab = lab;
        nodes = WitnessNode.of(lab.name(), lab.state().options().witnesses());
        LabPaths paths = lab.paths();
        WitnessClientSettings settings = new WitnessClientSettings(
                AccessRule.OPERATOR,
                nodes.stream()
                        .map(node -> new InetSocketAddress(node.address(), WitnessNode.LISTEN_PORT))
                        .toList(),
                new TlsFiles(paths.file("operator.crt"), paths.file("operator.key"), paths.file("ca.crt")),
                0,
                ANSWER_MS);
        // Its one thread is started by this call, and stays in the namespace in which it was started.
        client = NetworkNamespace.call(nodes.getFirst().namespace(), () -> WitnessClient.open(settings, new Deaf()));
    }

    /** The processes of the nodes. */
    List<String> processes() {
        return nodes.stream().map(WitnessNode::process).toList();
    }

    /** The process of the node that leads; waits for one. */
    String leader() throws IOException {
        String[] leader = new String[1];
        Waiting.until("a node of the witness to lead", LIMIT_SECONDS, () -> {
            for (NodeStatus status : statuses()) {
                if (status.standing().role() == StoreStanding.Role.LEADER) {
                    leader[0] = process(status.standing().node());
                }
            }
            return leader[0] != null;
        });
        return leader[0];
    }

    /** A process of a node that does not lead. */
    String follower() throws IOException {
        String leader = leader();
        return processes().stream()
                .filter(process -> !process.equals(leader))
                .findFirst()
                .orElseThrow();
    }

    /** Waits until every node has the group's record of at least the term, and one leads; returns the newest record. */
    OwnershipRecord awaitEverywhere(long term) throws IOException {
        OwnershipRecord[] newest = new OwnershipRecord[1];
        Waiting.until("every node of the witness to have term " + term, LIMIT_SECONDS, () -> {
            List<NodeStatus> statuses = statuses();
            List<OwnershipRecord> records = statuses.stream()
                    .flatMap(status -> status.records().stream())
                    .map(NodeStatus.Made::record)
                    .toList();
            for (OwnershipRecord record : records) {
                if (newest[0] == null || record.term() > newest[0].term()) {
                    newest[0] = record;
                }
            }
            return records.size() == nodes.size()
                    && records.stream().allMatch(record -> record.term() >= term)
                    && statuses.stream().anyMatch(status -> status.standing().role() == StoreStanding.Role.LEADER);
        });
        return newest[0];
    }

    /** Makes a site the lone owner by an operator's written reason. */
    void force(String site, String reason) throws IOException {
        command("force", "--group", "web", "--owner", site, "--reason", reason, "--yes");
    }

    /** Gives the group to a site at a witness that has lost grants, under a term that was never granted. */
    void recover(String site, String reason) throws IOException {
        command("recover", "--group", "web", "--owner", site, "--reason", reason);
    }

    /** What {@code witness status} prints. */
    String status() throws IOException {
        return command("status");
    }

    private String command(String what, String... more) throws IOException {
        LabPaths paths = lab.paths();
        WitnessNode first = nodes.getFirst();
        List<String> arguments = new ArrayList<>(List.of(
                "witness",
                what,
                "--config",
                paths.file(first.process() + ".yaml").toString(),
                "--certificate",
                paths.file("operator.crt").toString(),
                "--key",
                paths.file("operator.key").toString()));
        arguments.addAll(List.of(more));
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", first.namespace()));
        command.addAll(ThisJava.runtime().light(CLI_HEAP_MIB, "org.secondsite.appliance.Main", arguments));
        return Commands.run(command, "");
    }

    /** Of the nodes that answer. */
    private List<NodeStatus> statuses() throws IOException {
        List<NodeStatus> statuses = new ArrayList<>();
        for (CompletableFuture<NodeStatus> answer : client.status().values()) {
            try {
                statuses.add(answer.get());
            } catch (ExecutionException silent) {
                // a node that is dead
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted");
            }
        }
        return statuses;
    }

    private String process(String node) {
        return nodes.stream()
                .filter(each -> each.id().equals(node))
                .map(WitnessNode::process)
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        client.close();
    }

    /** It only asks. */
    private static final class Deaf implements WitnessListener {
        @Override
        public void record(OwnershipRecord record) {
            // asked for when wanted
        }

        @Override
        public void reachable(boolean isUp, String why) {
            // an answer tells
        }
    }
}
