package org.secondsite.openflow.ovsdb;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What the database says of one bridge.
 *
 * @param id of its row
 * @param name of the bridge
 * @param failMode {@code secure}, {@code standalone}, or empty, which is the same as standalone
 * @param isOutOfBand whether {@code other-config:disable-in-band} is set
 * @param controllers what it connects to
 * @param mirrors what copies its frames
 * @param flowLimits by table, how many flows may be in it; a table without a limit is absent
 */
public record Bridge(
        String id,
        String name,
        String failMode,
        boolean isOutOfBand,
        List<Controller> controllers,
        List<Mirror> mirrors,
        Map<Integer, Long> flowLimits) {
    /** Freezes the collections. */
    public Bridge {
        controllers = List.copyOf(controllers);
        mirrors = List.copyOf(mirrors);
        flowLimits = Map.copyOf(flowLimits);
    }

    /**
     * A controller that it connects to.
     *
     * @param id of its row
     * @param target such as {@code tcp:192.0.2.1:6653}
     * @param maxBackoffMs the longest time between two attempts; empty: the switch's default
     * @param inactivityProbeMs the silence after which the switch asks for an echo; 0: never; empty: the switch's default
     */
    public record Controller(String id, String target, OptionalLong maxBackoffMs, OptionalLong inactivityProbeMs) {}

    /**
     * A mirror.
     *
     * @param id of its row
     * @param name of the mirror
     * @param selectsAll whether it copies every port's frames
     * @param selected the ports whose frames it copies otherwise, by name and by OpenFlow number
     * @param output where the copies go, the same way; empty: to a VLAN
     */
    public record Mirror(String id, String name, boolean selectsAll, Set<String> selected, Set<String> output) {
        /** Freezes the collections. */
        public Mirror {
            selected = Set.copyOf(selected);
            output = Set.copyOf(output);
        }
    }
}
