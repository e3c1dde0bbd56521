package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code secondsite vouch}. */
@Command(
        name = "vouch",
        description =
                "Say of a VM that runs beside this gateway, and is held because the other site may have gone on from it, that it is the newest there"
                        + " is. Look at both sites first: an older one would contradict what the world has heard from the newer one.")
final class VouchCommand implements Callable<Integer> {
    @Mixin
    private Running running;

    @Parameters(index = "0", paramLabel = "VM", description = "The VM, by its name in the gateway's file.")
    private String vm;

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "How you know, in words; kept in the timeline.")
    private String reason;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        JsonNode answer = running.ask("vouch", Map.of("vm", vm, "reason", reason));
        spec.commandLine()
                .getOut()
                .println(running.json() ? answer.toPrettyString() : vm + ": taken for the newest there is");
        return 0;
    }
}
