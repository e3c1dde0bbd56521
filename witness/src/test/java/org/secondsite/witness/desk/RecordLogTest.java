package org.secondsite.witness.desk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.Durable;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.LogEntry;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.wire.LogCodec;

/** The log by itself, over a file that is a buffer. */
class RecordLogTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId WEB = new GroupId("web");

    private final RecordLog log = new RecordLog(600);
    private ByteBuf file = Unpooled.buffer();

    @BeforeEach
    void begin() {
        file.writeBytes(log.compacted());
        log.compactedTo(file.writerIndex());
    }

    private static Request.Change change(long term, Set<SiteId> inSync) {
        return new Request.Change(WEB, term, A, A, inSync, "why");
    }

    private RecordLog.Step.Append append(Request request, RequestId id) {
        return assertInstanceOf(RecordLog.Step.Append.class, log.take(request, id));
    }

    private Answer.Granted make(Request request, RequestId id) {
        RecordLog.Step.Append append = append(request, id);
        file.writeBytes(append.octets().duplicate());
        return log.appended(append, Durable.proven(append.grant().entry()));
    }

    private void enroll() {
        make(new Request.Enroll(new GroupSettings(WEB, A, B, A)), RequestId.NONE);
    }

    @Test
    void whatWasAppendedIsReadBack() {
        enroll();
        make(change(1, Set.of(A, B)), new RequestId(7, 1));
        LogCodec.Scan.Legible read = assertInstanceOf(LogCodec.Scan.Legible.class, LogCodec.scan(file));
        RecordLog again = new RecordLog(600);
        again.restore(read.entries().stream().map(Durable::proven).toList(), read.wholeOctets());
        assertEquals(log.entries(), again.entries());
    }

    @Test
    void nothingIsTakenWhileAGrantIsOnItsWayToTheDisk() {
        enroll();
        append(change(1, Set.of(A, B)), RequestId.NONE);
        assertThrows(IllegalStateException.class, () -> log.take(change(1, Set.of(A)), RequestId.NONE));
    }

    @Test
    void theAnswerIsNotToBeHadForAnotherProof() {
        enroll();
        RecordLog.Step.Append append = append(change(1, Set.of(A, B)), RequestId.NONE);
        LogEntry other = log.entries().getFirst();
        assertThrows(IllegalArgumentException.class, () -> log.appended(append, Durable.proven(other)));
    }

    @Test
    void aRepetitionIsAnsweredAsTheFirstTimeWithoutAWrite() {
        enroll();
        RequestId id = new RequestId(7, 1);
        Answer first = make(change(1, Set.of(A, B)), id);
        assertEquals(new RecordLog.Step.Answered(first), log.take(change(1, Set.of(A, B)), id));
    }

    @Test
    void aRequestForAGroupNeverEnrolledChangesNothing() {
        assertInstanceOf(RecordLog.Step.Invalid.class, log.take(change(1, Set.of(A)), RequestId.NONE));
        enroll();
    }

    @Test
    void growsAndIsCompactedToTheLastEntryOfEachGroup() {
        enroll();
        for (long term = 1; !log.grown(); term++) {
            make(change(term, Set.of(A)), RequestId.NONE);
        }
        assertTrue(file.writerIndex() > 600);
        List<LogEntry> entries = log.entries();
        file = Unpooled.wrappedBuffer(log.compacted());
        log.compactedTo(file.writerIndex());
        assertFalse(log.grown());
        assertEquals(
                entries,
                assertInstanceOf(LogCodec.Scan.Legible.class, LogCodec.scan(file))
                        .entries());
    }
}
