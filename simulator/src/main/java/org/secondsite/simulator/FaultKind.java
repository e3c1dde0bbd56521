package org.secondsite.simulator;

/**
 * The classes of faults. The weight says how often a schedule draws one, relative to the others; one of weight 0 comes beside what a
 * schedule draws, in every tenth of them, and leaves the rest of it as it was.
 */
public enum FaultKind {
    /** Messages on a way are lost; on the tunnel, which is TCP, they come late instead. */
    DROP(3),
    /** Messages on a way are slow. */
    DELAY(3),
    /** Messages on a way overtake each other; on the tunnel the delay varies, and the order stays. */
    REORDER(2),
    /** Messages on a way come twice; not on the tunnel. */
    DUPLICATE(2),
    /** The tunnel's connection breaks and can be made anew at once: a flap. */
    RESET(3),
    /** Some directions between the two sites and the witness carry nothing: every shape, one-way ones included. */
    PARTITION(8),
    /**
     * A gateway, a hypervisor, both of a site, or the witness dies, loses its memory, and is started again; a gateway also when it
     * has carried out a part of what it wanted done.
     */
    CRASH(8),
    /** The witness's power fails in the middle of its next write to the disk. A gateway replaces its file as a whole. */
    TORN(2),
    /** A gateway stops while its guest goes on, or a whole site or the witness stops; then all goes on. */
    PAUSE(4),
    /** The clock that a gateway or the witness reads jumps. */
    CLOCK(2),
    /** The witness's disk, or the image at a standby, is slow to write. */
    DISK(2),
    /** The witness's disk is lost, a copy from before is restored, and after a while an operator recovers the group. */
    RESTORE(2),
    /**
     * The witness's disk goes back to an earlier moment without a word, and both gateways lose all that they remember; after a while an
     * operator recovers the group. Only the agents know better; or only those of one site, whose gateway reaches the witness when the other
     * one has. In every twentieth schedule, and nothing else then.
     */
    FORGET(0),
    /**
     * The other site goes on from a site's VM, which runs on, and lets it leave by another file; the group comes back, and the gateway
     * beside the older copy starts again. In every twentieth schedule, and nothing else then.
     */
    OLDER(0),
    /** A gateway is told by its peer, again and again, of a record that nobody has granted. */
    LIE(2),
    /** A copy of a site's gateway runs at another place, with the same certificate. */
    CLONE(0),
    /** Somebody takes an owner's switch under its term, again and again. */
    CONTEST(0),
    /** An agent's process dies, and another one takes its place, while the VM runs on. */
    AGENT(0),
    /** An operator unticks the VM, and ticks it again. */
    UNTICK(0),
    /** An operator orders a planned switchover. */
    SWITCHOVER(3),
    /** An operator forces a site to be the owner, with a written reason: data may be lost, and is from then on. */
    OPERATOR(1);

    private final int weight;

    FaultKind(int weight) {
        this.weight = weight;
    }

    /** Whether it comes beside what is drawn. */
    boolean isBeside() {
        return weight == 0;
    }

    int weight() {
        return weight;
    }
}
