package org.secondsite.replicator.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.secondsite.config.VmId;

/**
 * Which agents have called a gateway lately, for which VMs, and what they said: the VMs that hosts run or list, protected or not. An agent
 * that is turned away calls again every few seconds. The last call of each host for each VM is kept, of so many at most; the one that is
 * oldest goes.
 */
public final class Callers {
    /** So many hosts and VMs are kept. */
    public static final int MAX_CALLS = 4_096;

    /**
     * A call.
     *
     * @param host the name in the agent's certificate; empty if it has proved nothing
     * @param running whether the VM itself is there
     * @param words the agent's own about its hypervisor and the VM, or why there is none
     * @param nanoTime when it was
     */
    public record Call(VmId vm, String host, boolean running, long ramBytes, String words, long nanoTime) {}

    private record Caller(VmId vm, String host) {}

    private final Map<Caller, Call> calls = new LinkedHashMap<>();

    /** An agent calls. */
    public void called(Call call) {
        Caller who = new Caller(call.vm(), call.host());
        calls.remove(who);
        if (calls.size() == MAX_CALLS) {
            calls.remove(calls.keySet().iterator().next());
        }
        calls.put(who, call);
    }

    /** The calls, the oldest first. */
    public List<Call> calls() {
        return new ArrayList<>(calls.values());
    }
}
