package org.secondsite.gateway;

import java.util.List;
import java.util.function.Function;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.Access;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.DatabaseAccess;
import org.secondsite.openflow.ForeignGeneration;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;

/** What the configuration says of switches, in the controller's words. */
public final class SwitchPlan {
    private SwitchPlan() {}

    /** The controller's settings. */
    public static ControllerSettings settings(GatewayConfig.OpenFlow openflow) {
        return new ControllerSettings(
                openflow.listen(),
                openflow.tls(),
                openflow.switches().stream().map(SwitchPlan::settings).toList());
    }

    private static SwitchSettings settings(GatewayConfig.Switch one) {
        return new SwitchSettings(
                one.id(),
                one.datapathId(),
                one.gatewayPort(),
                one.isShared() ? Sharing.COOPERATIVE : Sharing.EXCLUSIVE,
                one.resetsForeignGeneration() ? ForeignGeneration.RESET : ForeignGeneration.REFUSE,
                switch (one.preflight()) {
                    case MEND -> Preflight.MEND;
                    case REFUSE -> Preflight.REFUSE;
                    case REPORT -> Preflight.REPORT;
                },
                one.database().map(address -> new DatabaseAccess(address, one.databaseCertificate())),
                new Access(one.connect(), one.certificate()));
    }

    private static Vlan vlan(GatewayConfig.Attachment port) {
        return port.vlan().isEmpty()
                ? Vlan.NONE
                : new Vlan(port.vlan().getAsInt(), port.isTagged() ? Vlan.Port.TAGGED : Vlan.Port.UNTAGGED);
    }

    /**
     * The VMs of a switch.
     *
     * @param role of each protected VM, by its group; the others are always owned
     */
    public static List<VmAttachment> vms(
            List<GatewayConfig.Group> groups, SwitchId sw, Function<GatewayConfig.Group, Role> role) {
        return groups.stream()
                .flatMap(group -> group.vms().stream()
                        .filter(vm -> vm.attachment()
                                .map(port -> port.switchId().equals(sw))
                                .orElse(false))
                        .map(vm -> new VmAttachment(
                                vm.id(),
                                vm.attachment().orElseThrow().port(),
                                vm.mac(),
                                vm.addresses(),
                                vm.isProtected() ? role.apply(group) : Role.OWNER,
                                vlan(vm.attachment().orElseThrow()))))
                .toList();
    }
}
