package org.secondsite.witness.desk;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Decision;
import org.secondsite.witness.Durable;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.RecordBook;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.wire.LogCodec;

/**
 * The log of a witness of one node: what has to be appended for a request, and what may be said once that is on the disk. The
 * disk is the caller's.
 *
 * <pre>
 *   take(request) ──▶ Answered: nothing changes, say it
 *                 ──▶ Doubted:  nothing changes, and nothing is settled
 *                 ──▶ Append:   write its octets, force them ──▶ appended(append, proof) gives the answer
 * </pre>
 *
 * <p>Between an append and its proof no other request is taken: a grant that was decided while another is on its way to the disk
 * would have to be taken back when that write fails.
 *
 * <p>One owner; not thread-safe.
 */
public final class RecordLog {
    private final RecordBook book = new RecordBook();
    private final int compactAboveOctets;
    private int octets;
    private int compactedOctets;
    private boolean appending;

    /** What a request comes to. */
    public sealed interface Step {
        /** Nothing changes, and it may be said at once. */
        record Answered(Answer answer) implements Step {}

        /** The request makes no sense here, and nothing was changed. */
        record Invalid(String reason) implements Step {}

        /** The log may lack grants: nothing was changed, and nothing is known of what was. */
        record Doubted(String reason) implements Step {}

        /**
         * A grant that has to be on the disk first.
         *
         * @param grant what was decided
         * @param octets what is to be appended to the log
         */
        record Append(Decision.Grant grant, ByteBuffer octets) implements Step {}
    }

    /**
     * An empty log, without even its head: {@link #compacted} has what a new file begins with.
     *
     * @param compactAboveOctets no smaller log is compacted
     */
    public RecordLog(int compactAboveOctets) {
        this.compactAboveOctets = compactAboveOctets;
    }

    /**
     * Takes over what was read, after all of it was forced.
     *
     * @param entries oldest first
     * @param lengthOctets how long the log is
     * @throws IllegalArgumentException if the entries contradict each other
     */
    public void restore(List<Durable> entries, int lengthOctets) {
        entries.forEach(book::restore);
        octets = lengthOctets;
    }

    /** What was restored is a copy, and may lack grants: see {@link RecordBook#restoredFrom}. */
    public void restoredFrom(long lastTermOfCopy) {
        book.restoredFrom(lastTermOfCopy);
    }

    /** Whether what the record says may have been overtaken by a grant that was forgotten. */
    public boolean inDoubt(OwnershipRecord record) {
        return book.inDoubt(record);
    }

    /** The last entry of every group of which no grant may have been forgotten. */
    public List<LogEntry> certain() {
        return entries().stream().filter(entry -> !inDoubt(entry.record())).toList();
    }

    /** Decides a request. */
    public Step take(Request request, RequestId id) {
        if (appending) {
            throw new IllegalStateException("a grant is on its way to the disk");
        }
        Optional<Answer.Granted> before = book.grantedBefore(request, id);
        if (before.isPresent()) {
            return new Step.Answered(before.get());
        }
        Decision decision;
        try {
            decision = book.decide(request, id);
        } catch (IllegalArgumentException e) {
            return new Step.Invalid(String.valueOf(e.getMessage()));
        }
        return switch (decision) {
            case Decision.Refusal(Answer.Refused refused) -> new Step.Answered(refused);
            case Decision.Doubt(String reason) -> new Step.Doubted(reason);
            case Decision.Grant grant -> {
                ByteBuf entry = Unpooled.buffer(256);
                LogCodec.encode(grant.entry(), entry);
                appending = true;
                yield new Step.Append(grant, entry.nioBuffer());
            }
        };
    }

    /**
     * The append has been forced: follows it, and has its answer.
     *
     * @throws IllegalArgumentException if the proof is of another entry
     */
    public Answer.Granted appended(Step.Append append, Durable proof) {
        Answer.Granted answer = append.grant().answer(proof);
        book.apply(proof);
        octets += append.octets().limit();
        appending = false;
        return answer;
    }

    /** Whether the file has grown so much that it is worth writing anew. */
    public boolean grown() {
        return octets > Math.max(compactAboveOctets, 4 * compactedOctets);
    }

    /** A whole new file that says the same. */
    public ByteBuffer compacted() {
        ByteBuf file = Unpooled.buffer();
        LogCodec.encodeFileHeader(file);
        book.entriesByTerm().forEach(entry -> LogCodec.encode(entry, file));
        return file.nioBuffer();
    }

    /** The new file is forced and in the old one's place. */
    public void compactedTo(int lengthOctets) {
        octets = lengthOctets;
        compactedOctets = lengthOctets;
    }

    /** The last entry of every group, by term; all of it durable. */
    public List<LogEntry> entries() {
        return List.copyOf(book.entriesByTerm());
    }
}
