package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.secondsite.bgp.io.BgpCommands;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * {@code secondsite bgp}. The words behind it are {@link BgpCommands}', except those that ask a running gateway.
 */
@Command(
        name = "bgp",
        description =
                "Speak BGP for helper scripts (speak), read and write messages (decode, encode), or ask a gateway.",
        subcommands = {BgpCommand.Neighbors.class, BgpCommand.Rib.class, BgpCommand.Routes.class})
final class BgpCommand implements Callable<Integer> {
    @Unmatched
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() {
        return BgpCommands.run(words, System.in, System.out, System.err);
    }

    /** {@code secondsite bgp neighbors}. */
    @Command(name = "neighbors", description = "A running gateway's BGP sessions.")
    static final class Neighbors extends Question {
        Neighbors() {
            super("neighbors");
        }

        @Override
        void print(JsonNode n, PrintWriter out) {
            out.printf(
                    "%s AS %s: %s, announced %d, waiting %d, received %d, refused %s, cannot be announced %d, failed attempts %d%n",
                    n.get("peer").asText(),
                    n.get("as").asText(),
                    n.get("state").asText(),
                    n.get("sent").asInt(),
                    n.get("pending").asInt(),
                    n.get("received").asInt(),
                    n.get("refused"),
                    n.get("unexportable").asInt(),
                    n.get("failedAttempts").asInt());
        }
    }

    /** {@code secondsite bgp rib}. */
    @Command(name = "rib", description = "What a running gateway has told each of its neighbours.")
    static final class Rib extends Question {
        Rib() {
            super("rib");
        }

        @Override
        void print(JsonNode route, PrintWriter out) {
            printRoute("to", route, out);
        }
    }

    /** {@code secondsite bgp routes}. */
    @Command(name = "routes", description = "What the neighbours of a running gateway have told it.")
    static final class Routes extends Question {
        Routes() {
            super("routes");
        }

        @Override
        void print(JsonNode route, PrintWriter out) {
            printRoute("from", route, out);
        }
    }

    private static void printRoute(String direction, JsonNode route, PrintWriter out) {
        out.printf(
                "%s %s %s next hop %s: %s%n",
                route.get("route").asText(),
                direction,
                route.get("peer").asText(),
                route.get("nextHop").asText(),
                route.get("attributes"));
    }

    /** A question to a running gateway, whose answer is a list. */
    abstract static class Question implements Callable<Integer> {
        private final String what;

        @Mixin
        private Running running;

        @Spec
        private CommandSpec spec;

        Question(String what) {
            this.what = what;
        }

        abstract void print(JsonNode one, PrintWriter out);

        @Override
        public Integer call() throws IOException {
            JsonNode answer = running.ask("bgp", Map.of("what", what));
            PrintWriter out = spec.commandLine().getOut();
            if (running.json()) {
                out.println(answer.toPrettyString());
            } else {
                answer.get(what).forEach(one -> print(one, out));
            }
            return 0;
        }
    }
}
