package org.secondsite.replicator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

/** The bytes of what two agents say of disks: whole they are understood, cut at any byte they are refused. */
class DiskTalkTest {
    private static final EpochId CHAIN = new EpochId(3, 17);

    private static final List<DiskTalk> ALL = List.of(
            new DiskTalk.Ask(CHAIN),
            new DiskTalk.Claim(CHAIN, new DiskClaim(new EpochId(2, 9), 2, 3), 77),
            new DiskTalk.Nobody(CHAIN),
            new DiskTalk.Query(CHAIN, new DiskPart(DiskPart.Question.DIRTY, 7, 1 << 26, 24576)),
            new DiskTalk.Answer(
                    CHAIN, new DiskPart(DiskPart.Question.DIRTY, 0, 0, 9), ByteBuffer.wrap(new byte[] {1, 1})),
            new DiskTalk.Answer(
                    CHAIN, new DiskPart(DiskPart.Question.HASHES, 1, 5, 192), ByteBuffer.wrap(new byte[3072])));

    private static ByteBuf bytes(DiskTalk talk) {
        ByteBuf out = Unpooled.buffer();
        DiskTalk.write(talk, out);
        return out;
    }

    @Test
    void whatIsWrittenIsRead() {
        ALL.forEach(talk -> assertEquals(talk, DiskTalk.read(bytes(talk))));
    }

    @Test
    void cutAtAnyByteOrWithOneTooManyItIsRefused() {
        for (DiskTalk talk : ALL) {
            ByteBuf whole = bytes(talk);
            for (int length = 0; length < whole.readableBytes(); length++) {
                ByteBuf cut = whole.copy(0, length);
                assertThrows(IllegalArgumentException.class, () -> DiskTalk.read(cut), talk + " cut at " + length);
            }
            ByteBuf longer = whole.copy().writeByte(0);
            assertThrows(IllegalArgumentException.class, () -> DiskTalk.read(longer));
        }
    }

    @Test
    void garbledItIsRefusedOrAnotherMessageAndThrowsNothingElse() {
        SplittableRandom dice = new SplittableRandom(12);
        for (int i = 0; i < 20_000; i++) {
            ByteBuf bytes = bytes(ALL.get(dice.nextInt(ALL.size())));
            int at = dice.nextInt(Math.min(40, bytes.readableBytes()));
            bytes.setByte(at, dice.nextInt(256));
            try {
                DiskTalk read = DiskTalk.read(bytes.copy());
                assertEquals(bytes, bytes(read));
            } catch (IllegalArgumentException refused) {
                assertEquals(IllegalArgumentException.class, refused.getClass());
            }
        }
    }
}
