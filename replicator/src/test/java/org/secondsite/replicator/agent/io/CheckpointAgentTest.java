package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;
import org.secondsite.testing.FreePort;

/** Agents and gateways over loopback, with a synthetic VM. */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CheckpointAgentTest {
    private static final VmId VM = new VmId("vm1");
    private static final long RAM_BYTES = 8 << 20;
    private static final int WORDS = (int) (RAM_BYTES / Long.BYTES);
    private static final AgentTiming TIMING = new AgentTiming(300, 20, 100, 200, 20);

    private final long takenBefore = PageSet.takenBytes();
    private final List<AutoCloseable> open = new ArrayList<>();

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open.reversed()) {
            closeable.close();
        }
        assertEquals(takenBefore, PageSet.takenBytes(), "page memory that was never given back");
    }

    private RecordingGateway gateway() throws IOException {
        return opened(new RecordingGateway(VM));
    }

    private CheckpointAgent agent(RecordingGateway gateway, SyntheticVm vm) throws IOException {
        return opened(CheckpointAgent.open(GatewayAccess.plain(gateway.address()), List.of(vm), TIMING));
    }

    private static SyntheticVm booted() {
        SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
        vm.boot();
        return vm;
    }

    private static EpochId epoch(long number) {
        return new EpochId(3, number);
    }

    /** A guest that counts in word 0 as register 0 does, and writes all over its RAM. */
    private static final class Load {
        private final AtomicBoolean ended = new AtomicBoolean();
        private final Thread thread;

        Load(SyntheticVm vm) {
            Random random = new Random(4711);
            thread = Thread.ofPlatform().start(() -> {
                while (!ended.get()) {
                    vm.run((ram, registers) -> {
                        ram.set(ValueLayout.JAVA_LONG, 0, registers[0]);
                        for (int i = 0; i < 50; i++) {
                            long value = random.nextInt(3) == 0 ? 0 : random.nextLong();
                            ram.setAtIndex(ValueLayout.JAVA_LONG, random.nextInt(1, WORDS), value);
                        }
                        return null;
                    });
                    LockSupport.parkNanos(20_000);
                }
            });
        }

        void end() throws InterruptedException {
            ended.set(true);
            thread.join();
        }
    }

    private Load load(SyntheticVm vm) {
        Load load = new Load(vm);
        open.add(load::end);
        return load;
    }

    private static byte[] image(SyntheticVm vm) {
        return vm.inspect((ram, registers) -> ram.toArray(ValueLayout.JAVA_BYTE))
                .orElseThrow();
    }

    @Test
    void theReplicaEqualsTheVmAndTheVmGoesOnFromIt() throws Exception {
        SyntheticVm vm = booted();
        SyntheticVm standby = new SyntheticVm(VM, RAM_BYTES);
        RecordingGateway owner = gateway();
        RecordingGateway second = gateway();
        agent(owner, vm);
        agent(second, standby);
        assertEquals("attached running=true applied=0/0", owner.await("attached"));
        assertEquals("attached running=false applied=0/0", second.await("attached"));
        owner.relayTo(second);

        Load loadVm = load(vm);
        owner.session().start(epoch(1), true, 5);
        assertEquals("epoch 3/1 on 0/0", owner.await("epoch"));
        assertEquals("epoch 3/2 on 3/1", owner.await("epoch"));
        second.await("applied 3/40");
        owner.session().stop();
        loadVm.end();
        vm.operatorPause(true);
        while (owner.hears("epoch", 200)) {
            // What was under way when STOP came.
        }
        owner.session().start(epoch(1000), false, 10_000);
        second.await("applied 3/1000");
        assertEquals(epoch(1000), second.session().applied());
        assertFalse(vm.isExecuting(), "an operator's pause was lifted");

        vm.kill("site lost");
        second.session().activate(epoch(999));
        assertTrue(second.await("failed activation").contains("3/1000"));
        second.session().activate(epoch(1000));
        second.await("activated 3/1000");
        assertTrue(second.session().vmRunning());
        MemorySegment before = MemorySegment.ofArray(image(vm));
        assertEquals(-1, before.mismatch(MemorySegment.ofArray(image(standby))));
        long counted = standby.run((ram, registers) -> registers[0] - ram.get(ValueLayout.JAVA_LONG, 0))
                .orElseThrow();
        assertEquals(1, counted, "the registers and the RAM are not of the same instant");
    }

    @Test
    void theActivatedVmCanBeProtectedAgain() throws Exception {
        SyntheticVm vm = booted();
        SyntheticVm standby = new SyntheticVm(VM, RAM_BYTES);
        RecordingGateway a = gateway();
        RecordingGateway b = gateway();
        agent(a, vm);
        agent(b, standby);
        a.await("attached");
        b.await("attached");
        a.relayTo(b);
        Load loadVm = load(vm);
        a.session().start(epoch(1), true, 5);
        b.await("applied 3/10");
        a.session().stop();
        a.session().stopVm("switchover");
        a.await("stopped");
        assertFalse(a.session().vmRunning());
        assertFalse(vm.isExecuting());
        loadVm.end();
        b.session().activate(a.lastEpoch());
        b.await("activated " + a.lastEpoch());
        b.relayTo(a);
        Load loadStandby = load(standby);
        b.session().start(new EpochId(4, 1), true, 5);
        a.await("applied 4/10");
        b.session().stop();
        loadStandby.end();
    }

    @Test
    void changesOfADroppedEpochComeWithTheNext() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway gateway = gateway();
        agent(gateway, vm);
        gateway.await("attached");
        gateway.session().start(epoch(1), true, 10_000);
        gateway.await("epoch 3/1");

        gateway.sealing(false);
        vm.run((ram, registers) -> {
            ram.set(ValueLayout.JAVA_LONG, 5 * PageSet.PAGE_BYTES, 77);
            return null;
        });
        gateway.session().checkpointNow();
        gateway.await("seal 3/2");
        long start = System.nanoTime();
        assertTrue(gateway.await("failed checkpoint").contains("did not seal"));
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(20));
        assertTrue(vm.isExecuting(), "the VM was left paused");

        gateway.sealing(true);
        List<Integer> pages = new ArrayList<>();
        gateway.sink(epoch -> {
            for (int i = 0; i < epoch.pages().count(); i++) {
                pages.add(epoch.pages().number(i));
            }
            epoch.close();
        });
        gateway.session().sealed(epoch(2));
        gateway.session().checkpointNow();
        assertEquals("epoch 3/3 on 3/1", gateway.await("epoch"));
        assertEquals(List.of(5), pages);
    }

    @Test
    void theVmRunsOnWhenTheGatewayGoesWhileItIsPaused() throws Exception {
        SyntheticVm vm = booted();
        int port = FreePort.onLoopback();
        RecordingGateway gateway = new RecordingGateway(VM, port);
        agent(gateway, vm);
        gateway.await("attached");
        gateway.sealing(false);
        gateway.session().start(epoch(1), true, 10_000);
        gateway.await("seal");
        gateway.close();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
        while (!vm.isExecuting() && System.nanoTime() < deadline) {
            Thread.sleep(1);
        }
        assertTrue(vm.isExecuting());

        RecordingGateway again = opened(new RecordingGateway(VM, port));
        assertEquals("attached running=true applied=0/0", again.await("attached"));
        assertFalse(again.hears("seal", 100), "checkpoints before START");
        again.session().start(epoch(5), true, 10_000);
        assertEquals("epoch 3/5 on 0/0", again.await("epoch"));
    }

    @Test
    void aReconnectedAgentOffersTheEpochItsNextDeltaIsOn() throws Exception {
        SyntheticVm vm = booted();
        int port = FreePort.onLoopback();
        RecordingGateway gateway = new RecordingGateway(VM, port);
        agent(gateway, vm);
        gateway.await("attached");
        gateway.session().start(epoch(1), true, 10_000);
        gateway.await("epoch 3/1");
        gateway.close();
        RecordingGateway again = opened(new RecordingGateway(VM, port));
        assertEquals("attached running=true applied=3/1", again.await("attached"));
        again.session().start(epoch(2), false, 10_000);
        assertEquals("epoch 3/2 on 3/1", again.await("epoch"));
    }

    @Test
    void aRestartedAgentFindsTheRunningVmAndResumesIt() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway gateway = gateway();
        CheckpointAgent first = CheckpointAgent.open(GatewayAccess.plain(gateway.address()), List.of(vm), TIMING);
        gateway.await("attached");
        gateway.session().start(epoch(1), true, 5);
        gateway.await("epoch 3/3");
        first.close();
        gateway.await("detached");
        assertTrue(vm.isExecuting());
        agent(gateway, vm);
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
    }

    @Test
    void noMoreEpochsThanTheWindowAreBeyondTheCredit() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway gateway = gateway();
        agent(gateway, vm);
        gateway.await("attached");
        gateway.session().start(epoch(1), true, 1);
        gateway.await("epoch 3/" + RecordingGateway.WINDOW);
        assertFalse(gateway.hears("seal", 200));
        assertTrue(vm.isExecuting());
        gateway.session().credit(epoch(2));
        gateway.await("epoch 3/6");
        assertFalse(gateway.hears("seal", 200));
        gateway.session().retitle(new EpochId(4, 1));
        gateway.session().credit(epoch(6));
        assertEquals("epoch 4/1 on 3/6", gateway.await("epoch"));
    }

    @Test
    void anUnknownVmIsRefusedAndTriesAgain() throws Exception {
        RecordingGateway gateway = opened(new RecordingGateway(new VmId("other")));
        agent(gateway, booted());
        assertFalse(gateway.hears("attached", 300));
    }

    @Test
    void aNewerConnectionDoesNotReplaceOneThatIsThereUntilThatEnds() throws Exception {
        RecordingGateway gateway = gateway();
        CheckpointAgent first = CheckpointAgent.open(GatewayAccess.plain(gateway.address()), List.of(booted()), TIMING);
        gateway.await("attached");
        var older = gateway.session();
        agent(gateway, new SyntheticVm(VM, RAM_BYTES));
        assertFalse(gateway.hears("detached", 1500));
        first.close();
        gateway.await("detached");
        gateway.await("attached");
        assertFalse(older.equals(gateway.session()));
    }

    @Test
    void aDeltaThatDoesNotFollowIsRefusedAndTheReplicaStays() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = gateway();
        RecordingGateway second = gateway();
        agent(owner, vm);
        agent(second, new SyntheticVm(VM, RAM_BYTES));
        owner.await("attached");
        second.await("attached");
        List<Epoch> kept = new ArrayList<>();
        owner.sink(kept::add);
        owner.session().start(epoch(1), true, 1);
        owner.await("epoch 3/3");
        second.session().apply(kept.get(0));
        second.await("applied 3/1");
        second.session().apply(kept.get(2));
        assertTrue(second.await("failed apply").contains("3/2"));
        assertEquals(epoch(1), second.session().applied());
        second.session().apply(kept.get(1));
        second.await("applied 3/2");
        second.session().release();
        second.session().activate(epoch(2));
        second.await("failed activation");
        owner.session().stop();
        while (owner.hears("epoch", 100)) {
            // Until nothing comes any more.
        }
        kept.stream().skip(3).forEach(Epoch::close);
    }

    @Test
    void aDeadVmIsReportedAndFoundAgain() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway gateway = gateway();
        agent(gateway, vm);
        gateway.await("attached");
        gateway.session().start(epoch(1), true, 5);
        gateway.await("epoch");
        vm.kill("power");
        gateway.await("failed vm");
        assertFalse(gateway.session().vmRunning());
        vm.boot();
        gateway.await("detached");
        assertEquals("attached running=true applied=0/0", gateway.await("attached"));
    }

    @Test
    void aVmIsCheckpointedToItsEndAndRunsOnWhenTold() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = gateway();
        agent(owner, vm);
        Load load = load(vm);
        owner.await("attached");
        owner.session().start(epoch(1), true, 10);
        owner.relayCredits();
        owner.await("epoch 3/3");

        owner.session().pauseVm();
        String paused = owner.await("paused 3/");
        assertEquals("paused " + owner.lastEpoch(), paused);
        assertFalse(vm.isExecuting());
        assertFalse(owner.hears("epoch", 200), "nothing follows the last epoch");

        owner.session().resumeVm();
        owner.await("epoch " + owner.lastEpoch().next() + " on " + owner.lastEpoch());
        // Not at every moment: it is paused for the next one now and then.
        awaitExecuting(vm, true);
        load.end();
    }

    @Test
    void aVmThatIsToWaitForRoomStandsUntilThereIsSome() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = new RecordingGateway(VM, 0, CheckpointServerSettings.USUAL_WINDOW_BYTES, true);
        agent(owner, vm);
        owner.await("attached");
        owner.session().start(epoch(1), true, 5);
        owner.await("epoch 3/" + RecordingGateway.WINDOW);
        awaitExecuting(vm, false);
        assertFalse(owner.hears("seal", 200), "it stands, and there is no room");
        assertFalse(vm.isExecuting());
        owner.session().credit(epoch(2));
        owner.await("epoch 3/6");
        awaitExecuting(vm, false);
        owner.close();
        awaitExecuting(vm, true);
    }

    private static void awaitExecuting(SyntheticVm vm, boolean expected) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (vm.isExecuting() != expected && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
        }
        assertEquals(expected, vm.isExecuting());
    }

    @Test
    void aVmThatWasPausedRunsOnWithoutItsGateway() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = new RecordingGateway(VM);
        agent(owner, vm);
        owner.await("attached");
        owner.session().start(epoch(1), true, 10);
        owner.relayCredits();
        owner.session().pauseVm();
        owner.await("paused 3/");
        assertFalse(vm.isExecuting());
        owner.close();
        awaitExecuting(vm, true);
    }

    @Test
    void aVmThatItsHypervisorHaltsIsNotCheckpointedAndIsMadeToRunAgain() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = gateway();
        agent(owner, vm);
        owner.await("attached");
        owner.session().start(epoch(1), true, 5);
        owner.relayCredits();
        owner.await("epoch 3/3");
        vm.halt("a bad disk");
        assertTrue(
                owner.await("failed checkpoint").endsWith("a bad disk"),
                "named by the epoch that it came to pass in, if so");
        assertFalse(vm.isExecuting());
        long last = owner.lastEpoch().number();
        owner.await("epoch 3/" + (last + 3));
        awaitExecuting(vm, true);
    }

    @Test
    void aVmIsHaltedAgainAndAgainAndNoneOfThatIsToldTwice() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = gateway();
        agent(owner, vm);
        owner.await("attached");
        vm.halt("a bad disk");
        owner.await("failed checkpoint a bad disk");
        awaitExecuting(vm, true);
        vm.halt("a bad disk");
        assertFalse(owner.hears("failed", 300));
        awaitExecuting(vm, true);
    }

    @Test
    void aPauseThatIsAnsweredLateKeepsTheVmPausedNoLonger() throws Exception {
        SyntheticVm vm = booted();
        RecordingGateway owner = gateway();
        agent(owner, vm);
        owner.await("attached");
        vm.pauseLate(true);
        owner.session().start(epoch(1), true, 5);
        assertTrue(owner.await("failed checkpoint").contains("1 pauses were slow"));
        assertFalse(vm.isExecuting());
        assertFalse(owner.hears("seal", 200), "nothing is asked of a hypervisor that does not answer");
        vm.pauseLate(false);
        vm.answerPause();
        awaitExecuting(vm, true);
        assertEquals("epoch 3/2 on 0/0", owner.await("epoch"));
    }

    @Test
    void aVmThatMustNotBeCheckpointedIsSaidToBeHereAndIsTakenOnceNothingIsAgainstIt() throws Exception {
        SyntheticVm vm = booted();
        vm.refuse("a disk");
        RecordingGateway owner = gateway();
        agent(owner, vm);
        assertEquals("attached running=true applied=0/0", owner.await("attached"));
        assertEquals("synthetic VM; a disk", owner.session().description());
        owner.session().start(epoch(1), true, 5);
        assertEquals("failed checkpoint a disk", owner.await("failed"));
        owner.session().retitle(new EpochId(4, 1));
        vm.refuse(null);
        assertEquals("epoch 4/1 on 0/0", owner.await("epoch"));
    }
}
