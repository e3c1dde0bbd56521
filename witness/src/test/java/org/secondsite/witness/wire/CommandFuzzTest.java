package org.secondsite.witness.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.testing.Allocation;
import org.secondsite.witness.wire.CommandCodec.Command;
import org.secondsite.witness.wire.CommandCodec.IllegibleException;
import org.secondsite.witness.wire.CommandCodec.Outcome;

/** Any bytes in the nodes' common log, and in what another node made of them. */
class CommandFuzzTest {

    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        for (Command command : CommandCodecTest.everyCommand()) {
            ByteBuf out = Unpooled.buffer();
            CommandCodec.encode(command, out);
            seeds.add(ByteBufUtil.getBytes(out));
        }
        for (Outcome outcome : CommandCodecTest.everyOutcome()) {
            ByteBuf out = Unpooled.buffer();
            CommandCodec.encode(outcome, out);
            seeds.add(ByteBufUtil.getBytes(out));
        }
        return seeds;
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyBytesAreACommandAnOutcomeOrIllegible(byte[] in) {
        Allocation.bounded(128, in, () -> {
            command(in);
            outcome(in);
        });
    }

    private static void command(byte[] in) {
        try {
            Command command = CommandCodec.command(Unpooled.wrappedBuffer(in));
            if (!command.toString().contains("\ufffd")) {
                ByteBuf again = Unpooled.buffer();
                CommandCodec.encode(command, again);
                assertEquals(command, CommandCodec.command(again));
            }
        } catch (IllegibleException e) {
            assertTrue(!e.getMessage().isEmpty());
        }
    }

    private static void outcome(byte[] in) {
        try {
            Outcome outcome = CommandCodec.outcome(Unpooled.wrappedBuffer(in));
            if (!outcome.toString().contains("\ufffd")) {
                ByteBuf again = Unpooled.buffer();
                CommandCodec.encode(outcome, again);
                assertEquals(outcome, CommandCodec.outcome(again));
            }
        } catch (IllegibleException e) {
            assertTrue(!e.getMessage().isEmpty());
        }
    }
}
