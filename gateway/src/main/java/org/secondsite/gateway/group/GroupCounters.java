package org.secondsite.gateway.group;

import java.util.EnumMap;
import java.util.Map;
import org.secondsite.gateway.ownership.OwnershipState;

/** What happened to a group at this gateway since it was started. Conductor thread only. */
public final class GroupCounters {
    /** How the witness answered a request for a change of the record. */
    public enum Answered {
        GRANTED,
        REFUSED,
        /** In time it did not, and whether the change was made is not known. */
        UNANSWERED
    }

    private final Map<OwnershipState, Long> entered = new EnumMap<>(OwnershipState.class);
    private final Map<Answered, Long> requests = new EnumMap<>(Answered.class);
    private final Map<EpochRefusal, Long> refusedEpochs = new EnumMap<>(EpochRefusal.class);
    private long takeovers;
    private long fences;
    private long switchoversDone;
    private long switchoversFailed;
    private long overloads;
    private long alarms;

    GroupCounters() {}

    void transition(OwnershipState from, OwnershipState to) {
        if (from != to) {
            entered.merge(to, 1L, Long::sum);
        }
        if (from == OwnershipState.PROMOTING && to == OwnershipState.SOLO) {
            takeovers++;
        }
    }

    void request(Answered answered) {
        requests.merge(answered, 1L, Long::sum);
    }

    void refused(EpochRefusal reason) {
        refusedEpochs.merge(reason, 1L, Long::sum);
    }

    void fence() {
        fences++;
    }

    void switchoverDone() {
        switchoversDone++;
    }

    void switchoverFailed() {
        switchoversFailed++;
    }

    void overload() {
        overloads++;
    }

    void alarm() {
        alarms++;
    }

    /** How often the state was entered. */
    public long entered(OwnershipState state) {
        return entered.getOrDefault(state, 0L);
    }

    /** Requests to the witness that were answered so. */
    public long requests(Answered answered) {
        return requests.getOrDefault(answered, 0L);
    }

    /** Epochs of the other site that were refused for the reason. */
    public long refusedEpochs(EpochRefusal reason) {
        return refusedEpochs.getOrDefault(reason, 0L);
    }

    /** How often this site became the owner and had the VMs run. */
    public long takeovers() {
        return takeovers;
    }

    /** How often this site was fenced. */
    public long fences() {
        return fences;
    }

    /** Planned switchovers from this site that ended with the VMs at the other one. */
    public long switchoversDone() {
        return switchoversDone;
    }

    /** Planned switchovers from this site that left the VMs here. */
    public long switchoversFailed() {
        return switchoversFailed;
    }

    /** How often held output waited longer than {@code checkpoint.overloadAfterMs}. */
    public long overloads() {
        return overloads;
    }

    /** How often something asked for a person. */
    public long alarms() {
        return alarms;
    }
}
