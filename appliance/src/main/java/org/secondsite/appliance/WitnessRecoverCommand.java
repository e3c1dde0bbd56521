package org.secondsite.appliance;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.io.client.WitnessClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code secondsite witness recover}. */
@Command(
        name = "recover",
        description =
                "Give a group its record anew at a witness that has lost grants: restored from a copy, or behind what"
                        + " gateways know. The new term is above every one that may have been granted. Name the site that runs"
                        + " the VMs, and see to it that the other does not: what only that one has is lost.")
final class WitnessRecoverCommand implements Callable<Integer> {
    @Mixin
    private Operator operator;

    @Option(names = "--group", required = true, description = "The protection group.")
    private String group;

    @Option(names = "--owner", required = true, paramLabel = "SITE", description = "The site to be the lone owner.")
    private String owner;

    @Option(
            names = "--above",
            paramLabel = "TERM",
            defaultValue = "0",
            description =
                    "A term that may have been granted, if it is higher than what the witness was told by gateways.")
    private long above;

    @Option(
            names = "--reason",
            required = true,
            paramLabel = "TEXT",
            description = "Why, in words; kept with the record, and shown by 'witness status' and 'timeline'.")
    private String reason;

    /** Ten minutes of a clock: a copy from before an earlier recovery knows nothing of that one's generation. */
    private static final long DRAW_SECONDS = 600;

    private static final Instant DRAWN_SINCE = Instant.parse("2026-01-01T00:00:00Z");

    @Spec
    private CommandSpec spec;

    private static int drawn() {
        return Math.toIntExact(
                Math.max(0, Duration.between(DRAWN_SINCE, Instant.now()).toSeconds() / DRAW_SECONDS));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (reason.isBlank()) {
            throw new IllegalArgumentException("a recovery needs a written reason");
        }
        try (WitnessClient client = operator.connect()) {
            Answer answer =
                    Operator.await(client.recover(new GroupId(group), above, drawn(), new SiteId(owner), reason));
            return switch (answer) {
                case Answer.Granted granted -> {
                    spec.commandLine().getOut().println("recovered: " + granted.record());
                    yield 0;
                }
                case Answer.Refused refused -> {
                    spec.commandLine().getErr().println("refused: " + refused.reason() + "; " + refused.current());
                    yield 1;
                }
            };
        }
    }
}
