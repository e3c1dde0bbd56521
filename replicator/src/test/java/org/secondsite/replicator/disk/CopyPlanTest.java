package org.secondsite.replicator.disk;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;

/** A plan of a copy brings what differs, asks in bounded pieces, and believes no answer that it did not ask for. */
class CopyPlanTest {
    private static final EpochId CHAIN = new EpochId(2, 5);
    private static final CarriedDisks DISKS = new CarriedDisks(
            List.of(new CarriedDisks.Disk("a", (700L << 20) + 9000), new CarriedDisks.Disk("b", 5L << 30)), 0);
    private static final int CHUNKS_OF_A = Chunks.of((700L << 20) + 9000);
    private static final int CHUNKS = CHUNKS_OF_A + Chunks.of(5L << 30);

    private final SplittableRandom dice = new SplittableRandom(3);

    private static byte[] hash(int chunk, boolean same) {
        byte[] hash = new byte[DiskPart.HASH_BYTES];
        ByteBuffer.wrap(hash).putInt(chunk).put((byte) (same ? 1 : 0));
        return hash;
    }

    private static int number(DiskPart part, int i) {
        return (part.volume() == 0 ? 0 : CHUNKS_OF_A) + part.first() + i;
    }

    private static DiskTalk.Answer answer(DiskPart part, BitSet differs) {
        ByteBuffer content = ByteBuffer.allocate(part.answerBytes());
        if (part.question() == DiskPart.Question.HASHES) {
            for (int i = 0; i < part.count(); i++) {
                content.put(hash(number(part, i), !differs.get(number(part, i))));
            }
        } else {
            content.put(differs.get(number(part, 0), number(part, part.count())).toByteArray());
        }
        return new DiskTalk.Answer(CHAIN, part, content.clear());
    }

    /** Goes through a plan, with answers that come late, and says which chunks it brought. */
    private BitSet carryOut(CopyPlan plan, BitSet differs) {
        BitSet brought = new BitSet();
        Deque<DiskPart> asked = new ArrayDeque<>();
        int stuck = 0;
        while (!plan.isDone()) {
            for (Optional<DiskTalk> next = plan.nextQuery(); next.isPresent(); next = plan.nextQuery()) {
                asked.add(((DiskTalk.Query) next.get()).part());
            }
            assertTrue(asked.size() <= 8, asked.size() + " questions");
            int chunk = (plan.volume() == 0 ? 0 : CHUNKS_OF_A) + plan.chunkOfVolume();
            switch (plan.verdict()) {
                case UNKNOWN -> {
                    assertTrue(stuck++ < 100_000, "nothing is asked, and nothing known");
                    assertTrue(plan.answered(answer(asked.remove(), differs)));
                }
                case SAME -> plan.skip();
                case COMPARE -> {
                    if (Arrays.equals(plan.hash(), hash(chunk, true))) {
                        plan.skip();
                    } else {
                        bring(plan, chunk, brought);
                    }
                }
                case NEEDED -> bring(plan, chunk, brought);
            }
        }
        assertEquals(0, plan.missingBlocks());
        assertEquals(List.of(0, 0), plan.missingOfEach());
        return brought;
    }

    private void bring(CopyPlan plan, int chunk, BitSet brought) {
        int blocks = Math.min(1 + dice.nextInt(300), plan.endOfNeeded() - plan.block());
        assertTrue(blocks > 0);
        brought.set(chunk, chunk + (plan.block() % 16 + blocks + 15) / 16);
        plan.brought(plan.block() + blocks);
    }

    private BitSet some() {
        BitSet some = new BitSet();
        some.set(0);
        some.set(CHUNKS - 1);
        for (int i = 0; i < 500; i++) {
            int first = dice.nextInt(CHUNKS);
            some.set(first, Math.min(CHUNKS, first + 1 + dice.nextInt(30)));
        }
        return some;
    }

    @Test
    void whatDiffersByItsHashIsBroughtAndNothingElse() {
        BitSet differs = some();
        assertEquals(differs, carryOut(CopyPlan.differing(CHAIN, DISKS), differs));
    }

    @Test
    void whatOneOfTheTwoMapsNamesIsBroughtAndNothingElse() {
        BitSet ours = some();
        BitSet theirs = some();
        List<BitSet> own = List.of(ours.get(0, CHUNKS_OF_A), ours.get(CHUNKS_OF_A, CHUNKS));
        BitSet both = (BitSet) ours.clone();
        both.or(theirs);
        assertEquals(both, carryOut(CopyPlan.named(CHAIN, DISKS, own, theirs.cardinality()), theirs));
        CopyPlan alone = CopyPlan.named(CHAIN, DISKS, own, 0);
        assertTrue(alone.nextQuery().isEmpty(), "nothing is asked of a standby whose map is empty");
        assertEquals(ours, carryOut(alone, new BitSet()));
    }

    @Test
    void whatBothMapsNameIsTheMostThatIsMissingUntilNobodyAnswers() {
        List<BitSet> own = List.of(BitSet.valueOf(new long[] {6}), BitSet.valueOf(new long[] {1}));
        BitSet theirs = new BitSet();
        theirs.set(1);
        theirs.set(CHUNKS - 1);
        CopyPlan plan = CopyPlan.named(CHAIN, DISKS, own, theirs.cardinality());
        assertEquals(5L * Chunks.CHUNK_BLOCKS, plan.missingBlocks());
        assertEquals(List.of(5 * Chunks.CHUNK_BLOCKS, 5 * Chunks.CHUNK_BLOCKS), plan.missingOfEach());
        assertEquals(4, carryOut(plan, theirs).cardinality());
        assertEquals(0, plan.missingBlocks());
        for (long liar : new long[] {Long.MIN_VALUE, -1, Long.MAX_VALUE}) {
            assertTrue(CopyPlan.named(CHAIN, DISKS, own, liar).missingBlocks() > 0, "until it is complete");
        }
        CopyPlan alone = CopyPlan.named(CHAIN, DISKS, own, 1);
        alone.nextQuery();
        alone.nobody(new DiskTalk.Nobody(CHAIN));
        long all = DISKS.disks().stream().mapToLong(CarriedDisks.Disk::blocks).sum();
        assertEquals(all, alone.missingBlocks());
    }

    @Test
    void everythingIsBroughtWhereNothingIsSaidAndWhereNobodyAnswers() {
        assertEquals(CHUNKS, carryOut(CopyPlan.everything(DISKS), new BitSet()).cardinality());
        CopyPlan plan = CopyPlan.differing(CHAIN, DISKS);
        plan.nextQuery();
        assertTrue(plan.waits());
        plan.nobody(new DiskTalk.Nobody(new EpochId(CHAIN.term(), CHAIN.number() + 1)));
        assertTrue(plan.waits(), "said about another chain");
        plan.nobody(new DiskTalk.Nobody(CHAIN));
        assertFalse(plan.waits());
        assertEquals(CHUNKS, carryOut(plan, new BitSet()).cardinality());
    }

    @Test
    void anAnswerOfAnotherChainOrThatWasNotAskedForSaysNothing() {
        CopyPlan plan = CopyPlan.differing(CHAIN, DISKS);
        List<DiskPart> asked = new ArrayList<>();
        for (Optional<DiskTalk> next = plan.nextQuery(); next.isPresent(); next = plan.nextQuery()) {
            asked.add(((DiskTalk.Query) next.get()).part());
        }
        DiskTalk.Answer right = answer(asked.get(0), new BitSet());
        assertFalse(plan.answered(answer(asked.get(1), new BitSet())), "out of order");
        assertFalse(plan.answered(new DiskTalk.Answer(new EpochId(2, 4), asked.get(0), right.content())));
        assertEquals(CopyPlan.Verdict.UNKNOWN, plan.verdict());
        assertTrue(plan.answered(right));
        assertFalse(plan.answered(right), "twice");
        assertEquals(CopyPlan.Verdict.COMPARE, plan.verdict());
        assertArrayEquals(hash(0, true), plan.hash());
    }
}
