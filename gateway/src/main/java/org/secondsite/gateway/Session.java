package org.secondsite.gateway;

import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.config.VmId;
import org.secondsite.openflow.VmTraffic;

/** What became of the session with one router or switch. Conductor thread only. */
final class Session {
    private static final int MAX_REMARKS = 5;

    private final Map<String, Long> events = new TreeMap<>();
    private final Map<VmId, VmTraffic> carried = new HashMap<>();

    /** In the order in which they came. */
    private final Set<String> remarks = new LinkedHashSet<>();

    private String preflight = "";
    private String state;
    private boolean up;
    private long timesUp;

    Session(String state) {
        this.state = state;
    }

    void up(String newState) {
        up = true;
        remarks.clear();
        timesUp++;
        state = newState;
    }

    void down(String newState) {
        up = false;
        state = newState;
    }

    /** Something that does not end or begin it. */
    void note(String newState) {
        state = newState;
    }

    void count(String event) {
        count(event, 1);
    }

    void count(String event, long times) {
        events.merge(event, times, Long::sum);
    }

    /** Something that stays true while it is up. */
    void remark(String remark) {
        if (remarks.size() >= MAX_REMARKS) {
            remarks.remove(remarks.iterator().next());
        }
        remarks.add(remark);
    }

    /** How a switch stands after its preflight. */
    void preflight(String standing) {
        preflight = standing;
    }

    /** How a switch stands after its preflight; empty: nothing is known, or it is no switch. */
    String preflight() {
        return preflight;
    }

    /** What a switch has seen of its VMs. */
    void carried(List<VmTraffic> traffic) {
        traffic.forEach(of -> carried.put(of.vm(), of));
    }

    /** Its state in words. */
    String state() {
        return remarks.isEmpty() ? state : state + " (" + String.join("; ", remarks) + ")";
    }

    /** What the switch has seen of the VM, if it is one of its VMs. */
    Optional<VmTraffic> carried(VmId vm) {
        return Optional.ofNullable(carried.get(vm));
    }

    boolean up() {
        return up;
    }

    /** How often it came up. */
    long timesUp() {
        return timesUp;
    }

    /** How often something was counted under the name. */
    long events(String event) {
        return events.getOrDefault(event, 0L);
    }
}
