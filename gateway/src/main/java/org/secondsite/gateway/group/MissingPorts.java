package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;

/** Ports of switches that VMs should be plugged into, and that there are not. */
final class MissingPorts {
    /** A port that is made anew is not there for a moment. */
    private static final long MISSING_NANOS = 3_000_000_000L;

    private final Orders orders;
    private final Map<GatewayConfig.Attachment, Long> since = new HashMap<>();
    private final Map<VmId, GatewayConfig.Attachment> plugged = new HashMap<>();

    MissingPorts(PairConfig config, Orders orders) {
        this.orders = orders;
        alter(config);
    }

    void alter(PairConfig config) {
        plugged.clear();
        config.groups().forEach(group -> group.vms()
                .forEach(vm -> vm.attachment().ifPresent(at -> plugged.put(vm.id(), port(at)))));
        since.keySet().retainAll(Set.copyOf(plugged.values()));
    }

    private static GatewayConfig.Attachment port(GatewayConfig.Attachment at) {
        return new GatewayConfig.Attachment(at.switchId(), at.port());
    }

    /** These of a switch's ports are missing, and no others. */
    void told(SwitchId sw, Set<String> names) {
        since.keySet().removeIf(at -> at.switchId().equals(sw) && !names.contains(at.port()));
        names.forEach(name -> since.putIfAbsent(new GatewayConfig.Attachment(sw, name), orders.nowNanos()));
    }

    /** What the VM's switch lacks, in words; empty if nothing is known to be missing. */
    String lack(VmId vm) {
        return Optional.ofNullable(plugged.get(vm))
                .filter(at -> since.containsKey(at) && orders.nowNanos() - since.get(at) >= MISSING_NANOS)
                .map(at -> "switch " + at.switchId() + " has no port " + at.port())
                .orElse("");
    }
}
