package org.secondsite.replicator.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskEpochs;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;

/** The agents' form of epochs of a VM with disks, and what is said about disks. */
class DiskEpochFramesTest {
    private static List<ByteBuf> frames(Epoch epoch) {
        List<ByteBuf> frames = new ArrayList<>();
        EpochFrames source = new EpochFrames(epoch, 1);
        for (ByteBuf frame = source.next(UnpooledByteBufAllocator.DEFAULT);
                frame != null;
                frame = source.next(UnpooledByteBufAllocator.DEFAULT)) {
            frames.add(frame);
        }
        return frames;
    }

    private static CheckpointMessage decoded(ByteBuf frame) {
        Decoded<CheckpointMessage, Reset> result = CheckpointCodec.decode(frame, Side.AGENT);
        return result.complete().orElseThrow();
    }

    @Test
    void blocksRangesAndMissingBlocksArePutTogetherAsTheyWere() {
        for (int ranges : new int[] {0, 5, 2500}) {
            try (Epoch sent = DiskEpochs.epoch(1 + ranges, ranges, 77);
                    EpochAssembler assembler = new EpochAssembler(DiskEpochs.VM, DiskEpochs.RAM_BYTES)) {
                Decoded<EpochAssembler.Arrived, String> outcome = Decoded.needMore();
                for (ByteBuf frame : frames(sent)) {
                    assertInstanceOf(Decoded.NeedMore.class, outcome);
                    outcome = assembler.accept((CheckpointMessage.EpochPart) decoded(frame));
                    frame.release();
                }
                try (Epoch back = outcome.complete().orElseThrow().epoch()) {
                    assertTrue(DiskEpochs.same(sent, back), ranges + " ranges");
                }
            }
        }
    }

    @Test
    void aRangeThatReachesIntoTheNextDiskOrIntoTheRamOrGoesBackIsBroken() {
        int ramPages = (int) (DiskEpochs.RAM_BYTES / 4096);
        int firstDiskEnd = ramPages + DiskEpochs.DISKS.disks().getFirst().blocks();
        for (BlockRange wrong : List.of(
                new BlockRange(ramPages - 1, 2),
                new BlockRange(0, 1),
                new BlockRange(firstDiskEnd - 1, 2),
                new BlockRange(Integer.MAX_VALUE - 5, 5))) {
            try (EpochAssembler assembler = begun()) {
                assertInstanceOf(
                        Decoded.Refused.class,
                        assembler.accept(new CheckpointMessage.DiskRanges(List.of(wrong))),
                        wrong.toString());
            }
        }
        try (EpochAssembler assembler = begun()) {
            BlockRange good = new BlockRange(ramPages + 4, 2);
            assertInstanceOf(Decoded.NeedMore.class, assembler.accept(new CheckpointMessage.DiskRanges(List.of(good))));
            assertInstanceOf(
                    Decoded.Refused.class,
                    assembler.accept(new CheckpointMessage.DiskRanges(List.of(new BlockRange(ramPages + 5, 1)))));
        }
    }

    private static EpochAssembler begun() {
        EpochAssembler assembler = new EpochAssembler(DiskEpochs.VM, DiskEpochs.RAM_BYTES);
        EpochHeader header =
                new EpochHeader(DiskEpochs.VM, new EpochId(1, 1), EpochId.NONE, DiskEpochs.RAM_BYTES, DiskEpochs.DISKS);
        assertInstanceOf(Decoded.NeedMore.class, assembler.accept(new CheckpointMessage.Begin(header, 0, 2, 0)));
        return assembler;
    }

    @Test
    void whatIsSaidAboutDisksComesBackAndCutAtEveryByteItIsNeverTakenForSomethingElse() {
        for (CheckpointMessage said : List.of(
                new CheckpointMessage.Disks(DiskEpochs.DISKS, Durability.MEMORY),
                new CheckpointMessage.Disks(CarriedDisks.NONE, Durability.DISK),
                new CheckpointMessage.DisksSynced(),
                new CheckpointMessage.CopyAt(new CopyProgress(List.of(0, 7, Integer.MAX_VALUE), 50L << 20)),
                new CheckpointMessage.OfDisks(new DiskTalk.Ask(new EpochId(3, 4))),
                new CheckpointMessage.OfDisks(
                        new DiskTalk.Query(new EpochId(3, 4), new DiskPart(DiskPart.Question.HASHES, 1, 7, 3))),
                new CheckpointMessage.DiskRanges(List.of(new BlockRange(7, 9))))) {
            ByteBuf frame = Unpooled.buffer();
            CheckpointCodec.encode(said, frame);
            for (int cut = 0; cut < frame.readableBytes(); cut++) {
                assertInstanceOf(
                        Decoded.NeedMore.class,
                        CheckpointCodec.decode(frame.slice(0, cut), Side.AGENT),
                        said + " cut at " + cut);
            }
            assertEquals(said, decoded(frame));
            frame.release();
        }
    }

    @Test
    void aCopyThatCannotBeEndsTheConnection() {
        for (String body : List.of(
                "00 0000000000000000 00000000", // of no disk
                "09" + "00000001".repeat(8) + "0000000000000000", // of more than there can be
                "01 80000000 0000000000000000", // less than nothing is missing
                "01 00000001 8000000000000000", // a limit below zero
                "02 00000001 0000000000000000", // shorter than it says
                "01 00000001 0000000000000000 00")) {
            byte[] bytes = HexFormat.of().parseHex(body.replace(" ", ""));
            ByteBuf frame =
                    Unpooled.buffer().writeInt(bytes.length).writeInt(34 << 24).writeBytes(bytes);
            assertInstanceOf(Decoded.Refused.class, CheckpointCodec.decode(frame, Side.AGENT), body);
            frame.release();
        }
    }

    @Test
    void onlyAGatewaySaysWhenFlushesMayBeAnsweredAtOnce() {
        for (CheckpointMessage order :
                List.of(new CheckpointMessage.FlushAtOnce(), new CheckpointMessage.SyncDisks())) {
            ByteBuf frame = Unpooled.buffer();
            CheckpointCodec.encode(order, frame);
            assertInstanceOf(Decoded.Refused.class, CheckpointCodec.decode(frame.duplicate(), Side.AGENT));
            assertInstanceOf(Decoded.Complete.class, CheckpointCodec.decode(frame, Side.GATEWAY));
            frame.release();
        }
    }
}
