package org.secondsite.replicator.agent;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

/** The part of {@link VmAgent} that knows of pauses that the hypervisor has not answered in time. */
final class LatePauses {
    private int count;
    private AgentPhase leadsTo = AgentPhase.LEFT_ALONE;

    /**
     * One begins.
     *
     * @param checkpoint the checkpoint that it was for, null if it was for none
     * @return what the gateway is to be told
     */
    String begins(String why, VmCheckpoint checkpoint, CheckpointSchedule schedule, long now) {
        count++;
        leadsTo = AgentPhase.LEFT_ALONE;
        String wait = "";
        if (checkpoint != null) {
            leadsTo = checkpoint.from;
            wait = ", the next is not before " + NANOSECONDS.toSeconds(schedule.slow(checkpoint.id, now)) + " s";
        }
        return why + "; " + count + " pauses were slow" + wait;
    }

    /** Where the one under way leads: LEFT_ALONE or STANDS. */
    AgentPhase leadsTo() {
        return leadsTo;
    }

    /** The VM is to run when the one under way is over. */
    void leadsNowhere() {
        leadsTo = AgentPhase.LEFT_ALONE;
    }
}
