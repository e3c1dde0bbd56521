package org.secondsite.witness.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.witness.Answer;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.Request;
import org.secondsite.witness.RequestId;
import org.secondsite.witness.wire.CommandCodec.Command;
import org.secondsite.witness.wire.CommandCodec.IllegibleException;
import org.secondsite.witness.wire.CommandCodec.Outcome;

class CommandCodecTest {
    private static final SiteId A = new SiteId("a");
    private static final SiteId B = new SiteId("b");
    private static final GroupId WEB = new GroupId("web");

    static List<Command> everyCommand() {
        return List.of(
                new Command(new Request.Enroll(new GroupSettings(WEB, A, B, B)), RequestId.NONE),
                new Command(new Request.Change(WEB, 7, A, B, Set.of(A, B), "höher"), new RequestId(-1, 1)),
                new Command(new Request.Change(WEB, 7, A, A, Set.of(A), ""), new RequestId(5, Long.MAX_VALUE)),
                new Command(new Request.Force(WEB, 9, A, B, "the flood"), new RequestId(6, 2)),
                new Command(
                        new Request.Recover(new GroupSettings(WEB, A, B, B), 9, 48_000, A, B, "the disk was lost"),
                        new RequestId(7, 3)));
    }

    static List<Outcome> everyOutcome() {
        OwnershipRecord record = new OwnershipRecord(WEB, 7, 5, A, Set.of(A, B));
        return List.of(
                new Outcome.Decided(new Answer.Granted(record)),
                new Outcome.Decided(new Answer.Refused(record, "the term is 7, not 5")),
                new Outcome.Invalid("group web was never enrolled"));
    }

    private static ByteBuf encoded(Command command) {
        ByteBuf out = Unpooled.buffer();
        CommandCodec.encode(command, out);
        return out;
    }

    @ParameterizedTest
    @MethodSource("everyCommand")
    void commandThatIsWrittenIsReadAndNoPartOfItIs(Command command) throws IllegibleException {
        ByteBuf whole = encoded(command);
        assertEquals(command, CommandCodec.command(whole.duplicate()));
        for (int length = 0; length < whole.writerIndex(); length++) {
            ByteBuf part = whole.slice(0, length);
            assertThrows(IllegibleException.class, () -> CommandCodec.command(part));
        }
    }

    @ParameterizedTest
    @MethodSource("everyOutcome")
    void outcomeThatIsWrittenIsRead(Outcome outcome) throws IllegibleException {
        ByteBuf out = Unpooled.buffer();
        CommandCodec.encode(outcome, out);
        assertEquals(outcome, CommandCodec.outcome(out));
    }

    @Test
    void layoutIsAsDrawn() {
        assertEquals(
                "01" + "0000000000000006" + "0000000000000002" + "03" + "0000000000000009" + "03776562" + "0161"
                        + "0162" + "00026f6b",
                ByteBufUtil.hexDump(encoded(new Command(new Request.Force(WEB, 9, A, B, "ok"), new RequestId(6, 2)))));
    }

    @Test
    void anotherVersionIsSaid() {
        IllegibleException other = assertThrows(
                IllegibleException.class, () -> CommandCodec.command(Unpooled.wrappedBuffer(new byte[] {2})));
        assertEquals("a command of version 2, this node knows 1", other.getMessage());
    }

    @Test
    void anyInputIsACommandOrIllegible() {
        Random random = new Random(1);
        List<Command> commands = everyCommand();
        for (int i = 0; i < 20_000; i++) {
            ByteBuf in = encoded(commands.get(random.nextInt(commands.size())));
            in.setByte(random.nextInt(in.writerIndex()), random.nextInt(256));
            try {
                CommandCodec.command(in);
            } catch (IllegibleException e) {
                assertEquals(false, e.getMessage().isEmpty());
            }
        }
    }
}
