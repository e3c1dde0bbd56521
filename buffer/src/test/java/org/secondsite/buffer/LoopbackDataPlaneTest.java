package org.secondsite.buffer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

class LoopbackDataPlaneTest {
    private static final VmId ONE = new VmId("one");
    private static final VmId TWO = new VmId("two");

    private final List<String> uplink = new ArrayList<>();
    private final LoopbackDataPlane plane = new LoopbackDataPlane(
            List.of(
                    new ProtectedVm(ONE, MacAddress.parse("02:00:00:00:00:01"), List.of()),
                    new ProtectedVm(TWO, MacAddress.parse("02:00:00:00:00:02"), List.of())),
            4 << 20,
            1 << 20,
            frame -> uplink.add(new String(frame, UTF_8)));

    @Test
    void holdsUntilCommitEachVmForItself() {
        plane.hold(ONE, 1);
        plane.pass(TWO, 1);
        send(ONE, "a");
        send(TWO, "x");
        boolean[] sealed = new boolean[1];
        plane.seal(ONE, new EpochId(1, 1), () -> sealed[0] = true);
        assertTrue(sealed[0]);
        send(ONE, "b");
        assertEquals(List.of("x"), uplink);
        plane.commit(ONE, new EpochId(1, 1));
        assertEquals(List.of("x", "a"), uplink);
        plane.pass(ONE, 2);
        assertEquals(List.of("x", "a", "b"), uplink);
    }

    @Test
    void aVmThatJoinsIsHeldAndOneThatHasLeftPasses() throws Exception {
        VmId three = new VmId("three");
        ProtectedVm more = new ProtectedVm(three, MacAddress.parse("02:00:00:00:00:03"), List.of());
        send(three, "before");
        plane.admit(more);
        assertThrows(IOException.class, () -> plane.admit(more), "it is there");
        send(three, "closed");
        plane.hold(three, 1);
        send(three, "held");
        assertEquals(List.of("before"), uplink);
        plane.dismiss(three);
        send(three, "after");
        plane.admit(more);
        plane.hold(three, 1);
        plane.seal(three, new EpochId(1, 1), () -> {});
        plane.commit(three, new EpochId(1, 1));
        assertEquals(List.of("before", "after"), uplink, "what was held went with the VM");
    }

    @Test
    void sealedRunsEvenWhenTheSealIsRefused() {
        plane.hold(ONE, 5);
        boolean[] sealed = new boolean[1];
        plane.seal(ONE, new EpochId(4, 9), () -> sealed[0] = true);
        assertTrue(sealed[0]);
        assertEquals(1, plane.counters().vms().get(ONE).refusedCommands());
    }

    @Test
    void closeDiscardsAndNothingFollows() {
        plane.hold(ONE, 1);
        send(ONE, "a");
        plane.seal(ONE, new EpochId(1, 1), () -> {});
        plane.close();
        plane.commit(ONE, new EpochId(1, 1));
        plane.pass(ONE, 2);
        send(ONE, "b");
        plane.fence(ONE, 3);
        assertEquals(List.of(), uplink);
        assertEquals(1, plane.counters().discardedPackets());
        plane.close();
    }

    @Test
    void aSuspendedVmLetsNothingOutUntilTheLastDoubtIsSettledAndLosesNothing() {
        plane.pass(ONE, 1);
        plane.pass(TWO, 1);
        plane.suspend(ONE, 1);
        send(ONE, "a");
        send(TWO, "x");
        assertEquals(List.of("x"), uplink);
        plane.suspend(ONE, 2);
        plane.resume(ONE, 1);
        send(ONE, "b");
        assertEquals(List.of("x"), uplink);
        plane.resume(ONE, 2);
        send(ONE, "c");
        assertEquals(List.of("x", "a", "b", "c"), uplink);
    }

    @Test
    void aSuspendedVmCanBeFenced() {
        plane.hold(ONE, 1);
        send(ONE, "a");
        plane.seal(ONE, new EpochId(1, 1), () -> {});
        plane.suspend(ONE, 1);
        plane.commit(ONE, new EpochId(1, 1));
        plane.fence(ONE, 2);
        plane.resume(ONE, 1);
        assertEquals(List.of(), uplink);
    }

    @Test
    void anUnknownVmIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> plane.hold(new VmId("three"), 1));
    }

    private void send(VmId vm, String text) {
        plane.fromVm(vm, text.getBytes(UTF_8));
    }
}
