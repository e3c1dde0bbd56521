package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.VmId;

class CallersTest {
    private final Callers callers = new Callers();

    private static Callers.Call call(String vm, String host, String words, long nanoTime) {
        return new Callers.Call(new VmId(vm), host, true, 1 << 20, words, nanoTime);
    }

    @Test
    void theLastCallOfEachHostForEachVmCounts() {
        callers.called(call("vm1", "h1", "first", 1));
        callers.called(call("vm1", "h2", "another host", 2));
        callers.called(call("vm1", "h1", "again", 3));
        assertEquals(List.of(call("vm1", "h2", "another host", 2), call("vm1", "h1", "again", 3)), callers.calls());
    }

    @Test
    void whoNamesManyPushesOutTheOldestAlone() {
        callers.called(call("vm1", "h1", "first", 1));
        for (int i = 0; i < Callers.MAX_CALLS; i++) {
            callers.called(call("many" + i, "h1", "", 2));
        }
        assertEquals(Callers.MAX_CALLS, callers.calls().size());
        assertEquals(new VmId("many0"), callers.calls().getFirst().vm());
    }
}
