package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code secondsite config}: the configuration of a running gateway. */
@Command(name = "config", description = "Show and change the configuration of a running gateway.")
final class ConfigCommand implements Runnable {
    private static final String ACTION = "action";
    private static final String REASON = "reason";

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which of show, diff, commit, confirm, rollback, history?");
    }

    @Command(name = "show", description = "Print the file that the gateway runs.")
    int show(@Mixin Running running) throws IOException {
        JsonNode answer = running.ask("config", Map.of(ACTION, "show"));
        if (running.json()) {
            out().println(answer.toPrettyString());
        } else {
            out().print(answer.get("text").asText());
            out().flush();
        }
        return 0;
    }

    @Command(name = "diff", description = "What a file would change, and what would follow. Changes nothing.")
    int diff(@Mixin Running running, @Parameters(index = "0", paramLabel = "FILE", description = "The file.") Path file)
            throws IOException {
        return changes(running, running.ask("config", Map.of(ACTION, "diff", "text", Files.readString(file))));
    }

    @Command(
            name = "commit",
            description =
                    "Make the gateway run a file, and keep it as the gateway's own. A file with an error, or one that needs a"
                            + " restart, is refused, and changes nothing.")
    int commit(
            @Mixin Running running,
            @Parameters(index = "0", paramLabel = "FILE", description = "The file.") Path file,
            @Option(
                            names = "--reason",
                            paramLabel = "TEXT",
                            defaultValue = "",
                            description = "Why; kept with the revision.")
                    String reason,
            @Option(
                            names = "--confirm",
                            paramLabel = "SECONDS",
                            description = "Take it back unless 'config confirm' comes within this time.")
                    Integer confirmSeconds,
            @Option(
                            names = "--based-on",
                            paramLabel = "REVISION",
                            description = "Refuse it if another revision than this one runs by now.")
                    Integer basedOn,
            @Option(names = "--at-restart", description = "Keep it for the next start, and change nothing now.")
                    boolean atRestart)
            throws IOException {
        Map<String, String> arguments =
                new HashMap<>(Map.of(ACTION, "commit", "text", Files.readString(file), REASON, reason));
        if (confirmSeconds != null) {
            arguments.put("confirmSeconds", confirmSeconds.toString());
        }
        if (basedOn != null) {
            arguments.put("basedOn", basedOn.toString());
        }
        if (atRestart) {
            arguments.put("atRestart", "true");
        }
        return changes(running, running.ask("config", arguments));
    }

    @Command(name = "confirm", description = "Keep what was committed with --confirm.")
    int confirm(@Mixin Running running) throws IOException {
        return changes(running, running.ask("config", Map.of(ACTION, "confirm")));
    }

    @Command(name = "rollback", description = "Go back to an earlier revision, as a new one.")
    int rollBack(
            @Mixin Running running,
            @Parameters(
                            index = "0",
                            paramLabel = "STEPS",
                            defaultValue = "1",
                            description =
                                    "How many revisions back; without it one, or to before what waits to be confirmed.")
                    int steps,
            @Option(
                            names = "--reason",
                            paramLabel = "TEXT",
                            defaultValue = "",
                            description = "Why; kept with the revision.")
                    String reason)
            throws IOException {
        return changes(
                running,
                running.ask("config", Map.of(ACTION, "rollback", "steps", Integer.toString(steps), REASON, reason)));
    }

    @Command(name = "history", description = "The revisions that are kept, oldest first: who, when, why and what.")
    int history(@Mixin Running running) throws IOException {
        JsonNode answer = running.ask("config", Map.of(ACTION, "history"));
        if (running.json()) {
            out().println(answer.toPrettyString());
            return 0;
        }
        for (JsonNode revision : answer.get("revisions")) {
            out().printf(
                            "%d  %s  %s%s%n",
                            revision.get("number").asInt(),
                            revision.get("at").asText(),
                            revision.get("who").asText(),
                            revision.get(REASON).asText().isEmpty()
                                    ? ""
                                    : ": " + revision.get(REASON).asText());
            revision.get("differences").forEach(difference -> out().println("     " + difference.asText()));
        }
        waiting(answer);
        return 0;
    }

    private int changes(Running running, JsonNode answer) {
        if (running.json()) {
            out().println(answer.toPrettyString());
            return 0;
        }
        if (answer.has("revision")) {
            out().println("revision " + answer.get("revision").asInt());
        }
        if (answer.has("changes") && answer.get("changes").isEmpty()) {
            out().println("nothing changes");
        }
        for (JsonNode change : answer.path("changes")) {
            change.get("differences").forEach(difference -> out().println(difference.asText()));
            out().println("    " + (change.get("needsRestart").asBoolean() ? "needs a restart: " : "")
                    + change.get("effect").asText());
        }
        waiting(answer);
        return 0;
    }

    private void waiting(JsonNode answer) {
        JsonNode waiting = answer.path("unconfirmed");
        if (!waiting.isMissingNode()) {
            out().printf(
                            "revision %d is to be confirmed before %s, or %d runs again%n",
                            waiting.get("number").asInt(),
                            waiting.get("confirmBy").asText(),
                            waiting.get("backTo").asInt());
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
