package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code secondsite vms}. */
@Command(
        name = "vms",
        description =
                "Every VM that a gateway knows of: those of its file, and those that agents have called for. What agents say of each, and why it"
                        + " is not protected, or could not be.")
final class VmsCommand implements Callable<Integer> {
    @Mixin
    private Running running;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        JsonNode answer = running.ask("vms");
        PrintWriter out = spec.commandLine().getOut();
        if (running.json()) {
            out.println(answer.toPrettyString());
        } else {
            out.print(text(answer));
        }
        return 0;
    }

    /** A line for each VM, and below it what its agents say and what stands against its protection. */
    static String text(JsonNode answer) {
        StringBuilder text = new StringBuilder();
        for (JsonNode vm : answer.path("vms")) {
            String membership = vm.path("membership").asText();
            text.append("%-20s %-12s %-10s %s%n"
                    .formatted(
                            vm.path("name").asText(),
                            vm.path("group").asText().isEmpty()
                                    ? "-"
                                    : vm.path("group").asText(),
                            membership.isEmpty() ? "unticked" : membership,
                            vm.path("mac").asText()));
            for (JsonNode agent : vm.path("agents")) {
                text.append("    %s: %s, %d MiB, called %d s ago: %s%n"
                        .formatted(
                                agent.path("host").asText(),
                                agent.path("running").asBoolean() ? "runs" : "does not run",
                                agent.path("ramMiB").asLong(),
                                agent.path("calledSecondsAgo").asLong(),
                                agent.path("words").asText()));
            }
            vm.path("why").forEach(why -> text.append("    why: %s%n".formatted(why.asText())));
        }
        return text.toString();
    }
}
