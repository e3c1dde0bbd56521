package org.secondsite.lab.plan;

import java.util.List;
import java.util.Optional;

/**
 * A process to start.
 *
 * @param site empty for what belongs to no site
 * @param name unique in the lab; names the log
 * @param namespace where it runs
 * @param niceness added to the scheduling niceness
 * @param command program and arguments
 */
public record ProcessPlan(
        Role role, Optional<Site> site, String name, String namespace, int niceness, List<String> command) {
    /**
     * The niceness of what stands for a machine of its own, as a router does: it must not lose its neighbours, which are told by
     * BFD within 500 ms, because two processors do the work of fifteen machines.
     */
    static final int MACHINE_OF_ITS_OWN = -15;
}
