package org.secondsite.appliance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.NodeStatus;
import org.secondsite.witness.StoreStanding;
import org.secondsite.witness.io.client.WitnessClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code secondsite witness status}. */
@Command(
        name = "status",
        description = "What every node of a witness has: records and why, who leads, who was heard, counters. "
                + "Exit code 0 if a node decides, 1 if none does.")
final class WitnessStatusCommand implements Callable<Integer> {
    private static final String HEARD_TERM = "secondsite_witness_heard_term";
    private static final String DOUBTS = "secondsite_witness_doubts";

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Time for the other nodes to be connected after the first one was. */
    private static final int SETTLE_MS = 300;

    @Mixin
    private Operator operator;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Map<String, NodeStatus> answers = new LinkedHashMap<>();
        Map<String, String> silent = new LinkedHashMap<>();
        try (WitnessClient client = operator.connect()) {
            Thread.sleep(SETTLE_MS);
            for (Map.Entry<InetSocketAddress, CompletableFuture<NodeStatus>> each :
                    client.status().entrySet()) {
                String address = each.getKey().getAddress().getHostAddress() + ":"
                        + each.getKey().getPort();
                try {
                    answers.put(address, Operator.await(each.getValue()));
                } catch (IOException e) {
                    silent.put(address, e.getMessage());
                }
            }
        }
        PrintWriter out = spec.commandLine().getOut();
        if (operator.json()) {
            out.println(json(answers, silent).toPrettyString());
        } else {
            answers.forEach((address, status) -> print(out, address, status));
            silent.forEach((address, reason) -> out.println("node at " + address + ": " + reason));
        }
        return answers.values().stream().anyMatch(status -> status.standing().role() == StoreStanding.Role.LEADER)
                ? 0
                : 1;
    }

    private static void print(PrintWriter out, String address, NodeStatus status) {
        StoreStanding standing = status.standing();
        out.printf(
                "node %s at %s: %s%s%n",
                standing.node(),
                address,
                standing.role().name().toLowerCase(Locale.ROOT),
                standing.election() == 0
                        ? ""
                        : ", leader " + (standing.leader().isEmpty() ? "unknown" : standing.leader()) + " by election "
                                + standing.election() + ", " + standing.applied() + " entries applied");
        long last = status.records().stream()
                .mapToLong(made -> made.record().term())
                .max()
                .orElse(0);
        double heard = status.metrics().getOrDefault(HEARD_TERM, 0.0);
        if (heard > last || status.metrics().getOrDefault(DOUBTS, 0.0) > 0) {
            out.printf(
                    "  LOST GRANTS: a gateway knows of term %s, the last one here is %d. Nothing is decided of the groups that"
                            + " may be meant until each is recovered: 'secondsite witness recover'%n",
                    number(heard), last);
        }
        for (NodeStatus.Made made : status.records()) {
            if (OwnershipRecord.generation(made.record().term()) < OwnershipRecord.generation(last)) {
                out.printf(
                        "  IN DOUBT: group %s is of before a loss of grants: 'secondsite witness recover'%n",
                        made.record().group());
            }
            out.printf(
                    "  group %s: term %d, owner %s, in sync %s — by %s: %s%n",
                    made.record().group(),
                    made.record().term(),
                    made.record().owner(),
                    new TreeSet<>(made.record().inSync()),
                    made.asker(),
                    made.reason());
        }
        status.heardMs().forEach((site, ms) -> out.printf("  site %s: heard %d ms ago%n", site, ms));
        status.metrics().forEach((name, value) -> {
            if (value != 0) {
                out.printf("  %s %s%n", name, number(value));
            }
        });
    }

    private static String number(double value) {
        return value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value);
    }

    private static ObjectNode json(Map<String, NodeStatus> answers, Map<String, String> silent) {
        ObjectNode root = JSON.createObjectNode();
        ArrayNode nodes = root.putArray("nodes");
        answers.forEach((address, status) -> nodes.add(json(address, status)));
        silent.forEach(
                (address, reason) -> nodes.addObject().put("address", address).put("unreachable", reason));
        return root;
    }

    private static ObjectNode json(String address, NodeStatus status) {
        ObjectNode node = JSON.createObjectNode();
        node.put("address", address);
        node.put("node", status.standing().node());
        node.put("role", status.standing().role().name());
        node.put("leader", status.standing().leader());
        node.put("election", status.standing().election());
        node.put("applied", status.standing().applied());
        ArrayNode records = node.putArray("records");
        for (NodeStatus.Made made : status.records()) {
            ObjectNode record = records.addObject();
            record.put("group", made.record().group().name());
            record.put("term", made.record().term());
            record.put("previousTerm", made.record().previousTerm());
            record.put("owner", made.record().owner().name());
            ArrayNode inSync = record.putArray("inSync");
            new TreeSet<>(made.record().inSync()).stream().map(SiteId::name).forEach(inSync::add);
            record.put("asker", made.asker().name());
            record.put("reason", made.reason());
            record.put("forced", made.forced());
        }
        ObjectNode heard = node.putObject("heardMs");
        status.heardMs().forEach((site, ms) -> heard.put(site.name(), ms));
        ObjectNode metrics = node.putObject("metrics");
        status.metrics().forEach(metrics::put);
        return node;
    }
}
