package org.secondsite.appliance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Map;
import java.util.concurrent.Callable;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.io.client.WitnessClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code secondsite witness force}. */
@Command(
        name = "force",
        description = "Make a site the lone owner of a group, whatever it holds. What only the other site has is lost: "
                + "this is for the day on which the other site is gone and this one was not in sync.")
final class WitnessForceCommand implements Callable<Integer> {
    @Mixin
    private Operator operator;

    @Option(names = "--group", required = true, description = "The protection group.")
    private String group;

    @Option(names = "--owner", required = true, paramLabel = "SITE", description = "The site to become owner.")
    private String owner;

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "Why, in words; kept with the record, and shown by 'witness status' and 'timeline'.")
    private String reason;

    @Option(
            names = "--expected-term",
            paramLabel = "TERM",
            description = "Force only if the record still has this term; by default the term that is shown.")
    private Long expectedTerm;

    @Option(names = "--yes", description = "Do not ask for the group's name as a confirmation.")
    private boolean confirmed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (reason.isBlank()) {
            throw new IllegalArgumentException("a forced change needs a written reason");
        }
        GroupId groupId = new GroupId(group);
        SiteId site = new SiteId(owner);
        try (WitnessClient client = operator.connect()) {
            OwnershipRecord now = Operator.await(client.read(groupId));
            long term = expectedTerm == null ? now.term() : expectedTerm;
            if (!confirmed && !confirm(now, site)) {
                spec.commandLine().getErr().println("nothing was changed");
                return 1;
            }
            Answer answer = Operator.await(client.force(groupId, term, site, reason));
            return tell(
                    answer,
                    answer instanceof Answer.Granted granted
                            ? new TakenIn(now, granted.record()).await(client)
                            : Map.of());
        }
    }

    private boolean confirm(OwnershipRecord now, SiteId site) throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        err.println("now: " + now);
        if (now.inSync().contains(site)) {
            err.println("site " + site + " is in sync: it can take over by itself, without loss");
        } else {
            err.println("site " + site + " is NOT in sync: what was released since it was dropped is lost");
        }
        err.print("make " + site + " the lone owner? Type the group's name to confirm: ");
        err.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        String typed = in.readLine();
        return typed != null && typed.strip().equals(group);
    }

    private int tell(Answer answer, Map<SiteId, String> gateways) {
        boolean granted = answer instanceof Answer.Granted;
        String why = answer instanceof Answer.Refused refused ? refused.reason() : "";
        if (operator.json()) {
            ObjectNode node = new ObjectMapper().createObjectNode();
            node.put("granted", granted);
            node.put("term", answer.current().term());
            node.put("owner", answer.current().owner().name());
            node.put("reason", granted ? reason : why);
            ObjectNode said = node.putObject("gateways");
            gateways.forEach((gateway, words) -> said.put(gateway.name(), words));
            spec.commandLine().getOut().println(node.toPrettyString());
        } else if (granted) {
            spec.commandLine().getOut().println("forced: " + answer.current());
            gateways.forEach((gateway, words) -> spec.commandLine().getOut().println("site " + gateway + ": " + words));
        } else {
            spec.commandLine().getErr().println("refused: " + why + "; " + answer.current());
        }
        return granted ? 0 : 1;
    }
}
