package org.secondsite.openflow.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FlowIndexTest {
    @Test
    void findsWhatAMapFinds() {
        for (long seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Map<Flow.Key, Integer> expected = new HashMap<>();
            List<Flow> flows = new ArrayList<>();
            int size = random.nextInt(100);
            while (flows.size() < size) {
                Flow.Key key = key(random);
                if (expected.putIfAbsent(key, flows.size()) == null) {
                    flows.add(new Flow(key, new Flow.Outcome.Drop()));
                }
            }
            FlowIndex index = new FlowIndex(flows);
            Set<Flow.Key> some = new HashSet<>();
            for (int i = 0; i < 200; i++) {
                Flow.Key key = key(random);
                assertEquals(expected.getOrDefault(key, -1), index.find(key), "seed " + seed);
                if (random.nextInt(10) == 0) {
                    some.add(key);
                }
            }
            FlowIndex ofSome = FlowIndex.of(flows, some);
            some.forEach(key -> assertEquals(expected.getOrDefault(key, -1), ofSome.find(key)));
        }
    }

    private static Flow.Key key(Random random) {
        return new Flow.Key(random.nextInt(3), random.nextInt(2), Pipeline.from(random.nextInt(40)));
    }
}
