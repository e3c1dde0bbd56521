package org.secondsite.replicator.tunnel;

import org.secondsite.config.EpochId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.Epochs;

/** The chains of epochs of one VM, one after the other, each in a term of its own, as their source sees them. */
final class FakeChain {
    private static final int MAX_CHANGED_PAGES = 12;

    private final Epochs guest;
    private long term = 1;
    private boolean begins = true;
    private EpochId last = EpochId.NONE;
    private EpochId acknowledged = EpochId.NONE;

    FakeChain(Epochs guest) {
        this.guest = guest;
    }

    void beginAnew() {
        term++;
        begins = true;
        acknowledged = EpochId.NONE;
    }

    Epoch next(long number) {
        last = new EpochId(term, number);
        Epoch epoch = begins ? guest.full(last) : guest.next(last, MAX_CHANGED_PAGES);
        begins = false;
        return epoch;
    }

    boolean isOf(EpochId epoch) {
        return epoch.term() == term;
    }

    /** Whether it may be acknowledged now: it is of the present chain, and no later one was. */
    boolean acknowledge(EpochId epoch) {
        boolean follows = isOf(epoch) && !epoch.atMost(acknowledged);
        acknowledged = epoch;
        return follows;
    }

    /** Whether that is its last epoch, if it has any. */
    boolean ends(EpochId epoch) {
        return begins || last.equals(epoch);
    }
}
