package org.secondsite.config.yaml;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.HostId;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;

/** The hosts of a gateway's file, whose agents may speak for VMs, and the rules between them and the groups. */
final class AgentHosts {
    private final Section checkpoint;
    private final boolean allowsPlaintext;
    private final Map<Section, GatewayConfig.Host> hosts = new LinkedHashMap<>();

    /** Reads the keys. */
    AgentHosts(Section checkpoint) {
        this.checkpoint = checkpoint;
        allowsPlaintext = checkpoint.flag("allowPlaintext", false);
        Unique<HostId> names = new Unique<>();
        List<Section> sections = allowsPlaintext ? checkpoint.optionalSections("hosts") : checkpoint.sections("hosts");
        for (Section at : sections) {
            GatewayConfig.Host host = new GatewayConfig.Host(at.value("name", HostId::new), at.list("vms", VmId::new));
            names.add(host.id(), at, "name");
            hosts.put(at, host);
        }
    }

    boolean allowsPlaintext() {
        return allowsPlaintext;
    }

    List<GatewayConfig.Host> list() {
        return List.copyOf(hosts.values());
    }

    /** Where those of this machine connect; the host that it is has to be one of them. */
    Optional<GatewayConfig.Local> local() {
        if (!checkpoint.has("local")) {
            return Optional.empty();
        }
        Section at = checkpoint.section("local");
        GatewayConfig.Local local = new GatewayConfig.Local(at.socket("socket"), at.value("host", HostId::new));
        List<String> names = list().stream()
                .map(GatewayConfig.Host::id)
                .filter(Objects::nonNull)
                .map(HostId::name)
                .toList();
        if (local.host() != null && !names.contains(local.host().name())) {
            at.problem(
                    "host",
                    local.host() + " is none of checkpoint.hosts"
                            + Suggestion.among(names, local.host().name()));
        }
        return Optional.of(local);
    }

    /** A certificate is of one gateway, or of one host. */
    void checkNames(SiteId here, List<SiteId> others) {
        List<SiteId> gateways = new ArrayList<>(others);
        gateways.add(here);
        hosts.forEach((at, host) -> {
            for (SiteId gateway : gateways) {
                if (gateway != null
                        && host.id() != null
                        && gateway.name().equals(host.id().name())) {
                    at.problem("name", host.id() + " is the name of a gateway: a host has a certificate of its own");
                }
            }
        });
    }

    /** Every name is of a VM, and every protected VM has a host. */
    void checkVms(List<GatewayConfig.Group> groups) {
        Map<String, Boolean> known = new TreeMap<>();
        for (GatewayConfig.Group group : groups) {
            for (GatewayConfig.Vm vm : group.vms()) {
                if (vm.id() != null) {
                    known.put(vm.id().name(), vm.isProtected());
                }
            }
        }
        Set<String> spokenFor = new HashSet<>();
        hosts.forEach((at, host) -> {
            for (VmId vm : host.vms()) {
                spokenFor.add(vm.name());
                if (!known.containsKey(vm.name()) && !known.isEmpty()) {
                    at.problem(
                            "vms", "there is no VM " + vm + " in groups" + Suggestion.among(known.keySet(), vm.name()));
                }
            }
        });
        List<String> without = new ArrayList<>();
        known.forEach((vm, isProtected) -> {
            if (isProtected && !spokenFor.contains(vm)) {
                without.add(vm);
            }
        });
        if (!without.isEmpty() && !allowsPlaintext && checkpoint.sound("hosts") && !hosts.isEmpty()) {
            checkpoint.problem("hosts", "no host may speak for " + String.join(", ", without));
        }
    }
}
