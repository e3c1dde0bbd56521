package org.secondsite.lab.embedded;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.AgentConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.gateway.DataPlaneFactory;
import org.secondsite.gateway.Gateway;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.net.life.Ending;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.agent.io.CheckpointAgent;

/** Everything of one of several sites: a gateway, an agent and the places of synthetic VMs. It ends as a whole. */
final class RingSite implements AutoCloseable {
    private static final int RAM_BYTES = 1 << 20;

    private final SiteId self;
    private final Path socket;
    private final Map<VmId, SyntheticVm> vms;
    private final Consumer<byte[]> uplink;
    private final Ending ending;
    private final CheckpointAgent agent;
    private Gateway gateway;
    private LoopbackDataPlane plane;

    /** Opens the gateway, whose management socket is in the directory and named after the site. */
    @FunctionalInterface
    interface Opener {
        Gateway open(DataPlaneFactory factory, Ending ending) throws IOException;
    }

    /**
     * Starts both.
     *
     * @param directory has the certificates
     * @param agents where the gateway listens for its agent
     * @param vms that run here, or may
     * @param uplink gets what leaves
     */
    RingSite(
            SiteId self,
            Path directory,
            InetSocketAddress agents,
            List<VmId> vms,
            Opener opener,
            Ending ending,
            Consumer<byte[]> uplink)
            throws IOException {
        this.self = self;
        socket = directory.resolve(self + ".sock");
        this.vms = vms.stream().collect(Collectors.toMap(Function.identity(), vm -> new SyntheticVm(vm, RAM_BYTES)));
        // A gateway that starts for the first time waits for its agents, which try again and again.
        AgentConfig.Proof proof = new AgentConfig.Proof(self, TlsFiles.in(directory, EmbeddedSite.hostOf(self)));
        agent = CheckpointAgent.open(
                new GatewayAccess(agents, Optional.of(proof)), List.copyOf(this.vms.values()), AgentTiming.USUAL);
        this.uplink = uplink;
        this.ending = ending;
        try {
            gatewayStarts(opener);
        } catch (IOException e) {
            agent.close();
            throw e;
        }
    }

    /** The gateway alone is gone: agent and VMs go on. */
    void gatewayDies() {
        plane.close();
        gateway.close();
    }

    /** Another one in its place. */
    void gatewayStarts(Opener opener) throws IOException {
        gateway = opener.open(
                (_, known, _) -> {
                    plane = new LoopbackDataPlane(known, 8 << 20, 4 << 20, uplink);
                    return plane;
                },
                ending);
    }

    SiteId self() {
        return self;
    }

    /** An operator switches the VM on. */
    void boot(VmId vm) {
        vms.get(vm).boot();
    }

    boolean runs(VmId vm) {
        return vms.get(vm).isExecuting();
    }

    /** A request from outside; a VM that does not run here says nothing. */
    void deliver(VmId vm, int mark, byte[] request) {
        SyntheticVm place = vms.get(vm);
        if (place != null) {
            Conversations.answer(place, request, frame -> {
                frame[Conversations.FRAME_BYTES - 1] = (byte) mark;
                plane.fromVm(vm, frame);
            });
        }
    }

    JsonNode status() throws IOException {
        return ManagementClient.ask(socket, "status");
    }

    /** What status says of a group; missing if it has none of that name. */
    JsonNode group(GroupId group) throws IOException {
        return LivingSites.named(status().path("groups"), "name", group.name());
    }

    boolean is(GroupId group, String state) throws IOException {
        return group(group).path("state").asText().equals(state);
    }

    /** The other sites of which it knows. */
    List<String> peers() throws IOException {
        return status().path("peers")
                .valueStream()
                .map(peer -> peer.path("site").asText())
                .toList();
    }

    /** What has happened here, each as its subject, its kind and its words. */
    List<String> timeline() throws IOException {
        return ManagementClient.ask(socket, "timeline")
                .path("entries")
                .valueStream()
                .map(entry -> entry.path("subject").asText() + " "
                        + entry.path("kind").asText() + ": "
                        + entry.path("text").asText())
                .toList();
    }

    JsonNode config(Map<String, String> request) throws IOException {
        return ManagementClient.ask(socket, "config", request);
    }

    /** First nothing gets out any more. */
    @Override
    public void close() {
        plane.close();
        gateway.close();
        agent.close();
        vms.values().forEach(vm -> vm.kill("the site died"));
    }
}
