package org.secondsite.replicator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;

class MachinePartsTest {
    private static final MachineParts OWNERS = MachineParts.of(List.of("machine q35", "device net0", "device net1"));

    @Test
    void theSamePartsInAnyOrderDoNotDiffer() {
        assertEquals(
                Optional.empty(),
                MachineParts.of(List.of("device net1", "machine q35", "device net0", "device net0"))
                        .differenceFrom(OWNERS));
    }

    @Test
    void whatDiffersIsNamedAsWhatWouldBeStartedThere() {
        assertEquals(
                Optional.of("without device net1, without machine q35, with machine pc"),
                MachineParts.of(List.of("machine pc", "device net0")).differenceFrom(OWNERS));
    }

    @Test
    void ofManyDifferencesSixAreNamed() {
        List<String> many =
                IntStream.range(0, 9).mapToObj(number -> "device d" + number).toList();
        assertEquals(
                Optional.of(
                        "without device d0, without device d1, without device d2, without device d3, without device d4,"
                                + " without device d5 and 3 more"),
                MachineParts.of(List.of()).differenceFrom(MachineParts.of(many)));
    }

    @Test
    void whatHasNoRoomIsLeftOutTheSameAtBothSites() {
        List<String> many = IntStream.range(0, 2000)
                .mapToObj(number -> "device \u00e9" + "x".repeat(100) + number)
                .toList();
        MachineParts parts = MachineParts.of(many);
        ByteBuf out = Unpooled.buffer();
        parts.write(out);
        assertTrue(out.readableBytes() <= MachineParts.MAX_BYTES, out::toString);
        assertEquals(parts, MachineParts.of(many.reversed()));
        assertEquals(parts, MachineParts.read(out));
    }

    @Test
    void aQuestionAndItsAnswerSurviveTheWireAndEveryTruncationIsRefused() {
        for (DiskTalk talk : List.of(
                new DiskTalk.Machine(new EpochId(3, 1), OWNERS),
                new DiskTalk.Compared(new EpochId(3, 1), ""),
                new DiskTalk.Compared(new EpochId(3, 1), "with a \u00fcber device"))) {
            ByteBuf out = Unpooled.buffer();
            DiskTalk.write(talk, out);
            assertEquals(talk, DiskTalk.read(out.duplicate()));
            for (int length = 0; length < out.readableBytes(); length++) {
                ByteBuf cut = out.slice(0, length);
                assertThrows(IllegalArgumentException.class, () -> DiskTalk.read(cut), "of " + length + " bytes");
            }
        }
    }

    @Test
    void partsThatAreNotSortedOrNotPrintableAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new MachineParts(List.of("b", "a")));
        assertThrows(IllegalArgumentException.class, () -> new MachineParts(List.of("a", "a")));
        assertThrows(IllegalArgumentException.class, () -> new MachineParts(List.of("a\nb")));
    }
}
