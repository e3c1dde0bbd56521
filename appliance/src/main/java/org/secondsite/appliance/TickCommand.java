package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The tick box of a VM: {@code secondsite protect} and {@code secondsite unprotect}. Doing either twice is doing it once. */
abstract class TickCommand implements Callable<Integer> {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long LOOK_NANOS = 300_000_000L;

    @Mixin
    private Running running;

    @Parameters(index = "0", paramLabel = "VM", description = "The VM, by its name in the gateway's file.")
    private String vm;

    @Option(names = "--group", paramLabel = "GROUP", defaultValue = "", description = "Refuse it in another group.")
    private String group;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Why; kept with the revision, as of every commit.")
    private String reason;

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            arity = "0..1",
            defaultValue = "0",
            fallbackValue = "600",
            description = "Wait until it is so, and tell each step (${FALLBACK-VALUE} s unless said otherwise).")
    private int waitSeconds;

    @Spec
    private CommandSpec spec;

    /** {@code secondsite protect}. */
    @Command(
            name = "protect",
            description =
                    "Protect a VM of the gateway's file from now on. The change is committed, as by 'config commit'.")
    static final class Protect extends TickCommand {
        @Override
        String action() {
            return "protect";
        }

        @Override
        boolean isDone(Optional<Standing> standing) {
            return standing.filter(vm -> vm.membership().equals("MEMBER") && vm.sitesInSync() > 1)
                    .isPresent();
        }
    }

    /** {@code secondsite unprotect}. */
    @Command(
            name = "unprotect",
            description =
                    "Protect a VM no more: the standby drops it, and then its output passes. The change is committed, as by"
                            + " 'config commit'.")
    static final class Unprotect extends TickCommand {
        @Override
        String action() {
            return "unprotect";
        }

        @Override
        boolean isDone(Optional<Standing> standing) {
            return standing.isEmpty();
        }
    }

    /** How far a ticked VM is, by the gateway's status. */
    record Standing(String group, String state, int sitesInSync, String membership, String waitsFor) {
        @Override
        public String toString() {
            return membership + (waitsFor.isEmpty() ? "" : ", waits: " + waitsFor) + " (group " + group + " is " + state
                    + ")";
        }
    }

    abstract String action();

    abstract boolean isDone(Optional<Standing> standing);

    @Override
    public Integer call() throws IOException {
        JsonNode answer = running.ask("config", Map.of("action", action(), "vm", vm, "group", group, "reason", reason));
        Optional<Standing> standing = look();
        if (!running.json()) {
            spec.commandLine()
                    .getOut()
                    .println(
                            answer.path("changes").isEmpty()
                                    ? vm + ": nothing changes"
                                    : vm + ": revision "
                                            + answer.path("revision").asInt());
        }
        long sinceNanos = System.nanoTime();
        String told = "";
        while (waitSeconds > 0
                && !isDone(standing)
                && System.nanoTime() - sinceNanos < TimeUnit.SECONDS.toNanos(waitSeconds)) {
            String now = standing.map(Standing::toString).orElse("not ticked");
            if (!running.json() && !now.equals(told)) {
                spec.commandLine().getOut().println(vm + ": " + now);
                spec.commandLine().getOut().flush();
            }
            told = now;
            LockSupport.parkNanos(LOOK_NANOS);
            standing = look();
        }
        tell(answer, standing);
        return waitSeconds == 0 || isDone(standing) ? 0 : 1;
    }

    private void tell(JsonNode answer, Optional<Standing> standing) {
        if (running.json()) {
            ObjectNode told = JSON.createObjectNode()
                    .put("vm", vm)
                    .put("revision", answer.path("revision").asInt())
                    .put("done", isDone(standing));
            standing.ifPresent(now -> told.put("group", now.group())
                    .put("state", now.state())
                    .put("membership", now.membership())
                    .put("waitsFor", now.waitsFor()));
            told.set("changes", answer.path("changes"));
            spec.commandLine().getOut().println(told.toPrettyString());
        } else {
            spec.commandLine()
                    .getOut()
                    .println(vm + ": " + standing.map(Standing::toString).orElse("not ticked"));
        }
    }

    private Optional<Standing> look() throws IOException {
        for (JsonNode one : running.ask("status").path("groups")) {
            for (JsonNode listed : one.path("vms")) {
                if (listed.path("name").asText().equals(vm)) {
                    return Optional.of(new Standing(
                            one.path("name").asText(),
                            one.path("state").asText(),
                            one.path("inSync").size(),
                            listed.path("membership").asText(),
                            listed.path("waitsFor").asText()));
                }
            }
        }
        return Optional.empty();
    }
}
