package org.secondsite.openflow.io;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.secondsite.config.SwitchId;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchListener;

/** Writes down what the controller tells, one text each, for tests to wait for. */
public final class RecordedEvents implements SwitchListener {
    private static final long PATIENCE_SECONDS = 20;

    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    @Override
    public void connected(SwitchId switchId) {
        events.add(switchId + " connected");
    }

    @Override
    public void disconnected(SwitchId switchId, String reason) {
        events.add(switchId + " disconnected: " + reason);
    }

    @Override
    public void confirmed(SwitchId switchId, long term, int flows, long nanoTime) {
        events.add(switchId + " confirmed " + term + " with " + flows);
    }

    @Override
    public void partial(SwitchId switchId, long term, int flows, Set<String> without, long nanoTime) {
        events.add(switchId + " partial " + term + " with " + flows + " without " + new TreeSet<>(without));
    }

    @Override
    public void fenced(SwitchId switchId, long term, int vms, long nanoTime) {
        events.add(switchId + " fenced " + term + ": " + vms + " VMs");
    }

    @Override
    public void drifted(SwitchId switchId, long term, String what, long goodNanoTime, long byPassedPackets) {
        events.add(switchId + " drifted " + term + ": " + what);
    }

    @Override
    public void noticed(SwitchId switchId, String what) {
        events.add(switchId + " noticed " + what);
    }

    @Override
    public void preflight(SwitchId switchId, Standing standing, String what) {
        events.add(switchId + " preflight " + standing + ": " + what);
    }

    @Override
    public void refused(SwitchId switchId, long term, String reason) {
        events.add(switchId + " refused " + term + ": " + reason);
    }

    @Override
    public void contested(SwitchId switchId, long term) {
        events.add(switchId + " contested " + term);
    }

    @Override
    public void failed(SwitchId switchId, long term, String reason) {
        events.add(switchId + " failed " + term + ": " + reason);
    }

    @Override
    public void portsMissing(SwitchId switchId, Set<String> portNames) {
        events.add(switchId + " misses " + portNames);
    }

    /** Waits for an event that begins so, and answers it; those before it are gone. */
    public String await(String beginning) throws InterruptedException {
        List<String> others = new ArrayList<>();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            String event = events.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (event == null) {
                return fail("waited for '" + beginning + "', had " + others);
            }
            if (event.startsWith(beginning)) {
                return event;
            }
            others.add(event);
        }
    }

    /** Events that nobody has waited for. */
    public List<String> rest() {
        List<String> rest = new ArrayList<>();
        events.drainTo(rest);
        return rest;
    }
}
