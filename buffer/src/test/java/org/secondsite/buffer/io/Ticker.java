package org.secondsite.buffer.io;

import java.util.concurrent.atomic.AtomicLong;
import org.secondsite.buffer.DataPlane;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;

/** Seals and commits every few milliseconds, as a gateway with a quick standby does. */
final class Ticker implements AutoCloseable {
    private final AtomicLong number;
    private final Thread thread;
    private volatile boolean stop;

    Ticker(DataPlane plane, VmId vm, long term, long first) {
        number = new AtomicLong(first);
        thread = Thread.ofPlatform().name("ticker").unstarted(() -> {
            while (!stop) {
                EpochId epoch = new EpochId(term, number.getAndIncrement());
                plane.seal(vm, epoch, () -> plane.commit(vm, epoch));
                try {
                    Thread.sleep(10);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
        thread.start();
    }

    long epochs() {
        return number.get();
    }

    @Override
    public void close() {
        stop = true;
        PlaneThreads.ended(thread);
    }
}
