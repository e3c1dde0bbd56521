package org.secondsite.witness;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.secondsite.config.OwnershipRecord;

/**
 * A {@link RecordBook} that is remembered: puts requests into one order, decides each by the book, and answers when the
 * outcome is on stable storage. One node's log file, or the replicated log of several nodes.
 *
 * <p>Thread-safe. After a failed write a store never answers again: it must be closed and opened anew, because what a
 * failed write left on the disk is not known.
 */
public interface RecordStore extends AutoCloseable {
    /**
     * Sees to it that each group has a record: now, or whenever this node leads.
     *
     * @return completes when that is arranged; exceptionally if a group is remembered with other sites
     */
    CompletableFuture<Void> enroll(List<GroupSettings> groups);

    /**
     * Decides the request after all earlier ones.
     *
     * @param id of the request; if the record in force was made by a request of the same, that is its answer again
     * @return the answer once it is durable; exceptionally {@link NotLeadingException} if another node must be asked,
     *     {@link GrantsLostException} if this one may have forgotten what settles it, {@link IllegalArgumentException} if
     *     {@link RecordBook#decide} throws it and nothing was changed, or another if it is not known whether the change was made
     */
    CompletableFuture<Answer> submit(Request request, RequestId id);

    /** Submits a request that is never repeated. */
    default CompletableFuture<Answer> submit(Request request) {
        return submit(request, RequestId.NONE);
    }

    /**
     * The records as they are after everything that was answered before this call, by whichever node. What
     * {@link #entries()} has may be older: a node does not know that it was left behind.
     *
     * @return the last entry of every group but those of which grants may have been forgotten; exceptionally if that cannot be known
     *     now
     */
    CompletableFuture<List<LogEntry>> current();

    /** The records in force, with who made them so, as far as this node knows; all of them durable. */
    List<LogEntry> entries();

    /** The records in force, as far as this node knows. */
    default List<OwnershipRecord> records() {
        return entries().stream().map(LogEntry::record).toList();
    }

    /** Calls {@code watcher} with each later record, in the order of terms, on a thread of the store. It must not block. */
    void watch(Consumer<LogEntry> watcher);

    /** How this node stands now. */
    StoreStanding standing();

    /** What is known of the records that were there when the store was opened. */
    Provenance provenance();

    /** Whether this node decides. */
    default boolean leads() {
        return standing().role() == StoreStanding.Role.LEADER;
    }

    /** How long forcing to the disk took. */
    FsyncHistogram fsyncs();

    /** Completes exceptionally, once, when the store can no longer answer. */
    CompletableFuture<Void> failed();

    @Override
    void close();
}
