package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.lab.ControlledSite.ID;
import static org.secondsite.openflow.lab.SwitchSite.attachment;
import static org.secondsite.openflow.lab.SwitchSite.ipv4;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.RecordedEvents;

/** Real controllers of others at the same switch: os-ken, and the learning switch that comes with Open vSwitch. */
@Tag("lab")
@Timeout(180)
class ForeignControllerTest {
    private static final VmAttachment VM1 = attachment("vm1", Role.OWNER);
    private static final VmAttachment VM2 = attachment("vm2", Role.OWNER);
    private static final int FOREIGN_PORT = 6699;

    @TempDir
    private Path directory;

    private ControlledSite lab;
    private SwitchSite site;
    private RecordedEvents events;

    @BeforeEach
    void open() throws Exception {
        lab = new ControlledSite(directory);
        site = lab.site();
        events = lab.events();
    }

    @AfterEach
    void close() throws Exception {
        if (lab != null) {
            lab.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"OpenFlow13", "OpenFlow14"})
    void whatOsKenWritesIsMendedAndAsMasterItIsOutrankedByANewerTerm(String version) throws Exception {
        OpenVSwitch ovs = site.openVSwitch();
        ovs.vsctl("set", "bridge", OpenVSwitch.BRIDGE, "protocols=OpenFlow10," + version);
        try (ForeignController foreign =
                new ForeignController(site.switchNamespace(), directory, FOREIGN_PORT, version)) {
            ovs.setControllers(lab.controller().address().getPort(), FOREIGN_PORT);
            lab.controller().apply(ID, 5, List.of(VM1, VM2));
            events.await("sw-a confirmed 5");
            foreign.awaitConnected();
            site.knows("vm1", "vm2");
            List<String> flows = ovs.flows();
            for (String command : List.of("normal", "alter", "delete")) {
                foreign.carryOut(command);
                events.await("sw-a drifted 5: ");
                events.await("sw-a confirmed 5");
                assertEquals(flows, ovs.flows(), command);
            }
            foreign.carryOut("master 6");
            foreign.carryOut("normal");
            events.await("sw-a contested 5");
            lab.controller().apply(ID, 7, List.of(VM1, VM2));
            events.await("sw-a confirmed 7");
            foreign.carryOut("normal");
            assertTrue(foreign.printed().stream().anyMatch(line -> line.startsWith("refused")), "as a slave it writes");
            assertFalse(ovs.flows().stream().anyMatch(flow -> flow.contains("NORMAL")), ovs.flows()::toString);
            assertFalse(site.arrives("vm1", ipv4("vm1"), "vm2", ipv4("vm2"), false));
        }
    }

    @Test
    void aLearningSwitchThatEmptiesTheTablesIsMended() throws Exception {
        Command.require("ovs-testcontroller", "openvswitch-testcontroller");
        OpenVSwitch ovs = site.openVSwitch();
        ovs.setControllers(lab.controller().address().getPort());
        lab.controller().apply(ID, 5, List.of(VM1, VM2));
        events.await("sw-a confirmed 5");
        site.knows("vm1", "vm2");
        List<String> flows = ovs.flows();
        Path own = Files.writeString(directory.resolve("own"), "priority=65000,actions=NORMAL\n");
        Process foreign = new ProcessBuilder(site.switchNamespace()
                        .inside(
                                "ovs-testcontroller",
                                "ptcp:" + FOREIGN_PORT + ":127.0.0.1",
                                "--normal",
                                "--max-idle=permanent",
                                "--with-flows=" + own,
                                "--unixctl=" + directory.resolve("testcontroller.ctl")))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("testcontroller.log").toFile())
                .start();
        try {
            ovs.setControllers(lab.controller().address().getPort(), FOREIGN_PORT);
            events.await("sw-a drifted 5: ");
            events.await("sw-a confirmed 5");
            assertFalse(site.arrives("vm1", ipv4("vm1"), "vm2", ipv4("vm2"), false));
            // It has written one of ours, word for word.
            assertEquals(withoutCookies(flows), withoutCookies(ovs.flows()));
        } finally {
            Command.kill(foreign);
        }
    }

    private static Set<String> withoutCookies(List<String> flows) {
        return flows.stream().map(flow -> flow.replaceAll("cookie=\\w+, ", "")).collect(Collectors.toSet());
    }
}
