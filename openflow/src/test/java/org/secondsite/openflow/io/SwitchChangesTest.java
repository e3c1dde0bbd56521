package org.secondsite.openflow.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.simulated.ExecutingSwitch;

/** Switches that come, change and go while the controller runs. */
@Timeout(180)
class SwitchChangesTest {
    private static final SwitchSettings A = new SwitchSettings(new SwitchId("sw-a"), 0xa01, "gw");
    private static final SwitchSettings B = new SwitchSettings(new SwitchId("sw-b"), 0xb02, "gw");
    private static final VmAttachment VM = new VmAttachment(
            new VmId("vm1"),
            "vm1",
            MacAddress.parse("52:54:00:c0:10:01"),
            List.of(IpPrefix.parseAddress("203.0.113.11")),
            Role.OWNER);

    private final RecordedEvents events = new RecordedEvents();
    private final ExecutingSwitch ofA = memory(A);
    private final ExecutingSwitch ofB = memory(B);
    private SwitchController controller;

    private static ExecutingSwitch memory(SwitchSettings settings) {
        ExecutingSwitch memory = new ExecutingSwitch(settings.datapathId());
        memory.ports.put("gw", 1);
        memory.ports.put("vm1", 11);
        return memory;
    }

    @BeforeEach
    void open() throws IOException {
        controller = SwitchController.open(
                new ControllerSettings(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), List.of(A)), events);
    }

    @AfterEach
    void close() {
        controller.close();
    }

    private void change(SwitchSettings... wanted) throws Exception {
        var _ = controller.change(List.of(wanted)).get(10, TimeUnit.SECONDS);
    }

    private FakeSwitch connect(ExecutingSwitch memory) throws IOException {
        return new FakeSwitch(controller.address(), OFVersion.OF_14, memory);
    }

    private void requireNoEnd() {
        List<String> rest = events.rest();
        assertFalse(rest.stream().anyMatch(event -> event.contains("disconnected")), rest::toString);
    }

    @Test
    void aSwitchThatComesTouchesNoOther() throws Exception {
        try (FakeSwitch _ = connect(ofA)) {
            controller.apply(A.id(), 5, List.of(VM));
            events.await("sw-a confirmed 5");
            assertThrows(IllegalArgumentException.class, () -> controller.apply(B.id(), 5, List.of(VM)));
            change(B, A);
            controller.apply(B.id(), 5, List.of(VM));
            try (FakeSwitch _ = connect(ofB)) {
                events.await("sw-b confirmed 5");
                requireNoEnd();
            }
        }
    }

    @Test
    void oneThatIsStillSayingHelloIsKnownByTheNewList() throws Exception {
        try (FakeSwitch unknown = connect(ofB)) {
            assertTrue(unknown.awaitEnd(10_000), "nobody knows it");
        }
        change(A, B);
        try (FakeSwitch _ = connect(ofB)) {
            events.await("sw-b connected");
        }
    }

    @Test
    void oneThatGoesKeepsItsFlowsAndIsTurnedAwayFromThenOn() throws Exception {
        try (FakeSwitch fake = connect(ofA)) {
            controller.apply(A.id(), 5, List.of(VM));
            events.await("sw-a confirmed 5");
            int flows = ofA.installedFlows().size();
            change(B);
            events.await("sw-a disconnected: it is configured no more");
            assertTrue(fake.awaitEnd(10_000));
            assertEquals(flows, ofA.installedFlows().size());
            try (FakeSwitch again = connect(ofA)) {
                assertTrue(again.awaitEnd(10_000));
            }
        }
    }

    @Test
    void oneThatIsAlteredComesBackToWhatWasAppliedToIt() throws Exception {
        try (FakeSwitch fake = connect(ofA)) {
            controller.apply(A.id(), 5, List.of(VM));
            events.await("sw-a confirmed 5");
            change(A.with(Sharing.COOPERATIVE));
            events.await("sw-a disconnected: its settings have changed");
            assertTrue(fake.awaitEnd(10_000));
        }
        try (FakeSwitch _ = connect(ofA)) {
            events.await("sw-a confirmed 5");
            controller.apply(A.id(), 4, List.of(VM));
            events.await("sw-a refused 4: term 5 was asked for before");
        }
    }

    @Test
    void theSameListAndOnesThatShareAnIdChangeNothing() throws Exception {
        try (FakeSwitch _ = connect(ofA)) {
            events.await("sw-a connected");
            change(A);
            SwitchSettings twin = new SwitchSettings(new SwitchId("twin"), A.datapathId(), "gw");
            assertThrows(IllegalArgumentException.class, () -> controller.change(List.of(A, twin)));
            controller.apply(A.id(), 5, List.of(VM));
            events.await("sw-a confirmed 5");
            requireNoEnd();
        }
    }
}
