package org.secondsite.replicator;

import java.util.Objects;
import java.util.Optional;
import org.secondsite.config.EpochId;

/**
 * What a site can say of its disks without comparing them: except for the parts that its dirty map names, they are equal to the disks
 * of certain epochs. These are the {@code base}, and every later epoch that was made here, in the terms from {@code firstTerm} to
 * {@code lastTerm} in which this site was the owner.
 *
 * <p>If two sites can say so of one and the same epoch, the parts in which their disks differ are all named by one of the two maps.
 * Nothing else may be concluded: not from which disk is newer, nor from what a site believes of the other.
 *
 * @param base an epoch, NONE if nothing can be said
 * @param firstTerm the first term whose epochs were made here since the base, 0 if none were
 * @param lastTerm the last such term, 0 if there is none
 */
public record DiskClaim(EpochId base, long firstTerm, long lastTerm) {
    /** Nothing is known. */
    public static final DiskClaim NONE = new DiskClaim(EpochId.NONE, 0, 0);

    /** Checks the ranges. */
    public DiskClaim {
        Objects.requireNonNull(base);
        boolean none = base.equals(EpochId.NONE) || firstTerm == 0;
        if (firstTerm < 0 || lastTerm < firstTerm || (none && lastTerm != 0)) {
            throw new IllegalArgumentException(
                    "epochs of the terms " + firstTerm + " to " + lastTerm + " upon " + base);
        }
    }

    /** The disks are those of one epoch. */
    public static DiskClaim of(EpochId epoch) {
        return new DiskClaim(epoch, 0, 0);
    }

    /** The same where an epoch of this term was made since, by a VM that has run here without a break since the last one. */
    public DiskClaim made(long term) {
        return base.equals(EpochId.NONE) || (firstTerm > 0 && term <= lastTerm)
                ? this
                : new DiskClaim(base, firstTerm == 0 ? term : firstTerm, term);
    }

    /**
     * The same where the VM may have been elsewhere in between: of which terms the epochs before were is known no more, because
     * others may have been made there between them.
     */
    public DiskClaim madeAfterBreak(long term) {
        return base.equals(EpochId.NONE) || (firstTerm > 0 && term <= lastTerm)
                ? this
                : new DiskClaim(base, term, term);
    }

    /** The same upon a later epoch that was made here. */
    public DiskClaim upon(EpochId epoch) {
        long first = firstTerm == 0 ? epoch.term() : firstTerm;
        return new DiskClaim(epoch, first, Math.max(lastTerm, epoch.term()));
    }

    /** Whether the disks are known to be equal to those of this epoch, except for what the map names. */
    public boolean covers(EpochId epoch) {
        if (base.equals(EpochId.NONE) || epoch.compareTo(base) < 0) {
            return false;
        }
        return epoch.equals(base) || (epoch.term() >= firstTerm && epoch.term() <= lastTerm);
    }

    /** An epoch of which two sites can say so; empty if only a comparison of the disks tells where they differ. */
    public Optional<EpochId> common(DiskClaim other) {
        if (other.covers(base)) {
            return Optional.of(base);
        }
        return covers(other.base) ? Optional.of(other.base) : Optional.empty();
    }
}
