package org.secondsite.gateway.group;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;

class FormerMembersTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId WEB = new GroupId("web");
    private static final GroupId SHOP = new GroupId("shop");
    private static final VmId ONE = new VmId("vm1");
    private static final VmId TWO = new VmId("vm2");
    private static final Recollection BOTH_WERE_MEMBERS =
            new Recollection.Known(Map.of(WEB, new Recollection.OfGroup(3, Map.of(), Set.of(ONE, TWO))));

    private static GatewayConfig.Vm vm(VmId id, boolean ticked) {
        return new GatewayConfig.Vm(
                id, ticked, MacAddress.parse("52:54:00:c0:10:0" + id.name().charAt(2)), List.of(), Optional.empty());
    }

    private static GatewayConfig file(GroupId group, GatewayConfig.Vm... vms) {
        return CoreConfig.of(A, B, group, List.of(vms));
    }

    @Test
    void whoIsTickedNoMoreIsTickedStill() {
        FormerMembers former = FormerMembers.of(file(WEB, vm(ONE, true), vm(TWO, false)), BOTH_WERE_MEMBERS);
        assertEquals(Set.of(TWO), former.kept());
        assertEquals(List.of(), former.problems());
        assertEquals(file(WEB, vm(ONE, true), vm(TWO, true)), former.config());
    }

    @Test
    void aFileThatTicksThemAllIsTakenAsItIs() {
        GatewayConfig file = file(WEB, vm(ONE, true), vm(TWO, true), vm(new VmId("vm3"), false));
        assertEquals(new FormerMembers(file, Set.of(), List.of()), FormerMembers.of(file, BOTH_WERE_MEMBERS));
    }

    @Test
    void whoseMacNobodyKnowsAnyMoreIsAProblem() {
        for (GatewayConfig file : List.of(file(WEB, vm(ONE, true)), file(SHOP, vm(TWO, false), vm(ONE, true)))) {
            List<String> problems = FormerMembers.of(file, BOTH_WERE_MEMBERS).problems();
            assertTrue(
                    problems.stream()
                            .anyMatch(words -> words.startsWith("vm2 was a member of group web")
                                    && words.endsWith(
                                            "leave it in as it was, with 'protected: false', until it has left")),
                    problems.toString());
        }
    }

    @Test
    void whoRemembersNothingTakesTheFileAsItIs() {
        GatewayConfig file = file(WEB, vm(ONE, false));
        for (Recollection found : List.of(
                new Recollection.None(),
                new Recollection.Lost("the disk was lost"),
                new Recollection.Known(
                        Map.of(WEB, new Recollection.OfGroup(3, Map.of(ONE, Recollection.Copy.OLDER)))))) {
            assertEquals(new FormerMembers(file, Set.of(), List.of()), FormerMembers.of(file, found));
        }
    }
}
