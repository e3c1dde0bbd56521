package org.secondsite.openflow.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;
import org.secondsite.openflow.simulated.ExecutingSwitch;

@Timeout(180)
class SwitchControllerTest {
    private static final SwitchId ID = new SwitchId("sw-a");
    private static final long DATAPATH = 0xa01;
    private static final VmAttachment VM1 = vm(1, Role.OWNER);
    private static final VmAttachment VM1_STANDBY = vm(1, Role.STANDBY);
    private static final VmAttachment VM2 = vm(2, Role.OWNER);

    private final RecordedEvents events = new RecordedEvents();
    private final ExecutingSwitch memory = new ExecutingSwitch(DATAPATH);
    private SwitchController controller;

    @BeforeEach
    void open() throws IOException {
        controller = SwitchController.open(settings(20_000), events);
        memory.ports.put("gw", 1);
        memory.ports.put("vm1", 11);
        memory.ports.put("vm2", 12);
    }

    @AfterEach
    void close() {
        controller.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void installsReadsBackAndConfirms(OFVersion version) throws Exception {
        try (FakeSwitch _ = connect(version)) {
            events.await("sw-a connected");
            controller.apply(ID, 5, List.of(VM1, VM2));
            events.await("sw-a confirmed 5 with " + expected(VM1, VM2).size());
            assertInstalled(VM1, VM2);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void neverWritesBeforeItIsMaster(OFVersion version) throws Exception {
        try (FakeSwitch fake = connect(version)) {
            events.await("sw-a connected");
            Set<String> before = new HashSet<>(fake.received);
            before.removeAll(Set.of("HELLO", "FEATURES_REQUEST", "STATS_REQUEST", "ECHO_REQUEST"));
            assertEquals(Set.of(), before, "without a term only questions are asked");
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a confirmed");
            int granted = fake.received.indexOf("ROLE_REQUEST");
            int written = fake.received.indexOf(version == OFVersion.OF_14 ? "OPEN_REQUEST" : "FLOW_MOD");
            assertTrue(granted >= 0 && granted < written, fake.received::toString);
        }
    }

    @Test
    void appliesWhatWasDesiredBeforeTheSwitchCame() throws Exception {
        controller.apply(ID, 4, List.of(VM1));
        controller.apply(ID, 5, List.of(VM2));
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
            assertInstalled(VM2);
        }
    }

    @Test
    void aStaleTermIsRefusedAndNothingIsWritten() throws Exception {
        memory.generation = Optional.of(9L);
        controller.apply(ID, 5, List.of(VM1));
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            String refusal = events.await("sw-a refused 5");
            assertTrue(refusal.contains("stale: the switch has seen term 9"), refusal);
            assertEquals(List.of(), memory.installedFlows());
            controller.apply(ID, 10, List.of(VM1));
            events.await("sw-a confirmed 10");
        }
    }

    @Test
    void aRefusedTermIsNotAssertedOnASwitchThatHasForgotten() throws Exception {
        memory.generation = Optional.of(9L);
        controller.apply(ID, 5, List.of(VM1));
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            events.await("sw-a refused 5");
        }
        events.await("sw-a disconnected");
        memory.generation = Optional.empty();
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            events.await("sw-a connected");
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a refused 5: the switch has refused term 5");
            assertFalse(fake.received.contains("ROLE_REQUEST"), fake.received::toString);
        }
    }

    @Test
    void anEarlierTermIsRefusedWithoutAskingTheSwitch() throws Exception {
        controller.apply(ID, 5, List.of(VM1));
        controller.apply(ID, 4, List.of());
        events.await("sw-a refused 4: term 5 was asked for before");
    }

    @Test
    void aMasterThatIsOutrankedStopsWriting() throws Exception {
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a confirmed 5");
            memory.takenOver(6);
            events.await("sw-a refused 5: another controller is master now, generation 6");
            int messages = fake.received.size();
            memory.portGoes("vm1");
            controller.apply(ID, 5, List.of());
            events.await("sw-a refused 5");
            assertEquals(
                    List.of(),
                    List.copyOf(fake.received).stream()
                            .skip(messages)
                            .filter(kind -> !kind.equals("ECHO_REQUEST"))
                            .toList());
        }
    }

    @Test
    void everyNewConnectionIsAssertedAndAudited() throws Exception {
        controller.apply(ID, 5, List.of(VM1));
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
        }
        events.await("sw-a disconnected");
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
            assertTrue(fake.received.contains("ROLE_REQUEST"));
            assertEquals(1, memory.commits, "what is right is not written again");
        }
        events.await("sw-a disconnected");
        memory.flows.clear();
        memory.generation = Optional.empty();
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
            assertInstalled(VM1);
        }
    }

    @Test
    void aTakeoverWritesOnlyWhatChanges() throws Exception {
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            controller.apply(ID, 5, List.of(VM1_STANDBY, VM2));
            events.await("sw-a confirmed 5");
            int before = fake.received.size();
            controller.apply(ID, 6, List.of(VM1, VM2));
            events.await("sw-a confirmed 6");
            assertInstalled(VM1, VM2);
            long adds = List.copyOf(fake.received).stream()
                    .skip(before)
                    .filter("BUNDLE_ADD_MESSAGE"::equals)
                    .count();
            assertTrue(adds > 0 && adds < expected(VM1, VM2).size(), () -> adds + " changes");
        }
    }

    @Test
    void whatIsRightIsKeptWhoeverWroteIt() throws Exception {
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a confirmed 5");
        }
        events.await("sw-a disconnected");
        memory.flows.replaceAll((place, flow) ->
                place.priority() == 0 ? flow.createBuilder().setCookie(U64.ZERO).build() : flow);
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
            assertInstalled(VM1);
            assertEquals(1, memory.commits);
        }
    }

    @Test
    void aRefusedAddDiscardsTheWholeBundleAndGoesTheOrderedWay() throws Exception {
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a confirmed 5");
            synchronized (memory) {
                memory.refusedAdds = 2;
            }
            controller.apply(ID, 6, List.of(VM1, VM2));
            String notice = events.await("sw-a noticed not atomic");
            assertTrue(notice.contains("2 messages were refused, the first with FLOW_MOD_FAILED/TABLE_FULL"), notice);
            assertTrue(fake.received.contains("DISCARD_REQUEST"));
            events.await("sw-a confirmed 6");
            assertInstalled(VM1, VM2);
        }
    }

    @Test
    void withoutBundlesARefusedMessageIsSentAgain() throws Exception {
        memory.refusedAdds = 1;
        try (FakeSwitch _ = connect(OFVersion.OF_13)) {
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a confirmed 5");
            assertInstalled(VM1);
        }
    }

    @Test
    void portsThatComeAndGoChangeTheFlows() throws Exception {
        memory.ports.remove("vm2");
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            controller.apply(ID, 5, List.of(VM1, VM2));
            events.await("sw-a misses [vm2]");
            events.await("sw-a partial 5 with " + expected(VM1).size() + " without [vm2]");
            memory.portAppears("vm2", 12);
            events.await("sw-a misses []");
            events.await("sw-a confirmed 5 with " + expected(VM1, VM2).size());
            memory.portGoes("vm1");
            events.await("sw-a misses [vm1]");
            events.await("sw-a partial 5 with " + expected(VM2).size() + " without [vm1]");
            memory.portAppears("other", 33);
            assertInstalled(VM2);
        }
        assertEquals(
                List.of(),
                events.rest().stream().filter(e -> e.contains("confirmed")).toList());
    }

    @Test
    void unparsableMessagesAreSkipped() throws Exception {
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            events.await("sw-a connected");
            fake.sendRaw("0504001000000000" + "deadbeef00000001"); // an experimenter message of nobody
            fake.sendRaw("05ff000800000000"); // a type that does not exist
            fake.sendRaw("050a00100000000000000000ffffffff"); // a packet-in that ends too early
            controller.apply(ID, 5, List.of(VM1));
            events.await("sw-a confirmed 5");
            assertInstalled(VM1);
        }
    }

    @Test
    void aReadingWithAPartThatCannotBeParsedHasAllReplaced() throws Exception {
        memory.entriesPerReply = 3;
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            controller.apply(ID, 5, List.of(VM1, VM2));
            events.await("sw-a confirmed 5");
            assertInstalled(VM1, VM2);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0500000700000001", "0500000000000001"})
    void aLengthBelowTheHeaderEndsTheConnection(String hex) throws Exception {
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            events.await("sw-a connected");
            fake.sendRaw(hex);
            String end = events.await("sw-a disconnected");
            assertTrue(end.contains("a message says that it has"), end);
            assertTrue(fake.awaitEnd(5000));
        }
    }

    @Test
    void aSilentSwitchIsAskedAndThenGivenUp() throws Exception {
        RecordedEvents told = new RecordedEvents();
        try (SwitchController impatient = SwitchController.open(settings(2500), told);
                FakeSwitch fake = new FakeSwitch(impatient.address(), OFVersion.OF_14, memory)) {
            told.await("sw-a connected");
            fake.fallSilent();
            String end = told.await("sw-a disconnected");
            assertTrue(end.contains("an echo was not answered for"), end);
            assertTrue(fake.awaitEnd(5000));
        }
    }

    @Test
    void aLivingSwitchIsKept() throws Exception {
        try (FakeSwitch fake = connect(OFVersion.OF_14)) {
            events.await("sw-a connected");
            Thread.sleep(1000);
            assertTrue(fake.received.contains("ECHO_REQUEST"));
            assertEquals(
                    List.of(),
                    events.rest().stream()
                            .filter(event -> !event.contains("preflight"))
                            .toList());
        }
    }

    @Test
    void anUnknownDatapathIsSentAway() throws Exception {
        try (FakeSwitch fake = new FakeSwitch(controller.address(), OFVersion.OF_14, new ExecutingSwitch(0xbad))) {
            assertTrue(fake.awaitEnd(5000));
            assertFalse(fake.received.contains("ROLE_REQUEST"));
        }
        assertEquals(List.of(), events.rest());
    }

    @Test
    void aSwitchThatIsTooOldIsToldSo() throws Exception {
        try (FakeSwitch fake = new FakeSwitch(controller.address(), OFVersion.OF_10, memory)) {
            assertTrue(fake.awaitEnd(5000));
            assertTrue(fake.received.contains("ERROR"), fake.received::toString);
            assertFalse(fake.received.contains("FEATURES_REQUEST"), fake.received::toString);
        }
    }

    @Test
    void aLiveSessionIsNotDisplacedByAnotherThatClaimsItsId() throws Exception {
        controller.apply(ID, 5, List.of(VM1));
        try (FakeSwitch _ = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
            ExecutingSwitch other = new ExecutingSwitch(DATAPATH);
            for (int i = 0; i < 3; i++) {
                try (FakeSwitch second = new FakeSwitch(controller.address(), OFVersion.OF_14, other)) {
                    assertTrue(second.awaitEnd(5000));
                    assertFalse(second.received.contains("ROLE_REQUEST"), second.received::toString);
                }
            }
            controller.apply(ID, 6, List.of(VM2));
            events.await("sw-a noticed duplicate-datapath");
            events.await("sw-a confirmed 6");
            assertInstalled(VM2);
            assertEquals(List.of(), other.installedFlows());
            assertEquals(List.of(), events.rest(), "told once");
        }
    }

    @Test
    void aNewerConnectionReplacesOneThatIsDead() throws Exception {
        controller.apply(ID, 5, List.of(VM1));
        try (FakeSwitch first = connect(OFVersion.OF_14)) {
            events.await("sw-a confirmed 5");
            first.fallSilent();
            try (FakeSwitch _ = connect(OFVersion.OF_14)) {
                String end = events.await("sw-a disconnected");
                assertTrue(end.contains("another connection claims"), end);
                events.await("sw-a confirmed 5");
                assertTrue(first.awaitEnd(5000));
                controller.apply(ID, 6, List.of(VM2));
                events.await("sw-a confirmed 6");
                assertInstalled(VM2);
            }
        }
    }

    @Test
    void aListenerThatThrowsDoesNotEndTheSession() throws Exception {
        RecordedEvents told = new RecordedEvents();
        try (SwitchController throwing = SwitchController.open(settings(20_000), new ThrowingListener(told));
                FakeSwitch _ = new FakeSwitch(throwing.address(), OFVersion.OF_14, memory)) {
            throwing.apply(ID, 5, List.of(VM1));
            told.await("sw-a confirmed 5");
            throwing.apply(ID, 6, List.of(VM2));
            told.await("sw-a confirmed 6");
        }
    }

    @Test
    void aListenerThatThrowsIsTheEndOfTheProcessThatIsWatched() throws Exception {
        CompletableFuture<String> ended = new CompletableFuture<>();
        Life life = Life.start("test", (reason, _) -> ended.complete(reason), Life.USUAL_LIMIT_NANOS);
        try (SwitchController throwing =
                        SwitchController.open(settings(20_000), new ThrowingListener(new RecordedEvents()), life);
                FakeSwitch _ = new FakeSwitch(throwing.address(), OFVersion.OF_14, memory)) {
            String reason = ended.get(20, TimeUnit.SECONDS);
            assertEquals(
                    "openflow-1 has failed: java.lang.IllegalStateException: on purpose",
                    reason.replaceAll("-\\d+-\\d+", "-1"));
            life.close();
        }
    }

    @Test
    void wrongRequestsAreRefusedToTheCaller() {
        assertThrows(IllegalArgumentException.class, () -> controller.apply(new SwitchId("x"), 1, List.of()));
        assertThrows(IllegalArgumentException.class, () -> controller.apply(ID, 0, List.of()));
        assertThrows(IllegalArgumentException.class, () -> controller.apply(ID, 1, List.of(VM1, VM1)));
    }

    @Test
    void anAddressInUseIsAnException() {
        ControllerSettings settings = new ControllerSettings(controller.address(), List.of());
        assertThrows(IOException.class, () -> SwitchController.open(settings, events));
    }

    private static ControllerSettings settings(int deadAfterMs) {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return new ControllerSettings(any, List.of(new SwitchSettings(ID, DATAPATH, "gw"))).with(100, deadAfterMs);
    }

    private FakeSwitch connect(OFVersion version) throws IOException {
        return new FakeSwitch(controller.address(), version, memory);
    }

    private List<Flow> expected(VmAttachment... vms) {
        return Pipeline.of(Layout.TABLES, "gw", List.of(vms), PortTable.of(Map.of("gw", 1, "vm1", 11, "vm2", 12)))
                .flows();
    }

    private void assertInstalled(VmAttachment... vms) {
        assertEquals(new HashSet<>(expected(vms)), new HashSet<>(memory.installedFlows()));
    }

    private static VmAttachment vm(int number, Role role) {
        return new VmAttachment(
                new VmId("vm" + number),
                "vm" + number,
                MacAddress.parse("52:54:00:c0:10:0" + number),
                List.of(IpPrefix.parseAddress("203.0.113.1" + number), IpPrefix.parseAddress("2001:db8::1" + number)),
                role);
    }
}
