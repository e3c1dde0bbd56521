package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a gateway answers to <i>status</i>, for a person to read. */
final class StatusText {
    private static final int BAR_CELLS = 30;
    private static final long KIB = 1024;

    private StatusText() {}

    /** All of it: lines, each with its end. */
    static String of(JsonNode status) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        site(out, status);
        if (status.has("wan")) {
            tunnel(out, status.get("wan"));
        } else {
            status.path("peers").forEach(peer -> peer(out, peer));
        }
        boolean several = status.path("peers").size() > 1;
        status.get("groups").forEach(group -> group(out, group, several ? ", with site " : ""));
        for (JsonNode neighbor : status.get("bgp")) {
            out.printf(
                    Locale.ROOT,
                    "bgp %s: %s%n",
                    neighbor.get("peer").asText(),
                    neighbor.get("state").asText());
        }
        for (JsonNode sw : status.get("switches")) {
            out.printf(
                    Locale.ROOT,
                    "switch %s: %s%n",
                    sw.get("name").asText(),
                    sw.get("state").asText());
            if (!sw.path("preflight").asText().isEmpty()) {
                out.printf(
                        Locale.ROOT, "    preflight: %s%n", sw.path("preflight").asText());
            }
        }
        return text.toString();
    }

    private static void site(PrintWriter out, JsonNode status) {
        String peer = status.has("peer") ? ", " + peer("peer", status.get("peer")) : "";
        out.printf(
                Locale.ROOT,
                "site %s%s, witness %s%n",
                status.get("site").asText(),
                peer,
                status.get("witness").asText());
        String displaced = status.path("displaced").asText();
        if (!displaced.isEmpty()) {
            out.printf(Locale.ROOT, "DISPLACED, lets nothing out: %s%n", displaced);
        }
        String memory = status.path("memory").asText();
        if (!memory.isEmpty()) {
            out.printf(Locale.ROOT, "MEMORY of members: %s%n", memory);
        }
        views(out, status.path("views"));
        JsonNode plane = status.path("dataPlane");
        if (plane.has("uplink")) {
            out.printf(
                    Locale.ROOT,
                    "packets: inside %s, uplink %s%n",
                    plane.get("inside").asText(),
                    plane.get("uplink").asText());
        } else if (plane.has("outside")) {
            out.printf(
                    Locale.ROOT,
                    "packets: inside %s, outside %s%n",
                    plane.get("inside").asText(),
                    plane.get("outside").asText());
        }
        machineRoutes(out, status.path("machineRoutes"));
    }

    private static void machineRoutes(PrintWriter out, JsonNode routes) {
        for (JsonNode route : routes) {
            List<String> via = new ArrayList<>();
            route.path("via").forEach(hop -> via.add(hop.asText()));
            String detail = route.path("detail").asText();
            out.printf(
                    Locale.ROOT,
                    "route: %s %s%s%n",
                    route.path("prefix").asText(),
                    via.isEmpty() ? "by no way" : "via " + String.join(", ", via),
                    detail.isEmpty() ? "" : "; " + detail);
        }
    }

    private static String peer(String name, JsonNode peer) {
        return String.format(
                Locale.ROOT,
                "%s %s (last heard %s ms ago), tunnel %s",
                name,
                peer.get("up").asBoolean() ? "up" : "down",
                peer.get("silenceMs").asText(),
                peer.get("tunnel").asText());
    }

    /** One of several. */
    private static void peer(PrintWriter out, JsonNode peer) {
        out.println(peer("peer " + peer.get("site").asText(), peer));
        views(out, peer.path("views"));
        if (peer.has("wan")) {
            tunnel(out, peer.get("wan"));
        }
    }

    private static void views(PrintWriter out, JsonNode views) {
        int more = views.path("differ").asInt() - views.path("differences").size();
        for (JsonNode one : views.path("differences")) {
            out.printf(
                    Locale.ROOT,
                    "THE FILES DIFFER: %s is %s here, %s at the other site%n",
                    one.path("name").asText(),
                    shown(one.path("here")),
                    shown(one.path("there")));
        }
        if (more > 0) {
            out.printf(Locale.ROOT, "THE FILES DIFFER in %d more places%n", more);
        }
    }

    private static String shown(JsonNode value) {
        return value.asText().isEmpty() ? "absent" : value.asText();
    }

    private static void tunnel(PrintWriter out, JsonNode wan) {
        out.printf(
                Locale.ROOT,
                "tunnel: %s, %d connections, RTT %.1f ms, %.1f Mbit/s seen, %d epochs (%d bytes) in flight%n",
                wan.get("detail").asText(),
                wan.get("connections").asInt(),
                wan.get("rttMs").asDouble(),
                wan.get("bytesPerSecond").asDouble() * 8e-6,
                wan.get("epochsInFlight").asInt(),
                wan.get("bytesInFlight").asLong());
        if (!wan.get("lastRejection").asText().isEmpty()) {
            out.printf(
                    Locale.ROOT,
                    "turned away: %s, last: %s%n",
                    wan.get("rejections"),
                    wan.get("lastRejection").asText());
        }
    }

    /** {@code with}: what stands before the group's other site; empty if there is but one. */
    private static void group(PrintWriter out, JsonNode group, String with) {
        out.printf(
                Locale.ROOT,
                "group %s%s: %s in term %d, owner %s, in sync %s — %s%n",
                group.get("name").asText(),
                with.isEmpty() ? with : with + group.path("standby").asText(),
                group.get("state").asText(),
                group.get("term").asLong(),
                group.get("owner").asText(),
                group.get("inSync"),
                group.get("reason").asText());
        if (!group.path("noUsableStandby").asText().isEmpty()) {
            out.printf(
                    Locale.ROOT,
                    "  NO USABLE STANDBY: %s%n",
                    group.path("noUsableStandby").asText());
        }
        group.get("vms").forEach(vm -> vm(out, vm));
    }

    private static void vm(PrintWriter out, JsonNode vm) {
        out.printf(
                Locale.ROOT,
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
            out.printf(Locale.ROOT, "    its agent: %s%n", vm.path("trouble").asText());
        }
        vm.path("lacks").forEach(lack -> out.printf(Locale.ROOT, "    NOT PROTECTED: %s%n", lack.asText()));
        copy(out, vm.path("copy"));
    }

    private static void copy(PrintWriter out, JsonNode copy) {
        if (copy.path("phase").asText().equals("UNDER_WAY")) {
            out.printf(Locale.ROOT, "    copy of its disks: %s%n", progress(copy));
        }
    }

    /** A bar and figures of a copy under way, in one line. */
    static String progress(JsonNode copy) {
        long left = copy.path("leftBytes").asLong();
        long total = Math.max(1, copy.path("totalBytes").asLong());
        long rate = copy.path("bytesPerSecond").asLong();
        int full = (int) (BAR_CELLS * (total - left) / total);
        List<String> figures = new ArrayList<>();
        figures.add(bytes(left) + " left");
        figures.add(rate == 0 ? "standing still" : bytes(rate) + "/s");
        if (copy.path("secondsLeft").isNumber()) {
            figures.add("about " + duration(copy.path("secondsLeft").asLong()));
        }
        if (copy.path("limitBytesPerSecond").asLong() > 0) {
            figures.add("limited to " + bytes(copy.path("limitBytesPerSecond").asLong()) + "/s");
        }
        copy.path("disks").forEach(disk -> {
            if (disk.path("leftBytes").asLong() > 0) {
                figures.add(disk.path("name").asText() + " "
                        + bytes(disk.path("leftBytes").asLong()));
            }
        });
        return String.format(
                Locale.ROOT,
                "[%s%s] %3d %%  %s",
                "#".repeat(full),
                ".".repeat(BAR_CELLS - full),
                100 * (total - left) / total,
                String.join(", ", figures));
    }

    private static String bytes(long bytes) {
        String units = "KMGT";
        double value = (double) bytes / KIB;
        int unit = 0;
        while (value >= KIB && unit < units.length() - 1) {
            value /= KIB;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %siB", value, units.charAt(unit));
    }

    private static String duration(long seconds) {
        if (seconds < 120) {
            return seconds + " s";
        }
        long minutes = seconds / 60;
        return minutes < 120 ? minutes + " min" : minutes / 60 + " h " + minutes % 60 + " min";
    }
}
