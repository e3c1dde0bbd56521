package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.SwitchRole;

class SwitchProgramsTest {
    private static final SwitchId SWITCH = new SwitchId("sw-a");
    private static final GatewayConfig.Group WEB = group("web", "vm1", "01");
    private static final GatewayConfig.Group SHOP = group("shop", "vm2", "02");

    private final List<String> applied = new ArrayList<>();
    private final SwitchPrograms programs = new SwitchPrograms(
            List.of(WEB),
            (sw, term, vms) -> applied.add(sw + " " + term + " "
                    + vms.stream().map(vm -> vm.vm().name()).toList()));

    private static GatewayConfig.Group group(String name, String vm, String octet) {
        return new GatewayConfig.Group(
                new GroupId(name),
                List.of(),
                List.of(),
                List.of(new GatewayConfig.Vm(
                        new VmId(vm),
                        true,
                        MacAddress.parse("52:54:00:c0:10:" + octet),
                        List.of(),
                        Optional.of(new GatewayConfig.Attachment(SWITCH, vm)))));
    }

    @Test
    void aGroupThatGoesTakesItsVmsAlongAndNeverTheGenerationBack() {
        programs.publish(WEB.id(), 3, SwitchRole.OWNER);
        programs.alter(List.of(WEB, SHOP), Set.of(SWITCH));
        programs.publish(SHOP.id(), 9, SwitchRole.OWNER);
        applied.clear();
        programs.alter(List.of(WEB), Set.of(SWITCH));
        assertEquals(List.of("sw-a 9 [vm1]"), applied, "a switch takes no lower generation");
        applied.clear();
        programs.alter(List.of(), Set.of(SWITCH));
        assertEquals(List.of("sw-a 9 []"), applied, "the last one goes, too");
        applied.clear();
        programs.alter(List.of(SHOP), Set.of(SWITCH));
        assertEquals(List.of(), applied, "one that comes again has no role before the witness has spoken");
    }

    @Test
    void aSwitchThatGoesWithItsVmsIsToldNothingMore() {
        programs.publish(WEB.id(), 3, SwitchRole.OWNER);
        applied.clear();
        programs.alter(List.of(), Set.of());
        assertEquals(List.of(), applied);
    }
}
