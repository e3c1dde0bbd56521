package org.secondsite.gateway.group;

import java.util.Set;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.checkpoint.AgentSession;

/** An agent that orders are only addressed to: a core gives orders, and calls nobody. */
final class StillAgent implements AgentSession {
    private static final long RAM_BYTES = 1 << 20;

    private final VmId vm;

    StillAgent(VmId vm) {
        this.vm = vm;
    }

    /** An epoch of one unchanged VM. */
    static Epoch epoch(VmId vm, EpochId id, EpochId base) {
        return new Epoch(new EpochHeader(vm, id, base, RAM_BYTES), PageSet.empty(), new byte[0]);
    }

    private static void called() {
        throw new AssertionError("the core calls an agent by itself");
    }

    @Override
    public String toString() {
        return "agent of " + vm;
    }

    @Override
    public VmId vm() {
        return vm;
    }

    @Override
    public long ramBytes() {
        return RAM_BYTES;
    }

    @Override
    public boolean vmRunning() {
        throw new AssertionError("whether the VM runs is told with the event");
    }

    @Override
    public EpochId applied() {
        return EpochId.NONE;
    }

    @Override
    public Dialect dialect() {
        return new Dialect(1, Set.of());
    }

    @Override
    public String description() {
        return "still";
    }

    @Override
    public void start(EpochId first, boolean full, int intervalMs) {
        called();
    }

    @Override
    public void interval(int intervalMs) {
        called();
    }

    @Override
    public void checkpointNow() {
        called();
    }

    @Override
    public void retitle(EpochId next) {
        called();
    }

    @Override
    public void sealed(EpochId epoch) {
        called();
    }

    @Override
    public void credit(EpochId committed) {
        called();
    }

    @Override
    public void stop() {
        called();
    }

    @Override
    public void pauseVm() {
        called();
    }

    @Override
    public void resumeVm() {
        called();
    }

    @Override
    public CarriedDisks disks() {
        return CarriedDisks.NONE;
    }

    @Override
    public Durability durability() {
        return Durability.DISK;
    }

    @Override
    public void flushAtOnce() {
        called();
    }

    @Override
    public void ofDisks(DiskTalk talk) {
        called();
    }

    @Override
    public void syncDisks() {
        called();
    }

    @Override
    public void inForce(long term) {}

    @Override
    public void stopVm(String reason) {
        called();
    }

    @Override
    public void apply(Epoch epoch) {
        called();
    }

    @Override
    public void activate(EpochId expected) {
        called();
    }

    @Override
    public void release() {
        called();
    }
}
