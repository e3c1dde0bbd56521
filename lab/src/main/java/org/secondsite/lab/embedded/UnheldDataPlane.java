package org.secondsite.lab.embedded;

import java.util.List;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.DataPlaneCounters;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.life.Turn;

/**
 * A data plane that never holds: what an owner sends goes out at once. For one purpose, to show that the harness sees the
 * loss that the product prevents. It is part of the laboratory, not of the product.
 */
public final class UnheldDataPlane implements DataPlane {
    private final DataPlane real;

    /** Wraps the data plane that would hold. */
    public UnheldDataPlane(DataPlane real) {
        this.real = real;
    }

    @Override
    public void hold(VmId vm, long term) {
        real.pass(vm, term);
    }

    @Override
    public void pass(VmId vm, long term) {
        real.pass(vm, term);
    }

    @Override
    public void seal(VmId vm, EpochId epoch, Runnable sealed) {
        real.seal(vm, epoch, sealed);
    }

    @Override
    public void suspend(VmId vm, long doubt) {
        real.suspend(vm, doubt);
    }

    @Override
    public void resume(VmId vm, long doubt) {
        real.resume(vm, doubt);
    }

    @Override
    public void commit(VmId vm, EpochId upTo) {
        // There is nothing that could wait for it.
    }

    @Override
    public void fence(VmId vm, long term, Runnable fenced) {
        real.fence(vm, term, fenced);
    }

    @Override
    public List<Turn> turns() {
        return real.turns();
    }

    @Override
    public DataPlaneCounters counters() {
        return real.counters();
    }

    @Override
    public void close() {
        real.close();
    }
}
