package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code secondsite timeline}. */
@Command(
        name = "timeline",
        description = "What happened at a running gateway, with times since the last heartbeat before a failover.")
final class TimelineCommand implements Callable<Integer> {
    @Mixin
    private Running running;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        JsonNode answer = running.ask("timeline");
        PrintWriter out = spec.commandLine().getOut();
        if (running.json()) {
            out.println(answer.toPrettyString());
            return 0;
        }
        long origin = 0;
        for (JsonNode entry : answer.get("entries")) {
            long nanos = entry.get("nanoTime").asLong();
            if (entry.get("kind").asText().equals("last-heard")) {
                origin = nanos;
            }
            String since = origin == 0 ? "" : String.format("%+.3f ms", (nanos - origin) / 1e6);
            out.printf(
                    "%s %16s  %-8s %-14s %s%n",
                    entry.get("wall").asText(),
                    since,
                    entry.get("subject").asText(),
                    entry.get("kind").asText(),
                    entry.get("text").asText());
        }
        return 0;
    }
}
