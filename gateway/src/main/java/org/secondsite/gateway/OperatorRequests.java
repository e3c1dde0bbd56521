package org.secondsite.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.SiteEvent;
import org.secondsite.gateway.group.SwitchoverResult;
import org.secondsite.gateway.management.ManagementServer;
import org.secondsite.gateway.timeline.Timeline;

/** Answers what operators ask on the management socket, on the threads of their connections. */
final class OperatorRequests {
    private static final int SWITCHOVER_SECONDS = 20;
    private static final int VOUCH_SECONDS = 5;

    private final Supplier<GatewayConfig> config;
    private final Timeline timeline;
    private final Optional<RouterView> routers;
    private final Consumer<SiteEvent> core;

    /**
     * Answers for one gateway.
     *
     * @param config its configuration as it is now
     * @param routers the BGP speaker; empty: there is none
     * @param core is told what an operator wants
     */
    OperatorRequests(
            Supplier<GatewayConfig> config, Timeline timeline, Optional<RouterView> routers, Consumer<SiteEvent> core) {
        this.config = config;
        this.timeline = timeline;
        this.routers = routers;
        this.core = core;
    }

    /** Its requests, and others, each by the name of its command. */
    Map<String, ManagementServer.Command> and(Map<String, ManagementServer.Command> others) {
        Map<String, ManagementServer.Command> all = new HashMap<>(others);
        all.put("timeline", request -> GatewayStatus.timeline(config.get().site(), timeline));
        all.put("switchover", this::switchOver);
        all.put("vouch", this::vouch);
        all.put("bgp", this::bgp);
        return all;
    }

    private JsonNode switchOver(JsonNode request) throws Exception {
        return switchOver(request.path("group").asText(), request.path("reason").asText());
    }

    /**
     * Hands a group over to its standby, and waits for that.
     *
     * @throws Exception if it is not done, with the reason
     */
    void handOver(String group, String reason) throws Exception {
        var _ = switchOver(group, reason);
    }

    private JsonNode switchOver(String name, String reason) throws Exception {
        GroupId group = new GroupId(name);
        GatewayConfig now = config.get();
        SiteId standby = now.groups().stream()
                .filter(settings -> settings.id().equals(group))
                .flatMap(settings -> settings.standby().stream())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no group '" + name + "'; there are "
                        + now.groups().stream().map(GatewayConfig.Group::id).toList()));
        if (reason.isBlank()) {
            throw new IllegalArgumentException("a switchover needs a reason");
        }
        long start = System.nanoTime();
        CompletableFuture<SwitchoverResult> ended = new CompletableFuture<>();
        core.accept(new SiteEvent.SwitchOver(group, reason, ended::complete));
        SwitchoverResult result = ended.completeOnTimeout(
                        new SwitchoverResult(
                                false, "unknown after " + SWITCHOVER_SECONDS + " s: see 'status' at both sites"),
                        SWITCHOVER_SECONDS,
                        TimeUnit.SECONDS)
                .get();
        if (!result.done()) {
            throw new IllegalStateException("no switchover of " + name + ": " + result.reason());
        }
        return GatewayStatus.switchover(name, standby, result, System.nanoTime() - start);
    }

    private JsonNode vouch(JsonNode request) throws Exception {
        VmId vm = new VmId(request.path("vm").asText());
        String reason = request.path("reason").asText();
        if (reason.isBlank()) {
            throw new IllegalArgumentException("to vouch for a VM needs a reason");
        }
        CompletableFuture<Optional<String>> answer = new CompletableFuture<>();
        core.accept(new SiteEvent.Vouched(vm, reason, answer::complete));
        Optional<String> obstacle = answer.get(VOUCH_SECONDS, TimeUnit.SECONDS);
        if (obstacle.isPresent()) {
            throw new IllegalStateException(obstacle.get());
        }
        return JsonNodeFactory.instance.objectNode().put("vm", vm.name());
    }

    private JsonNode bgp(JsonNode request) throws IOException, InterruptedException {
        if (routers.isEmpty()) {
            throw new IOException("this gateway speaks no BGP: its configuration has no section bgp");
        }
        return routers.get().answer(request);
    }
}
