package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.agent.AgentEffect;
import org.secondsite.replicator.agent.AgentEvent;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.SlowPauseException;
import org.secondsite.replicator.agent.SpentReplicaException;
import org.secondsite.replicator.agent.VmDriver;
import org.secondsite.replicator.agent.VmHost;
import org.secondsite.replicator.checkpoint.CheckpointMessage;
import org.secondsite.replicator.checkpoint.io.CheckpointConnection;
import org.secondsite.replicator.disk.io.VmVolumes;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does to the VM, or to its replica, what {@link org.secondsite.replicator.agent.VmAgent} wants, and says what came of it. Decides
 * nothing, but one thing: once the gateway's STOP_VM has been read, it makes the VM run no more. On the worker's thread.
 */
final class VmHands {
    private static final Logger LOG = LoggerFactory.getLogger(VmHands.class);

    private final VmHost host;
    private final long maxPauseNanos;
    private final VmVolumes volumes;
    private final GatewayLink link;
    private final Consumer<WorkerEvent> events;
    private final Replica replica;

    private VmDriver driver;
    private ShadowImage shadow;
    private CheckpointCycle cycle;

    VmHands(VmHost host, VmVolumes volumes, AgentTiming timing, GatewayLink link, Consumer<WorkerEvent> events) {
        this.host = host;
        this.volumes = volumes;
        this.maxPauseNanos = TimeUnit.MILLISECONDS.toNanos(timing.maxPauseMs());
        this.link = link;
        this.events = events;
        this.replica = new Replica(host, volumes);
    }

    /** Whether this is the VM that is here. */
    boolean holds(VmDriver other) {
        return other.equals(driver);
    }

    /**
     * Carries out one effect.
     *
     * @param to where epochs are shipped, null if there is no connection
     * @param arrived the epoch at hand, null if there is none
     * @return what came of it, if that is to be told
     */
    Optional<AgentEvent.Answer> carryOut(AgentEffect effect, CheckpointConnection to, Epoch arrived)
            throws InterruptedException {
        return Optional.ofNullable(
                switch (effect) {
                    case AgentEffect.Attach attach -> attach();
                    case AgentEffect.Detach detach -> detach();
                    case AgentEffect.Look look -> new AgentEvent.Looked(look(), driver.machine());
                    case AgentEffect.BeginImage begin -> beginImage(begin.forget());
                    case AgentEffect.Unguard unguard -> unguard();
                    case AgentEffect.PauseForCheckpoint pause -> {
                        cycle = new CheckpointCycle(driver, shadow, volumes, pause.full(), maxPauseNanos);
                        yield cycle.pause();
                    }
                    case AgentEffect.PauseForRoom pause -> pauseForRoom();
                    case AgentEffect.Collect collect -> cycle.collect();
                    case AgentEffect.Verify verify -> cycle.verify();
                    case AgentEffect.Resume resume -> resume();
                    case AgentEffect.Abandon abandon -> abandon();
                    case AgentEffect.ResumeKept kept -> resumeKept();
                    case AgentEffect.Retry retry -> retry();
                    case AgentEffect.Ship ship -> ship(ship.epoch(), ship.base(), to);
                    case AgentEffect.OfDisks disks -> toDisks(disks, to);
                    case AgentEffect.CompareMachine compare -> compare(compare.question());
                    case AgentEffect.Kill kill -> kill(kill.reason());
                    case AgentEffect.Apply apply -> apply(arrived);
                    case AgentEffect.Activate activate -> activate();
                    case AgentEffect.HandOverReplica handOver -> {
                        replica.handedOver();
                        yield null;
                    }
                    case AgentEffect.ReleaseReplica release -> release();
                    default -> throw new IllegalArgumentException(effect + " has nothing to do with the VM");
                });
    }

    // ---- the VM is here

    private AgentEvent.Answer attach() throws InterruptedException {
        try {
            Optional<VmDriver> found = host.attach();
            if (found.isEmpty()) {
                return new AgentEvent.NotFound("");
            }
            adopt(found.get());
            return new AgentEvent.Found(driver.description(), refusal());
        } catch (IOException trouble) {
            return new AgentEvent.NotFound(trouble.getMessage());
        }
    }

    private void adopt(VmDriver found) {
        driver = found;
        found.listen(news -> events.accept(new WorkerEvent.News(found, news)));
    }

    private Optional<String> refusal() throws InterruptedException {
        Optional<String> notServed = volumes.refusal();
        if (notServed.isPresent()) {
            return notServed;
        }
        try {
            return driver.refusal();
        } catch (IOException silent) {
            return Optional.of("it is not known what disks the VM has: " + silent.getMessage());
        }
    }

    private Optional<String> look() throws InterruptedException {
        Optional<String> against = refusal();
        if (against.isPresent() || volumes.disks().isEmpty()) {
            return against;
        }
        volumes.drain(true);
        try {
            return driver.mirror(volumes.mirrors(), () -> !link.stopDemanded());
        } catch (IOException failed) {
            resumeAfterMirrors();
            return Optional.of("the disks of the VM are not mirrored to the agent: " + failed.getMessage());
        } finally {
            volumes.drain(false);
        }
    }

    private void resumeAfterMirrors() throws InterruptedException {
        try {
            if (!link.stopDemanded()) {
                driver.resumeKept();
            }
        } catch (IOException failed) {
            LOG.warn("{}: the VM does not resume: {}", host.vm(), failed.getMessage());
        }
    }

    private void endMirrors() throws InterruptedException {
        volumes.drain(true);
        try {
            if (driver != null) {
                driver.endMirrors(() -> !link.stopDemanded());
            }
        } catch (IOException failed) {
            resumeAfterMirrors();
            LOG.warn("{}: something of the disks' mirrors is left: {}", host.vm(), failed.getMessage());
        } finally {
            volumes.drain(false);
        }
    }

    private AgentEvent.Answer detach() {
        if (cycle != null) {
            cycle.abandon();
            cycle = null;
        }
        volumes.drain(false);
        volumes.endCapture();
        volumes.vmGone();
        if (shadow != null) {
            shadow.close();
            shadow = null;
        }
        if (driver != null) {
            driver.close();
            driver = null;
        }
        return null;
    }

    private AgentEvent.Answer beginImage(boolean forget) throws InterruptedException {
        if (shadow == null) {
            shadow = new ShadowImage(host.vm().name(), host.ramBytes());
            try {
                shadow.track(driver.trackDirtyPages());
                LOG.info("{}: dirty pages are tracked by write protection", host.vm());
            } catch (IOException untracked) {
                LOG.info("{}: dirty pages are found by comparing all RAM: {}", host.vm(), untracked.getMessage());
            }
        }
        if (forget) {
            shadow.forget();
        }
        driver.guard();
        volumes.beginCapture();
        return null;
    }

    private AgentEvent.Answer unguard() throws InterruptedException {
        try {
            driver.unguard();
        } catch (IOException failed) {
            LOG.warn("{}: who saves it may get an image without RAM: {}", host.vm(), failed.getMessage());
        }
        return null;
    }

    private AgentEvent.Answer toDisks(AgentEffect.OfDisks effect, CheckpointConnection to) throws InterruptedException {
        try {
            switch (effect) {
                case AgentEffect.TellDisks tell ->
                    to.send(new CheckpointMessage.Disks(volumes.disks(), volumes.durability()));
                case AgentEffect.EndImage end -> volumes.endCapture();
                case AgentEffect.EndMirrors end -> endMirrors();
                case AgentEffect.FlushAtOnce atOnce -> volumes.flushAtOnce();
                case AgentEffect.Acknowledged acknowledged -> volumes.acknowledged(acknowledged.epoch());
                case AgentEffect.HearOfDisks heard -> {
                    return new AgentEvent.DisksSay(volumes.heard(heard.talk()));
                }
                case AgentEffect.SyncDisks sync -> {
                    volumes.becomeHonest();
                    return new AgentEvent.DisksSynced();
                }
            }
            return null;
        } catch (IOException refused) {
            return new AgentEvent.DisksFailed(refused.getMessage());
        }
    }

    private AgentEvent.Answer pauseForRoom() throws InterruptedException {
        volumes.drain(true);
        try {
            driver.pause();
            volumes.drain(false);
            return new AgentEvent.Paused();
        } catch (SlowPauseException slow) {
            return new AgentEvent.PauseLate(slow.getMessage());
        } catch (IOException failed) {
            return new AgentEvent.PauseFailed(failed.getMessage());
        }
    }

    private AgentEvent.Answer resume() throws InterruptedException {
        if (!link.stopDemanded()) {
            try {
                driver.resume();
            } catch (IOException failed) {
                return notResumed(failed);
            }
        }
        cycle.resumed();
        return new AgentEvent.Resumed();
    }

    private AgentEvent.Answer abandon() throws InterruptedException {
        cycle.abandon();
        cycle = null;
        driver.abandonDeviceState();
        if (!link.stopDemanded()) {
            try {
                driver.resume();
            } catch (IOException failed) {
                return notResumed(failed);
            }
        }
        return null;
    }

    private AgentEvent.Answer resumeKept() throws InterruptedException {
        volumes.drain(false);
        if (!link.stopDemanded()) {
            try {
                driver.resumeKept();
                LOG.info("{}: the VM runs on", host.vm());
            } catch (IOException failed) {
                return notResumed(failed);
            }
        }
        return null;
    }

    private static AgentEvent.Answer notResumed(IOException failed) {
        return new AgentEvent.Lost("the VM does not resume: " + failed.getMessage());
    }

    private AgentEvent.Answer retry() throws InterruptedException {
        if (!link.stopDemanded()) {
            try {
                driver.retryAfterHalt();
            } catch (IOException untried) {
                LOG.warn("{}: the halted VM is not resumed: {}", host.vm(), untried.getMessage());
            }
        }
        return null;
    }

    private AgentEvent.Answer ship(EpochId id, EpochId base, CheckpointConnection to) {
        CheckpointCycle taken = cycle;
        cycle = null;
        Epoch epoch = taken.epoch(host.vm(), id, base, host.ramBytes());
        to.ship(epoch, taken.pauseNanos(), () -> events.accept(new WorkerEvent.Shipped(to, epoch)));
        taken.shipped(epoch);
        LOG.debug("{}: {}, {}", host.vm(), epoch, taken);
        return new AgentEvent.Taken(epoch.plainBytes(), volumes.copyProgress(), volumes.questions());
    }

    private AgentEvent.Answer kill(String reason) throws InterruptedException {
        try {
            host.kill(reason);
            link.stopObeyed();
            return new AgentEvent.Killed();
        } catch (IOException unverified) {
            return new AgentEvent.NotKilled(unverified.getMessage());
        }
    }

    // ---- the VM is not here

    private AgentEvent.Answer compare(DiskTalk.Machine owners) throws InterruptedException {
        String difference;
        try {
            volumes.standBy();
            difference = host.machine()
                    .flatMap(here -> here.differenceFrom(owners.parts()))
                    .orElse("");
        } catch (IOException failed) {
            difference = "which does not start: " + failed.getMessage();
        }
        return new AgentEvent.Compared(new DiskTalk.Compared(owners.chain(), difference));
    }

    private AgentEvent.Answer apply(Epoch arrived) throws InterruptedException {
        try {
            replica.apply(arrived);
            return new AgentEvent.Applied();
        } catch (IOException failed) {
            return new AgentEvent.ApplyFailed(failed.getMessage());
        }
    }

    private AgentEvent.Answer activate() throws InterruptedException {
        long start = System.nanoTime();
        try {
            if (!volumes.disks().isEmpty()) {
                // Nothing that is left of the VM may find its disks again.
                host.endOthers("its disks are to be served to another one");
                volumes.activate();
            }
            adopt(host.activate(replica.deviceState()));
            LOG.info("{}: the VM runs, {} ms after ACTIVATE", host.vm(), (System.nanoTime() - start) / 1_000_000);
            return new AgentEvent.Activated(driver.description());
        } catch (SpentReplicaException spent) {
            return new AgentEvent.ReplicaSpent(spent.getMessage());
        } catch (IOException failed) {
            return new AgentEvent.ActivationFailed(failed.getMessage());
        }
    }

    private AgentEvent.Answer release() throws InterruptedException {
        try {
            replica.release();
        } catch (IOException failed) {
            LOG.warn("{}: the replica cannot be given back: {}", host.vm(), failed.getMessage());
        }
        return null;
    }
}
