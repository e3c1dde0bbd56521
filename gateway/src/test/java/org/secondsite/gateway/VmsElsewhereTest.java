package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.gateway.ownership.RouteRole;

/** Where the VMs of two groups are looked for, as the groups' roles change. */
class VmsElsewhereTest {
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId MAIL = new GroupId("mail");

    private final List<List<String>> told = new ArrayList<>();
    private final VmsElsewhere elsewhere = new VmsElsewhere(
            List.of(
                    group(WEB, vm("vm1", "203.0.113.10", "2001:db8:71::10"), notTicked("vm2", "203.0.113.11")),
                    group(MAIL, vm("mail1", "192.0.2.10"))),
            addresses ->
                    told.add(addresses.stream().map(InetAddress::getHostAddress).toList()));

    private static GatewayConfig.Group group(GroupId id, GatewayConfig.Vm... vms) {
        return new GatewayConfig.Group(id, List.of(), List.of(), List.of(vms));
    }

    private static GatewayConfig.Vm vm(String name, String... addresses) {
        return new GatewayConfig.Vm(
                new VmId(name),
                true,
                MacAddress.parse("52:54:00:c0:10:01"),
                Stream.of(addresses).map(InetAddress::ofLiteral).toList(),
                Optional.empty());
    }

    /** Which site it is at nobody knows. */
    private static GatewayConfig.Vm notTicked(String name, String address) {
        GatewayConfig.Vm ticked = vm(name, address);
        return new GatewayConfig.Vm(ticked.id(), false, ticked.mac(), ticked.addresses(), ticked.attachment());
    }

    @Test
    void theyAreElsewhereWhileThisSiteStandsByForTheirGroup() {
        elsewhere.publish(WEB, RouteRole.NONE);
        elsewhere.publish(MAIL, RouteRole.OWNER);
        assertEquals(List.of(), told, "nothing is known yet");
        elsewhere.publish(WEB, RouteRole.STANDBY);
        elsewhere.publish(WEB, RouteRole.STANDBY);
        elsewhere.publish(MAIL, RouteRole.RETIRING);
        List<String> web = List.of("203.0.113.10", "2001:db8:71:0:0:0:0:10");
        assertEquals(List.of(web), told);
        elsewhere.publish(MAIL, RouteRole.STANDBY);
        elsewhere.publish(WEB, RouteRole.PROMOTED);
        assertEquals(
                List.of(
                        web,
                        Stream.concat(web.stream(), Stream.of("192.0.2.10")).toList(),
                        List.of("192.0.2.10")),
                told);
    }

    @Test
    void theyFollowTheFile() {
        elsewhere.publish(MAIL, RouteRole.STANDBY);
        elsewhere.alter(List.of(group(MAIL, vm("mail1", "192.0.2.10"), vm("mail2", "192.0.2.11"))));
        elsewhere.alter(List.of());
        elsewhere.alter(List.of(group(MAIL, vm("mail1", "192.0.2.10"))));
        assertEquals(
                List.of(List.of("192.0.2.10"), List.of("192.0.2.10", "192.0.2.11"), List.of()),
                told,
                "a group that comes again has no role yet");
    }
}
