package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code secondsite status}. */
@Command(name = "status", description = "What a running gateway does for each protection group.")
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private Running running;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        JsonNode status = running.ask("status");
        PrintWriter out = spec.commandLine().getOut();
        if (running.json()) {
            out.println(status.toPrettyString());
            return 0;
        }
        site(out, status);
        tunnel(out, status.get("wan"));
        status.get("groups").forEach(group -> group(out, group));
        for (JsonNode neighbor : status.get("bgp")) {
            out.printf(
                    "bgp %s: %s%n",
                    neighbor.get("peer").asText(), neighbor.get("state").asText());
        }
        for (JsonNode sw : status.get("switches")) {
            out.printf(
                    "switch %s: %s%n", sw.get("name").asText(), sw.get("state").asText());
            if (!sw.path("preflight").asText().isEmpty()) {
                out.printf("    preflight: %s%n", sw.path("preflight").asText());
            }
        }
        return 0;
    }

    private static void site(PrintWriter out, JsonNode status) {
        out.printf(
                "site %s, peer %s (last heard %s ms ago), tunnel %s, witness %s%n",
                status.get("site").asText(),
                status.at("/peer/up").asBoolean() ? "up" : "down",
                status.at("/peer/silenceMs").asText(),
                status.at("/peer/tunnel").asText(),
                status.get("witness").asText());
        String displaced = status.path("displaced").asText();
        if (!displaced.isEmpty()) {
            out.printf("DISPLACED, lets nothing out: %s%n", displaced);
        }
        JsonNode plane = status.path("dataPlane");
        if (plane.has("uplink")) {
            out.printf(
                    "packets: inside %s, uplink %s%n",
                    plane.get("inside").asText(), plane.get("uplink").asText());
        }
    }

    private static void tunnel(PrintWriter out, JsonNode wan) {
        out.printf(
                "tunnel: %s, %d connections, RTT %.1f ms, %.1f Mbit/s seen, %d epochs (%d bytes) in flight%n",
                wan.get("detail").asText(),
                wan.get("connections").asInt(),
                wan.get("rttMs").asDouble(),
                wan.get("bytesPerSecond").asDouble() * 8e-6,
                wan.get("epochsInFlight").asInt(),
                wan.get("bytesInFlight").asLong());
        if (!wan.get("lastRejection").asText().isEmpty()) {
            out.printf(
                    "turned away: %s, last: %s%n",
                    wan.get("rejections"), wan.get("lastRejection").asText());
        }
    }

    private static void group(PrintWriter out, JsonNode group) {
        out.printf(
                "group %s: %s in term %d, owner %s, in sync %s — %s%n",
                group.get("name").asText(),
                group.get("state").asText(),
                group.get("term").asLong(),
                group.get("owner").asText(),
                group.get("inSync"),
                group.get("reason").asText());
        group.get("vms").forEach(vm -> vm(out, vm));
    }

    private static void vm(PrintWriter out, JsonNode vm) {
        out.printf(
                "  vm %s: agent %s, VM %s, sealed %s, committed %s, held here %s, %d packets (%d bytes) held, pressure %s, pause p50 %.1f ms%n",
                vm.get("name").asText(),
                vm.get("agent").asBoolean() ? "attached" : "absent",
                vm.get("running").asBoolean() ? "runs" : "does not run",
                vm.get("sealed").asText(),
                vm.get("committed").asText(),
                vm.get("held").asText(),
                vm.get("heldPackets").asLong(),
                vm.get("heldBytes").asLong(),
                vm.at("/pressure/level").asText(),
                vm.at("/pauseMs/p50").asDouble());
        if (!vm.path("trouble").asText().isEmpty()) {
            out.printf("    its agent: %s%n", vm.path("trouble").asText());
        }
    }
}
