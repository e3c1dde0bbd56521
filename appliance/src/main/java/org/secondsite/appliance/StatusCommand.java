package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code secondsite status}. */
@Command(name = "status", description = "What a running gateway does for each protection group.")
final class StatusCommand implements Callable<Integer> {
    private static final int MAX_EVERY_SECONDS = 3600;

    @Mixin
    private Running running;

    @Option(
            names = "--watch",
            paramLabel = "SECONDS",
            arity = "0..1",
            fallbackValue = "1",
            description = "Go on: show it again every so many seconds (1), until it is interrupted.")
    private Integer watchSeconds;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        if (watchSeconds == null) {
            out.print(shown(running.ask("status")));
            return 0;
        }
        if (watchSeconds < 1 || watchSeconds > MAX_EVERY_SECONDS) {
            throw new ParameterException(
                    spec.commandLine(), "--watch takes 1 to " + MAX_EVERY_SECONDS + " seconds, not " + watchSeconds);
        }
        Duration every = Duration.ofSeconds(watchSeconds);
        StatusWatch watch =
                new StatusWatch(() -> watched(running.ask("status")), out, surface(), () -> Thread.sleep(every));
        watch.run();
        return 0;
    }

    private String shown(JsonNode status) {
        return running.json() ? status.toPrettyString() + System.lineSeparator() : StatusText.of(status);
    }

    /** One JSON object a line, so that a program can read them as they come. */
    private String watched(JsonNode status) {
        return running.json() ? status + System.lineSeparator() : StatusText.of(status);
    }

    private StatusWatch.Surface surface() {
        boolean terminal = Optional.ofNullable(System.console())
                .filter(Console::isTerminal)
                .isPresent();
        return terminal && !running.json() ? StatusWatch.Surface.TERMINAL : StatusWatch.Surface.LINES;
    }
}
