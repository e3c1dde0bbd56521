package org.secondsite.lab.io;

import java.io.IOException;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;

/**
 * What routers and switches of a {@link LiveSite} say at one moment.
 *
 * @param routers each neighbour that could be asked, by number
 * @param told each switch, by number
 * @param flows of each switch
 * @param states what the gateway says of each of its switches
 */
record LiveState(
        Map<Integer, LiveRouters.Heard> routers,
        Map<Integer, LiveSwitches.Told> told,
        Map<Integer, NavigableSet<String>> flows,
        Map<Integer, String> states) {
    static LiveState of(LiveSite site) throws IOException {
        Map<Integer, LiveRouters.Heard> routers = new TreeMap<>();
        routers.put(LiveFile.BIRD, site.routers.heard(LiveFile.BIRD));
        routers.put(LiveFile.FRR, site.routers.heard(LiveFile.FRR));
        for (int i = 0; i < LiveFile.CROWD; i++) {
            int number = LiveFile.FIRST_OF_CROWD + i;
            routers.put(number, site.routers.heard(number));
        }
        // Before what the switches say: what the gateway says has happened there.
        Map<Integer, String> states = new TreeMap<>();
        site.status()
                .path("switches")
                .forEach(one -> states.put(
                        Integer.valueOf(one.path("name").asText().substring("sw-".length())),
                        one.path("state").asText()));
        Map<Integer, LiveSwitches.Told> told = new TreeMap<>();
        Map<Integer, NavigableSet<String>> flows = new TreeMap<>();
        for (int number = 1; number <= LiveFile.SWITCHES; number++) {
            told.put(number, site.switches.told(number));
            flows.put(number, site.switches.flows(number));
        }
        return new LiveState(routers, told, flows, states);
    }
}
