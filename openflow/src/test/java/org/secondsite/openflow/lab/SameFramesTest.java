package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.FakeFlowTable;
import org.secondsite.openflow.pipeline.FlowText;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

/**
 * The switch in memory, by which other tests judge, against a real Open vSwitch: the same random frames go the same ways through both,
 * with random VMs, roles, VLANs and layouts. {@code -Dsecondsite.frames.rounds=N} for more of them.
 */
@Tag("lab")
@Timeout(900)
class SameFramesTest {
    private static final int ROUNDS = Integer.getInteger("secondsite.frames.rounds", 4);
    private static final int FRAMES = 60;
    private static final long SEED = 17;
    private static final List<String> PORTS = List.of(SwitchSite.GATEWAY, "vm1", "vm2", "vm3");

    @TempDir
    private Path directory;

    private final Random random = new Random(SEED);
    private final Map<String, Integer> numbers = new HashMap<>();
    private final Map<String, Integer> byDatapathPort = new HashMap<>();
    private OpenVSwitch ovs;

    @Test
    void aRealSwitchAndTheOneInMemoryDoTheSame() throws Exception {
        Set<Integer> tagsSeen = new TreeSet<>();
        int passed = 0;
        try (SwitchSite site = new SwitchSite(directory)) {
            ovs = site.openVSwitch();
            site.plug("vm3");
            for (String port : PORTS) {
                int number = Integer.parseInt(
                        ovs.vsctl("get", "interface", port, "ofport").strip());
                numbers.put(port, number);
                byDatapathPort.put(ovs.datapathPort(port), number);
            }
            for (int round = 0; round < ROUNDS; round++) {
                List<VmAttachment> vms = vms();
                Layout layout = round % 2 == 0 ? Layout.TABLES : Layout.ONE_TABLE;
                Pipeline pipeline = Pipeline.of(layout, SwitchSite.GATEWAY, vms, PortTable.of(numbers));
                install(pipeline);
                FakeFlowTable memory = new FakeFlowTable(pipeline.flows());
                for (int i = 0; i < FRAMES; i++) {
                    RandomFrame frame = RandomFrame.of(random, numbers.values(), vms);
                    Map<Integer, Integer> expected = memory.frames(frame.fields());
                    assertEquals(
                            expected,
                            ways(ovs.actions(frame.text()), frame.tag()),
                            () -> frame.text() + "\n" + layout + " " + vms);
                    passed += expected.isEmpty() ? 0 : 1;
                    tagsSeen.addAll(expected.values());
                }
            }
        }
        // Frames that nobody lets through would show nothing.
        assertTrue(passed > ROUNDS * FRAMES / 16, passed + " of " + ROUNDS * FRAMES + " went through");
        assertTrue(tagsSeen.contains(0) && tagsSeen.size() > 1, tagsSeen::toString);
    }

    private List<VmAttachment> vms() {
        List<VmAttachment> vms = new ArrayList<>();
        List<Role> roles = List.copyOf(EnumSet.allOf(Role.class));
        Role others = roles.get(random.nextInt(roles.size()));
        for (int i = 1; i <= 3; i++) {
            if (random.nextInt(5) == 0) {
                continue;
            }
            VmAttachment vm = new VmAttachment(
                    new VmId("vm" + i),
                    "vm" + i,
                    MacAddress.parse(SwitchSite.mac("vm" + i)),
                    random.nextBoolean()
                            ? List.of(IpPrefix.parseAddress("203.0.113.1" + i))
                            : List.of(
                                    IpPrefix.parseAddress("203.0.113.1" + i),
                                    IpPrefix.parseAddress("2001:db8:113::1" + i)),
                    random.nextInt(3) > 0 ? Role.OWNER : others);
            vms.add(vm.with(vlan()));
        }
        return vms;
    }

    private Vlan vlan() {
        return switch (random.nextInt(4)) {
            case 0 -> new Vlan(RandomFrame.VLAN, Vlan.Port.UNTAGGED);
            case 1 -> new Vlan(RandomFrame.VLAN, Vlan.Port.TAGGED);
            default -> Vlan.NONE;
        };
    }

    private void install(Pipeline pipeline) throws IOException {
        Path file = directory.resolve("flows");
        Files.write(file, pipeline.flows().stream().map(FlowText::addition).toList());
        ovs.ofctl("del-flows");
        ovs.ofctl("add-flows", file.toString(), "--bundle");
    }

    /** By port, the tag with which a frame goes out. */
    private Map<Integer, Integer> ways(String actions, int tagBefore) {
        Map<Integer, Integer> ways = new HashMap<>();
        if (actions.equals("drop")) {
            return ways;
        }
        int tag = tagBefore;
        for (String action :
                actions.replaceAll("push_vlan\\(vid=(\\d+),[^)]*\\)", "push $1").split(",", -1)) {
            if (action.startsWith("push ")) {
                tag = Vlan.match(Integer.parseInt(action.substring("push ".length())));
            } else if (action.equals("pop_vlan")) {
                tag = 0;
            } else {
                Integer port = byDatapathPort.get(action);
                assertTrue(port != null, actions);
                ways.put(port, tag);
            }
        }
        return ways;
    }
}
