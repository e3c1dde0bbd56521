package org.secondsite.openflow.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Which port a configured name means, whatever came and went before. */
class PortTableTest {
    private static final List<String> NAMES =
            List.of("gw", "vm1", "2", "GigabitEthernet1/0/1", "GigabitEthernet1/0/2", "GigabitEthernet");

    @Test
    void aNameMeansWhatAListOfAllPortsSays() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        PortTable table = new PortTable();
        Map<Integer, String> all = new TreeMap<>();
        for (int i = 0; i < 2000; i++) {
            int number = 1 + random.nextInt(4);
            if (random.nextInt(4) == 0) {
                assertEquals(all.remove(number) != null, table.remove(number), "seed " + seed);
            } else {
                String name = NAMES.get(random.nextInt(NAMES.size()));
                assertEquals(!cut(name).equals(all.put(number, cut(name))), table.put(number, name), "seed " + seed);
            }
            for (String name : NAMES) {
                assertEquals(meaning(all, name), table.meaning(name), "seed " + seed + ": " + name + " of " + all);
            }
        }
    }

    private static PortTable.Meaning meaning(Map<Integer, String> all, String name) {
        List<Integer> named = all.keySet().stream()
                .filter(number -> all.get(number).equals(cut(name)))
                .toList();
        if (named.size() == 1) {
            return new PortTable.Meaning.Port(named.getFirst());
        }
        if (!named.isEmpty()) {
            return new PortTable.Meaning.Ambiguous(named);
        }
        return name.equals("2") && all.containsKey(2) ? new PortTable.Meaning.Port(2) : new PortTable.Meaning.Missing();
    }

    private static String cut(String name) {
        return name.length() > 15 ? name.substring(0, 15) : name;
    }
}
