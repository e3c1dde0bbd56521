package org.secondsite.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.buffer.VmCounters;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.gateway.group.BackPressure;
import org.secondsite.gateway.group.DiskCopy;
import org.secondsite.gateway.group.EpochRefusal;
import org.secondsite.gateway.group.PeerViews;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.RecentTimes;
import org.secondsite.gateway.group.SitePeer;
import org.secondsite.gateway.group.SwitchoverResult;
import org.secondsite.gateway.group.VmAtSite;
import org.secondsite.gateway.ownership.Ownership;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.gateway.timeline.Timeline;
import org.secondsite.replicator.tunnel.TunnelStatus;

/** Renders what a gateway knows as JSON, for {@code secondsite status} and {@code secondsite timeline}. */
final class GatewayStatus {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final int MAX_DIFFERENCES = 100;

    private GatewayStatus() {}

    /** The whole of it; in the conductor's thread. */
    static ObjectNode of(GatewayView view) {
        ObjectNode status = JSON.createObjectNode();
        status.put("site", view.config().site().name());
        if (view.core().peers().size() == 1) {
            peer(
                    status,
                    status.putObject("peer"),
                    view,
                    view.core().peers().iterator().next());
        }
        ArrayNode peers = status.putArray("peers");
        for (SitePeer peer : view.core().peers()) {
            ObjectNode node = peers.addObject().put("site", peer.site().name());
            peer(node, node, view, peer);
        }
        status.put("witness", view.core().witnessUp() ? "up" : "down");
        status.put("displaced", view.core().displaced());
        status.put("memory", view.core().memoryTrouble());
        status.putObject("agents")
                .put("turnedAway", view.agents().turnedAway())
                .put("wrongMessages", view.agents().wrongMessages());
        ArrayNode groups = status.putArray("groups");
        view.config().groups().forEach(settings -> view.core()
                .group(settings.id())
                .ifPresent(group -> groups.add(group(group, view.plane())
                        .put("standby", settings.standby().map(SiteId::name).orElse("")))));
        sessions(status.putArray("bgp"), "peer", view.routers());
        ArrayNode switches = status.putArray("switches");
        sessions(switches, "name", view.switches());
        switches.forEach(sw -> ((ObjectNode) sw)
                .put("preflight", view.switches().get(sw.get("name").asText()).preflight()));
        dataPlane(status.putObject("dataPlane"), view.config().dataPlane());
        ArrayNode portsDown = status.putArray("portsDown");
        view.core().portsDown().forEach(portsDown::add);
        return status;
    }

    /** With the list of VMs. What is told of a sole peer by itself, for old scripts, is in the list of peers alone then. */
    static ObjectNode with(ObjectNode status, JsonNode vms) {
        status.remove(List.of("peer", "views", "wan"));
        status.set("vms", vms.get("vms"));
        return status;
    }

    /**
     * What is between this site and another one.
     *
     * @param all where the views and the tunnel's figures go
     * @param own where the rest goes
     */
    private static void peer(ObjectNode all, ObjectNode own, GatewayView view, SitePeer peer) {
        PeerWatch watch = peer.watch();
        own.put("up", watch.up())
                .put("silenceMs", watch.silenceNanos() / 1_000_000)
                .put("longestSilenceMs", watch.longestSilenceNanos() / 1_000_000)
                .put("suspicions", watch.silentSuspicions() + watch.cutOffSuspicions())
                .put("tunnel", watch.tunnelUp() ? "up" : "down");
        views(all.putObject("views"), peer.views());
        view.tunnel(peer.site()).ifPresent(status -> tunnel(all.putObject("wan"), status));
    }

    /** What the files of the two sites say otherwise. */
    private static void views(ObjectNode node, PeerViews views) {
        node.put("standing", views.standing().name());
        node.put("differ", views.differences().size());
        ArrayNode differences = node.putArray("differences");
        views.differences().stream().limit(MAX_DIFFERENCES).forEach(one -> differences
                .addObject()
                .put("name", one.name())
                .put("here", one.here())
                .put("there", one.there()));
    }

    private static void dataPlane(ObjectNode node, GatewayConfig.DataPlane plane) {
        switch (plane) {
            case GatewayConfig.Routed routed ->
                node.put("mode", "routed")
                        .put("inside", routed.inside())
                        .put("uplink", String.join(", ", routed.uplinks()));
            case GatewayConfig.Transparent transparent ->
                node.put("mode", "transparent")
                        .put("inside", transparent.inside())
                        .put("outside", transparent.outside());
            case GatewayConfig.Loopback loopback -> node.put("mode", "loopback");
        }
        node.put("poolBytes", plane.poolBytes()).put("perVmBytes", plane.perVmBytes());
    }

    /** What the tunnel measures, and whom it turned away. */
    private static void tunnel(ObjectNode node, TunnelStatus tunnel) {
        node.put("connected", tunnel.connected());
        node.put("detail", tunnel.detail());
        node.put("connections", tunnel.connections());
        node.put("rttMs", Math.round(tunnel.rttNanos() / 1e3) / 1e3);
        node.put("bytesPerSecond", tunnel.bytesPerSecond());
        node.put("epochsInFlight", tunnel.epochsInFlight());
        node.put("bytesInFlight", tunnel.bytesInFlight());
        node.put("plainBytesSent", tunnel.counters().plainBytesSent());
        node.put("codedBytesSent", tunnel.counters().codedBytesSent());
        node.put("pageCacheHitRatio", Math.round(tunnel.versions().hitRatio() * 1e4) / 1e4);
        node.put("lastRejection", tunnel.lastRejection());
        ObjectNode rejections = node.putObject("rejections");
        new TreeMap<>(tunnel.rejections()).forEach((code, count) -> rejections.put(code.name(), count));
    }

    private static ObjectNode group(ProtectionGroup group, DataPlaneCounters counters) {
        Ownership ownership = group.ownership();
        ObjectNode node = JSON.createObjectNode();
        node.put("name", group.id().name());
        node.put("state", ownership.state().name());
        node.put("reason", ownership.reason());
        node.put("term", ownership.term());
        node.put(
                "owner",
                ownership.record().map(OwnershipRecord::owner).map(SiteId::name).orElse("unknown"));
        ArrayNode inSync = node.putArray("inSync");
        ownership.record().ifPresent(r -> new TreeSet<>(r.inSync()).forEach(site -> inSync.add(site.name())));
        node.put("burnedTerm", group.burnedTerm());
        node.put("noUsableStandby", obstacle(group));
        ObjectNode refused = node.putObject("refusedEpochs");
        for (EpochRefusal reason : EpochRefusal.values()) {
            if (group.counters().refusedEpochs(reason) > 0) {
                refused.put(reason.name(), group.counters().refusedEpochs(reason));
            }
        }
        ArrayNode vms = node.putArray("vms");
        for (VmAtSite vm : group.everyone()) {
            vms.add(vm(vm, counters.vms().get(vm.id()))
                    .put("membership", group.phase(vm).name())
                    .put("waitsFor", group.waitsFor(vm)));
            ArrayNode lacks = ((ObjectNode) vms.get(vms.size() - 1)).putArray("lacks");
            group.lacks(vm).forEach(lacks::add);
        }
        return node;
    }

    /** Why nothing can be started from the standby's disks, empty if nothing is known to be against it. */
    private static String obstacle(ProtectionGroup group) {
        List<String> obstacles = new ArrayList<>();
        group.everyone().forEach(vm -> obstacles.add(vm.copy().obstacle()));
        obstacles.removeIf(String::isEmpty);
        return String.join("; ", obstacles);
    }

    private static void copy(ObjectNode node, VmAtSite vm) {
        DiskCopy copy = vm.copy();
        node.put("phase", copy.phase().name());
        node.put("leftBytes", copy.leftBytes()).put("totalBytes", copy.totalBytes());
        node.put("bytesPerSecond", copy.bytesPerSecond()).put("limitBytesPerSecond", copy.limitBytesPerSecond());
        copy.secondsLeft().ifPresentOrElse(left -> node.put("secondsLeft", left), () -> node.putNull("secondsLeft"));
        ArrayNode disks = node.putArray("disks");
        List<String> names = vm.diskNames();
        List<Long> left = copy.leftOfEach();
        for (int i = 0; i < Math.min(names.size(), left.size()); i++) {
            disks.addObject().put("name", names.get(i)).put("leftBytes", left.get(i));
        }
    }

    private static ObjectNode vm(VmAtSite vm, VmCounters packets) {
        ObjectNode node = JSON.createObjectNode();
        node.put("name", vm.id().name());
        node.put("agent", vm.session().isPresent());
        node.put("running", vm.running());
        node.put("checkpointing", vm.source().running());
        node.put("trouble", vm.trouble());
        node.put("sealed", vm.source().lastSealed().toString());
        node.put("committed", vm.source().lastCommitted().toString());
        node.put("held", vm.replica().held().toString());
        node.put("applied", vm.replica().applied().toString());
        node.put("pagesSent", vm.source().pagesSent());
        node.put("output", packets.state().name());
        node.put("heldPackets", packets.heldPackets());
        node.put("heldBytes", packets.heldBytes());
        node.put("releasedPackets", packets.releasedPackets());
        BackPressure pressure = vm.source().pressure();
        node.putObject("pressure")
                .put("level", pressure.level().name())
                .put("sealedSooner", pressure.sealedSooner())
                .put("keptPaused", pressure.keptPaused())
                .put("hardLimits", pressure.hardLimits())
                .put("droppedPackets", packets.dropped());
        times(node.putObject("pauseMs"), vm.source().pauses());
        times(node.putObject("arrivalMs"), vm.source().arrivals());
        times(node.putObject("commitMs"), vm.source().commits());
        node.put("intervalMs", vm.source().pace().intervalMs());
        copy(node.putObject("copy"), vm);
        return node;
    }

    private static void times(ObjectNode node, RecentTimes times) {
        long[] sorted = times.sortedNanos();
        node.put("count", sorted.length)
                .put("p50", percentileMs(sorted, 50))
                .put("p95", percentileMs(sorted, 95))
                .put("p99", percentileMs(sorted, 99))
                .put("max", percentileMs(sorted, 100));
    }

    private static double percentileMs(long[] sortedNanos, int percent) {
        if (sortedNanos.length == 0) {
            return 0;
        }
        int index = Math.min(sortedNanos.length - 1, sortedNanos.length * percent / 100);
        return Math.round(sortedNanos[index] / 1e3) / 1e3;
    }

    static ObjectNode switchover(String group, SiteId owner, SwitchoverResult result, long tookNanos) {
        return JSON.createObjectNode()
                .put("group", group)
                .put("owner", owner.name())
                .put("reason", result.reason())
                .put("tookMs", tookNanos / 1_000_000);
    }

    static ObjectNode timeline(SiteId self, Timeline timeline) {
        ObjectNode node = JSON.createObjectNode();
        node.put("site", self.name());
        ArrayNode entries = node.putArray("entries");
        for (Timeline.Entry entry : timeline.entries()) {
            entries.addObject()
                    .put("nanoTime", entry.nanoTime())
                    .put("wall", entry.wall().toString())
                    .put("subject", entry.subject())
                    .put("kind", entry.kind())
                    .put("text", entry.text());
        }
        return node;
    }

    private static void sessions(ArrayNode array, String nameKey, Map<String, Session> sessions) {
        sessions.forEach((name, session) -> array.addObject().put(nameKey, name).put("state", session.state()));
    }
}
