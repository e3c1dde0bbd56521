package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code secondsite switchover}. */
@Command(
        name = "switchover",
        description =
                "Give a protection group to its standby, with nothing lost; asked of the owner's gateway. The VMs are "
                        + "paused, their last epochs committed, and they go on at the other site. If that fails, they go on here.")
final class SwitchoverCommand implements Callable<Integer> {
    @Mixin
    private Running running;

    @Parameters(index = "0", paramLabel = "GROUP", description = "The protection group.")
    private String group;

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "Why, in words; kept with the record, and shown by 'witness status' and 'timeline'.")
    private String reason;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        JsonNode answer = running.ask("switchover", Map.of("group", group, "reason", reason));
        PrintWriter out = spec.commandLine().getOut();
        if (running.json()) {
            out.println(answer.toPrettyString());
        } else {
            out.printf(
                    "group %s: %s, after %d ms%n",
                    group, answer.get("reason").asText(), answer.get("tookMs").asLong());
        }
        return 0;
    }
}
