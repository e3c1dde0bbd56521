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
     * Decides the request after all earlier ones.
     *
     * @return the answer once it is durable; exceptionally if it is not known whether the change was made, or with
     *     {@link IllegalArgumentException} if {@link RecordBook#decide} throws it and nothing was changed
     */
    CompletableFuture<Answer> submit(Request request);

    /** The records in force, as far as this node knows; all of them durable. */
    List<OwnershipRecord> records();

    /** Calls {@code watcher} with each later record, in the order of terms, on a thread of the store. It must not block. */
    void watch(Consumer<OwnershipRecord> watcher);

    /** Completes exceptionally, once, when the store can no longer answer. */
    CompletableFuture<Void> failed();

    @Override
    void close();
}
