package org.secondsite.replicator.checkpoint;

/** What an agent could not do. The codes are those of the wire (FAILED). */
public enum FailureKind {
    /**
     * A checkpoint was dropped; the VM runs on, and the next checkpoint covers what this one would have. Its epoch id is
     * burned: it may be sealed at the gateway, but no epoch of that id will ever be sent.
     */
    CHECKPOINT(1, "checkpoint"),
    /** An epoch could not be applied to the replica, which stays at the epoch before. */
    APPLY(2, "apply"),
    /** The VM could not be started from the replica. */
    ACTIVATION(3, "activation"),
    /** The VM is gone, or its hypervisor does not answer. */
    VM(4, "vm"),
    /** The VM's process could not be verified to be dead. */
    STOP_VM(5, "stop-vm"),
    /** A disk could not be brought to stable storage, or its flushes could not be made to wait for that. */
    DISK(6, "disk");

    private final int code;
    private final String word;

    FailureKind(int code, String word) {
        this.code = code;
        this.word = word;
    }

    /** The code on the wire. */
    public int code() {
        return code;
    }

    /** The word that logs and the timeline use. */
    public String word() {
        return word;
    }

    /**
     * The kind of a code.
     *
     * @throws IllegalArgumentException if there is none
     */
    static FailureKind of(int code) {
        for (FailureKind kind : values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        throw new IllegalArgumentException("no failure has the code " + code);
    }
}
