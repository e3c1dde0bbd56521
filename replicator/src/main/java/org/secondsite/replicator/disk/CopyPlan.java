package org.secondsite.replicator.disk;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.EpochId;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;

/**
 * Which parts of an owner's disks a copy brings to the standby, and how far it is. To bring more than is needed is never wrong; a part
 * is left out only when it is known to be equal there:
 *
 * <ul>
 *   <li>both sites' dirty maps are read against a common epoch, and neither names it; or
 *   <li>its hash is the same at both sites, at some moment after the chain of epochs has begun: what is written here after that
 *       moment comes with the epochs anyway.
 * </ul>
 *
 * <p>The chunks of all disks are gone through in order. What is known of them goes ahead of that, by as much as a few questions ask
 * for: the memory is bounded, however large the disks are.
 *
 * <p>Pure. Not thread-safe.
 */
public final class CopyPlan {
    /** What is to be done with the chunk at hand. */
    public enum Verdict {
        /** It is not known yet; wait. */
        UNKNOWN,
        /** It is the same at the other site. */
        SAME,
        /** It is the same if its hash is {@link CopyPlan#hash}. */
        COMPARE,
        /** It is to be brought. */
        NEEDED
    }

    private static final int MAX_ASKED = 8;
    private static final int MAX_AHEAD = 4096;

    private final EpochId chain;
    private final List<CarriedDisks.Disk> disks;

    /** The number of the first chunk of each disk, and of the one behind the last. */
    private final int[] starts;

    /** The chunks that are to be brought, as far as it is known, and all of which nothing is known. */
    private final BitSet needed = new BitSet();

    /** What this site's dirty map names; null if the other site's map is not asked for. */
    private final BitSet own;

    /** What is asked about each chunk, null if nothing is. */
    private final DiskPart.Question question;

    private final Deque<DiskPart> asked = new ArrayDeque<>();
    private final Deque<DiskTalk.Answer> hashes = new ArrayDeque<>();

    /** The first chunk that is not asked about. */
    private int toAsk;

    /** The first chunk of which nothing is known. */
    private int known;

    private int volume;
    private int block;

    /** The blocks of each disk that may still have to be brought. */
    private final int[] missing;

    /** The most that are missing, by what both maps name together, while it is not known which; never 0. */
    private long mostMissing = Long.MAX_VALUE;

    private CopyPlan(EpochId chain, CarriedDisks carried, DiskPart.Question question, List<BitSet> ownDirty) {
        this.chain = chain;
        this.disks = carried.disks();
        this.question = question;
        starts = new int[disks.size() + 1];
        missing = new int[disks.size()];
        for (int i = 0; i < disks.size(); i++) {
            starts[i + 1] = starts[i] + Chunks.of(disks.get(i).bytes());
            missing[i] = disks.get(i).blocks();
        }
        needed.set(0, starts[disks.size()]);
        own = ownDirty == null ? null : new BitSet();
        for (int i = 0; own != null && i < disks.size(); i++) {
            int start = starts[i];
            ownDirty.get(i).stream().forEach(chunk -> own.set(start + chunk));
        }
        if (question == null) {
            stopAsking();
        }
    }

    /** A copy of all that the disks contain. */
    public static CopyPlan everything(CarriedDisks disks) {
        return new CopyPlan(EpochId.NONE, disks, null, null);
    }

    /** A copy of the chunks whose hashes differ. */
    public static CopyPlan differing(EpochId chain, CarriedDisks disks) {
        return new CopyPlan(chain, disks, DiskPart.Question.HASHES, null);
    }

    /**
     * A copy of the chunks that one of two dirty maps names, which are read against a common epoch.
     *
     * @param ownDirty what this site's map names, disk by disk
     * @param theirs how many chunks the other one names
     */
    public static CopyPlan named(EpochId chain, CarriedDisks disks, List<BitSet> ownDirty, long theirs) {
        CopyPlan plan = new CopyPlan(chain, disks, DiskPart.Question.DIRTY, ownDirty);
        if (theirs == 0) {
            plan.learn(0, plan.end(), new BitSet());
            plan.stopAsking();
        } else {
            plan.mostMissing =
                    (plan.own.cardinality() + Math.clamp(theirs, 1, plan.end())) * (long) Chunks.CHUNK_BLOCKS;
        }
        return plan;
    }

    private int end() {
        return starts[disks.size()];
    }

    // ---- questions ----------------------------------------------------------------------------------------------

    /** The next question that is to be asked now; empty if it is time to wait for an answer, or nothing is left. */
    public Optional<DiskTalk> nextQuery() {
        int at = toAsk;
        if (asked.size() == MAX_ASKED || at == end() || (question == DiskPart.Question.HASHES && tooFarAhead())) {
            return Optional.empty();
        }
        int index = 0;
        while (at >= starts[index + 1]) {
            index++;
        }
        int count = Math.min(question.maxChunks(), starts[index + 1] - at);
        DiskPart part = new DiskPart(question, index, at - starts[index], count);
        asked.add(part);
        toAsk += count;
        return Optional.of(new DiskTalk.Query(chain, part));
    }

    private boolean tooFarAhead() {
        return toAsk - chunk() > MAX_AHEAD;
    }

    /** Whether an answer is waited for. */
    public boolean waits() {
        return !asked.isEmpty();
    }

    /** The other site has answered. Returns whether that was asked for: one of another chain, or out of order, says nothing. */
    public boolean answered(DiskTalk.Answer answer) {
        DiskPart part = answer.part();
        if (!answer.chain().equals(chain) || !part.equals(asked.peek())) {
            return false;
        }
        asked.remove();
        int first = starts[part.volume()] + part.first();
        if (question == DiskPart.Question.HASHES) {
            hashes.add(answer);
            known = first + part.count();
        } else {
            learn(first, first + part.count(), BitSet.valueOf(answer.content().duplicate()));
        }
        return true;
    }

    /** What the other site's map names of these chunks, counted from the first of them. */
    private void learn(int first, int end, BitSet theirs) {
        for (int chunk = first; chunk < end; chunk++) {
            if (!own.get(chunk) && !theirs.get(chunk - first)) {
                forget(chunk);
            }
        }
        known = end;
    }

    /** There is nobody who could answer what is asked about a chain: if it is this one, nothing more is asked. */
    public void nobody(DiskTalk.Nobody said) {
        if (waits() && said.chain().equals(chain)) {
            stopAsking();
        }
    }

    /** Nobody answers: all of which nothing is known is needed. */
    public void stopAsking() {
        asked.clear();
        toAsk = end();
        known = end();
        mostMissing = Long.MAX_VALUE;
    }

    // ---- the copy -----------------------------------------------------------------------------------------------

    /** Whether nothing is left. */
    public boolean isDone() {
        return volume == disks.size();
    }

    /** The disk at hand. */
    public int volume() {
        return volume;
    }

    /** The block of it from which on nothing was done yet. */
    public int block() {
        return block;
    }

    private int chunk() {
        return isDone() ? end() : starts[volume] + block / Chunks.CHUNK_BLOCKS;
    }

    /** The number of the chunk at hand in its disk. */
    public int chunkOfVolume() {
        return block / Chunks.CHUNK_BLOCKS;
    }

    /** What is to be done with the chunk at hand. */
    public Verdict verdict() {
        int chunk = chunk();
        if (!needed.get(chunk)) {
            return Verdict.SAME;
        }
        if (chunk >= known) {
            return Verdict.UNKNOWN;
        }
        boolean begun = block % Chunks.CHUNK_BLOCKS != 0;
        return begun || answerFor(chunk) == null ? Verdict.NEEDED : Verdict.COMPARE;
    }

    private DiskTalk.Answer answerFor(int chunk) {
        while (!hashes.isEmpty() && endOf(hashes.peek().part()) <= chunk) {
            hashes.remove();
        }
        DiskTalk.Answer first = hashes.peek();
        return first == null || chunk < endOf(first.part()) - first.part().count() ? null : first;
    }

    private int endOf(DiskPart part) {
        return starts[part.volume()] + part.end();
    }

    /** The hash of the chunk at hand at the other site. */
    public byte[] hash() {
        DiskTalk.Answer answer = answerFor(chunk());
        int at = (chunkOfVolume() - answer.part().first()) * DiskPart.HASH_BYTES;
        byte[] hash = new byte[DiskPart.HASH_BYTES];
        answer.content().get(answer.content().position() + at, hash);
        return hash;
    }

    /** The block behind those that are to be brought together from the one at hand on. */
    public int endOfNeeded() {
        int last = starts[volume + 1];
        int end = hashes.isEmpty() ? Math.min(Math.min(needed.nextClearBit(chunk()), known), last) : chunk() + 1;
        return Math.min(
                (end - starts[volume]) * Chunks.CHUNK_BLOCKS, disks.get(volume).blocks());
    }

    /** The chunk at hand is the same at the other site. */
    public void skip() {
        forget(chunk());
        advance(Math.min(
                (chunkOfVolume() + 1) * Chunks.CHUNK_BLOCKS, disks.get(volume).blocks()));
    }

    private void forget(int chunk) {
        if (needed.get(chunk)) {
            needed.clear(chunk);
            int index = 0;
            while (chunk >= starts[index + 1]) {
                index++;
            }
            int first = (chunk - starts[index]) * Chunks.CHUNK_BLOCKS;
            missing[index] -= Math.min(Chunks.CHUNK_BLOCKS, disks.get(index).blocks() - first);
        }
    }

    /** The needed blocks up to this one are brought. */
    public void brought(int upTo) {
        missing[volume] -= upTo - block;
        advance(upTo);
    }

    private void advance(int upTo) {
        block = upTo;
        if (block >= disks.get(volume).blocks()) {
            volume++;
            block = 0;
        }
    }

    /** The blocks that may still have to be brought; 0 if and only if none are. */
    public long missingBlocks() {
        return Math.min(mostMissing, Arrays.stream(missing).asLongStream().sum());
    }

    /** The same, disk by disk. */
    public List<Integer> missingOfEach() {
        return Arrays.stream(missing)
                .mapToObj(blocks -> (int) Math.min(mostMissing, blocks))
                .toList();
    }
}
