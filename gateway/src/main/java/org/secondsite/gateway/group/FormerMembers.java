package org.secondsite.gateway.group;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;

/**
 * The VMs that were members when a gateway ended, and that the file it is started with ticks no more. The standby would go on from
 * images of them that are older than what they say from now on, so none may pass before the standby has dropped it: the gateway starts with
 * them ticked, and has them leave then, as by any other commit.
 *
 * @param config what the gateway starts with
 * @param kept the VMs that the file ticks no more
 * @param problems VMs that the file does not have any more, so that the gateway does not know what to hold; each with what to do, in words
 */
public record FormerMembers(GatewayConfig config, Set<VmId> kept, List<String> problems) {
    /** Copies the collections. */
    public FormerMembers {
        kept = Set.copyOf(kept);
        problems = List.copyOf(problems);
    }

    /** What of a file is carried out after the start only. */
    public static FormerMembers of(GatewayConfig file, Recollection found) {
        Set<VmId> kept = new LinkedHashSet<>();
        List<String> problems = new ArrayList<>();
        if (found instanceof Recollection.Known known) {
            known.groups().forEach((group, remembered) -> remembered.members().forEach(id -> {
                Optional<GatewayConfig.Vm> vm = vm(file, group, id);
                if (vm.isEmpty()) {
                    problems.add(problem(group, id, "does not have it there any more"));
                } else if (!vm.get().isProtected()) {
                    kept.add(id);
                    if (!mayHaveAnAgent(file, id)) {
                        problems.add(problem(group, id, "gives it no host (checkpoint.hosts)"));
                    }
                }
            }));
        }
        return new FormerMembers(kept.isEmpty() ? file : ticked(file, kept), kept, problems);
    }

    private static GatewayConfig ticked(GatewayConfig file, Set<VmId> which) {
        return new GatewayConfig(
                file.site(),
                file.peers(),
                file.tls(),
                file.witness(),
                file.checkpoint(),
                file.dataPlane(),
                file.bgp(),
                file.openflow(),
                file.management(),
                file.metrics(),
                file.groups().stream().map(group -> ticked(group, which)).toList());
    }

    private static GatewayConfig.Group ticked(GatewayConfig.Group group, Set<VmId> which) {
        return new GatewayConfig.Group(
                group.id(),
                group.standby(),
                group.prefixes(),
                group.promotedPrefixes(),
                group.vms().stream()
                        .map(vm -> which.contains(vm.id())
                                ? new GatewayConfig.Vm(vm.id(), true, vm.mac(), vm.addresses(), vm.attachment())
                                : vm)
                        .toList());
    }

    private static String problem(GroupId group, VmId vm, String what) {
        return vm + " was a member of group " + group
                + " when this gateway ended, so the other site may go on from it, and the file " + what
                + ": leave it in as it was, with 'protected: false', until it has left";
    }

    private static Optional<GatewayConfig.Vm> vm(GatewayConfig file, GroupId group, VmId id) {
        return file.groups().stream()
                .filter(one -> one.id().equals(group))
                .flatMap(one -> one.vms().stream())
                .filter(vm -> vm.id().equals(id))
                .findFirst();
    }

    private static boolean mayHaveAnAgent(GatewayConfig file, VmId vm) {
        List<GatewayConfig.Host> hosts = file.checkpoint().hosts();
        return hosts.isEmpty() || hosts.stream().anyMatch(host -> host.vms().contains(vm));
    }
}
