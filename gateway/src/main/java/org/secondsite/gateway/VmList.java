package org.secondsite.gateway;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.VmId;
import org.secondsite.gateway.group.ProtectionGroup;
import org.secondsite.gateway.group.SiteCore;
import org.secondsite.gateway.group.VmAtSite;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.Callers;

/**
 * Every VM that this gateway knows of: those of its file, ticked or not, and those that agents have called for. For each, what agents say
 * of it, and why it is not protected, or could not be.
 */
final class VmList {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String UNPROVEN = "an agent without proof";

    private final GatewayConfig config;
    private final SiteCore core;
    private final List<Callers.Call> calls;
    private final long nowNanos;

    /** At a monotonic time. To be read in the conductor's thread. */
    VmList(GatewayConfig config, SiteCore core, List<Callers.Call> calls, long nowNanos) {
        this.config = config;
        this.core = core;
        this.calls = calls;
        this.nowNanos = nowNanos;
    }

    /** The list, as the management socket tells it. */
    ObjectNode tell() {
        ObjectNode node = JSON.createObjectNode().put("site", config.site().name());
        ArrayNode vms = node.putArray("vms");
        Set<VmId> listed = new LinkedHashSet<>();
        for (GatewayConfig.Group group : config.groups()) {
            for (GatewayConfig.Vm vm : group.vms()) {
                listed.add(vm.id());
                ofFile(vms.addObject(), group, vm);
            }
        }
        Set<VmId> others = new LinkedHashSet<>();
        calls.stream().map(Callers.Call::vm).filter(vm -> !listed.contains(vm)).forEach(others::add);
        others.forEach(vm -> ofAgentsAlone(vms.addObject(), vm));
        return node;
    }

    private void ofFile(ObjectNode node, GatewayConfig.Group group, GatewayConfig.Vm vm) {
        node.put("name", vm.id().name()).put("group", group.id().name());
        node.put("ticked", vm.isProtected());
        node.put("mac", vm.mac().toString());
        ArrayNode addresses = node.putArray("addresses");
        vm.addresses().stream().map(InetAddress::getHostAddress).forEach(addresses::add);
        agents(node, vm.id());
        Optional<ProtectionGroup> known = core.group(group.id());
        Optional<VmAtSite> member = known.stream()
                .flatMap(one -> one.everyone().stream())
                .filter(one -> one.id().equals(vm.id()))
                .findFirst();
        node.put(
                "membership",
                member.map(one -> known.orElseThrow().phase(one).name()).orElse(""));
        List<String> why =
                member.map(one -> whyNoMember(known.orElseThrow(), one)).orElseGet(() -> whyNotTicked(vm));
        why.forEach(node.putArray("why")::add);
    }

    private static List<String> whyNoMember(ProtectionGroup group, VmAtSite vm) {
        List<String> why = new ArrayList<>(group.lacks(vm));
        if (why.isEmpty() && group.phase(vm).isOutside()) {
            why.add("waits: " + group.waitsFor(vm));
        }
        return why;
    }

    /** What would stand against it at this site if it were ticked. */
    private List<String> whyNotTicked(GatewayConfig.Vm vm) {
        List<String> why = new ArrayList<>();
        why.add("not ticked: 'secondsite protect " + vm.id() + "'");
        List<Callers.Call> ofIt = of(vm.id());
        if (ofIt.isEmpty()) {
            why.add("no agent has called for it");
        }
        Admission admission = GatewaySettings.agents(config).admission();
        Admission ifTicked = new Admission(Set.of(vm.id()), admission.hosts(), admission.unproven());
        ofIt.forEach(call -> ifTicked.refusal(Optional.of(call.host()).filter(host -> !host.isEmpty()), vm.id())
                .ifPresent(why::add));
        return why;
    }

    private void ofAgentsAlone(ObjectNode node, VmId vm) {
        node.put("name", vm.name()).put("group", "").put("ticked", false).put("mac", "");
        node.putArray("addresses");
        agents(node, vm);
        node.put("membership", "");
        node.putArray("why").add("it is in no group of this gateway's file");
    }

    private List<Callers.Call> of(VmId vm) {
        return calls.stream().filter(call -> call.vm().equals(vm)).toList();
    }

    private void agents(ObjectNode node, VmId vm) {
        ArrayNode agents = node.putArray("agents");
        for (Callers.Call call : of(vm)) {
            agents.addObject()
                    .put("host", call.host().isEmpty() ? UNPROVEN : call.host())
                    .put("running", call.running())
                    .put("ramMiB", call.ramBytes() >> 20)
                    .put("words", call.words())
                    .put("calledSecondsAgo", (nowNanos - call.nanoTime()) / 1_000_000_000L);
        }
    }
}
