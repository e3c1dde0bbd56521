package org.secondsite.simulator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.secondsite.config.EpochId;
import org.secondsite.config.SiteId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.DiskClaim;
import org.secondsite.replicator.DiskPart;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.agent.AgentEffect;
import org.secondsite.replicator.agent.AgentEvent;
import org.secondsite.replicator.disk.CopyPlan;

/**
 * The disk of a simulated VM at one site: {@value #CHUNKS} chunks, of each of which it is known what was written to it last. With each
 * packet the VM has written to one of them, and had a flush answered before it sent the packet. Every other world has none.
 *
 * <p>What a copy brings is decided by the product's {@link CopyPlan} and {@link DiskClaim}; the dirty map that they need is simulated, and
 * outlasts a crash as the real one does.
 */
final class SimulatedVmDisk {
    static final int CHUNKS = 16;

    /** How many chunks of a copy an epoch brings. */
    private static final int COPIED_AT_ONCE = 8;

    private static final CarriedDisks ONE = new CarriedDisks(List.of(new CarriedDisks.Disk("disk0", 1 << 20)), 0);

    private final World world;
    private final SiteId site;

    // On the disk.
    private final long[] image = new long[CHUNKS];
    private BitSet dirty = new BitSet();
    private DiskClaim claim = DiskClaim.NONE;
    /** The epoch that the image is as a whole, NONE if it is none, or a VM's. */
    private EpochId kept = EpochId.NONE;

    // In memory.
    private BitSet fresh;
    private EpochId candidate = EpochId.NONE;
    private boolean unbroken;
    private BitSet open = new BitSet();
    private BitSet cut = new BitSet();
    private CopyPlan plan = CopyPlan.everything(ONE);
    private EpochId basis = EpochId.NONE;
    private EpochId promised = EpochId.NONE;
    private boolean atOnce;

    SimulatedVmDisk(World world, SiteId site) {
        this.world = world;
        this.site = site;
    }

    /** What an agent beside it can. */
    Set<Capability> capabilities() {
        return world.hasDisks()
                ? Set.of(Capability.DISKS, Capability.RESYNC, Capability.TERMS)
                : Set.of(Capability.TERMS);
    }

    /** The disks that an agent beside it tells of. */
    CarriedDisks carried() {
        return world.hasDisks() ? ONE : CarriedDisks.NONE;
    }

    /** Another process, or another VM: flushes wait for the disk, and what was said and planned is forgotten. */
    void startsAnew() {
        flushesWait();
        promised = EpochId.NONE;
        chainBegins();
        unbroken = false;
    }

    private void flushesWait() {
        atOnce = false;
        world.checks().synced(site);
    }

    /** The VM is started from the replica. */
    void activated() {
        startsAnew();
        claim = DiskClaim.of(kept);
        dirty = new BitSet();
        kept = EpochId.NONE;
    }

    /** The VM has written, and its flush was answered: from now on it may say so. */
    void written(int lineage, long state) {
        int chunk = (int) (state * 7 % CHUNKS);
        dirty.set(chunk);
        if (fresh != null) {
            fresh.set(chunk);
        }
        image[chunk] = (long) lineage << 32 | state;
        open.set(chunk);
        if (atOnce) {
            world.checks().answeredAhead(site, state);
        }
    }

    // ---- epochs

    void chainBegins() {
        open = new BitSet();
        cut = new BitSet();
        endGathering();
        plan = CopyPlan.everything(ONE);
        basis = EpochId.NONE;
    }

    private void endGathering() {
        fresh = null;
        candidate = EpochId.NONE;
    }

    /** What the disk is. */
    long[] image() {
        return image.clone();
    }

    void cut() {
        copyAhead();
        if (plan.missingBlocks() == 0 && fresh == null) {
            fresh = new BitSet();
            candidate = EpochId.NONE;
        }
        cut = open;
        open = new BitSet();
    }

    private void copyAhead() {
        for (int i = 0; i < COPIED_AT_ONCE && !plan.isDone(); ) {
            int chunk = plan.chunkOfVolume();
            CopyPlan.Verdict verdict = plan.verdict();
            if (verdict == CopyPlan.Verdict.UNKNOWN) {
                return;
            }
            boolean same = verdict == CopyPlan.Verdict.SAME
                    || (verdict == CopyPlan.Verdict.COMPARE
                            && ByteBuffer.wrap(plan.hash()).equals(hash(chunk)));
            if (same) {
                plan.skip();
            } else {
                open.set(chunk);
                plan.brought(Math.min(plan.block() + 16, plan.endOfNeeded()));
                i++;
            }
        }
    }

    /** The epoch that was cut is not shipped. */
    void restore() {
        if (candidate.equals(EpochId.NONE)) {
            endGathering();
        }
        if (!world.has(Plant.DROPPED_CHECKPOINT_LOSES_BLOCKS)) {
            open.or(cut);
        }
        cut = new BitSet();
    }

    /** The chunks that the epoch has changed which was cut and is shipped now, a bit each. */
    long take(EpochId epoch) {
        claim = unbroken ? claim.made(epoch.term()) : claim.madeAfterBreak(epoch.term());
        unbroken = true;
        if (fresh != null && candidate.equals(EpochId.NONE)) {
            candidate = epoch;
        }
        long changed = cut.isEmpty() ? 0 : cut.toLongArray()[0];
        cut = new BitSet();
        return changed;
    }

    /** The other site has everything up to this epoch. */
    private void acknowledged(EpochId upTo) {
        if (fresh != null && !candidate.equals(EpochId.NONE) && candidate.atMost(upTo)) {
            claim = claim.upon(candidate);
            dirty = fresh;
            endGathering();
        }
    }

    /** The disks of the epoch that was taken, with what is missing after it. */
    CarriedDisks taken() {
        return carried().isEmpty()
                ? CarriedDisks.NONE
                : ONE.missing(plan.missingBlocks()).upon(basis);
    }

    /** Changes that say nothing: what was written travels elsewhere. */
    List<VolumeChanges> changes() {
        return carried().isEmpty() ? List.of() : List.of(new VolumeChanges(0, List.of(), PageSet.empty()));
    }

    /**
     * Writes what an epoch has changed.
     *
     * @return why not, or empty
     */
    Optional<String> apply(EpochHeader header, VmContent content) {
        if (!world.hasDisks()) {
            return Optional.empty();
        }
        EpochId upon = header.disks().basis();
        boolean relies = !upon.equals(EpochId.NONE);
        if (header.isFull() && relies && !upon.equals(promised)) {
            return Optional.of(VmContent.NOT_SAID);
        }
        if (header.isFull()) {
            if (!relies) {
                claim = DiskClaim.NONE;
            } else if (!kept.equals(EpochId.NONE)) {
                claim = DiskClaim.of(kept);
                dirty = new BitSet();
            }
        }
        kept = EpochId.NONE;
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            boolean newerHere = dirty.get(chunk) && (int) image[chunk] > (int) content.disk(chunk);
            if (content.changes(chunk) && !(newerHere && world.has(Plant.RESYNC_BY_TIMESTAMP))) {
                image[chunk] = content.disk(chunk);
            }
        }
        if (header.disks().isWhole()) {
            requireEqual(content);
            kept = header.epoch();
            claim = DiskClaim.of(kept);
            dirty = new BitSet();
        }
        return Optional.empty();
    }

    private void requireEqual(VmContent content) {
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            if (image[chunk] != content.disk(chunk)) {
                throw new Violation(
                        Rule.DISK_OF_THE_EPOCH,
                        site + " holds RAM of state " + content.state() + " beside a disk whose chunk " + chunk
                                + " is of state " + (int) image[chunk] + " and not of " + (int) content.disk(chunk));
            }
        }
    }

    /** Whether a VM can be started from it. */
    boolean isWhole() {
        return !world.hasDisks() || !kept.equals(EpochId.NONE);
    }

    /** Does what takes no time; what is to be told of it. */
    Optional<AgentEvent> obey(AgentEffect.OfDisks effect, boolean vmIsHere) {
        switch (effect) {
            case AgentEffect.FlushAtOnce atOnceFromNow -> flushAtOnce();
            case AgentEffect.Acknowledged done -> acknowledged(done.epoch());
            case AgentEffect.HearOfDisks heard -> {
                return Optional.of(new AgentEvent.DisksSay(heard(heard.talk(), vmIsHere)));
            }
            default -> {}
        }
        return Optional.empty();
    }

    // ---- between the sites

    /** Hears what the other site's agent says: what is to be said to it. */
    private List<DiskTalk> heard(DiskTalk talk, boolean vmIsHere) {
        return switch (talk) {
            case DiskTalk.Claim said
            when vmIsHere -> {
                if (world.has(Plant.BITMAP_CLEARED_BY_HANDSHAKE)) {
                    dirty = new BitSet();
                }
                copyUpon(said);
                yield questions();
            }
            case DiskTalk.Answer answer
            when vmIsHere -> {
                plan.answered(answer);
                yield questions();
            }
            case DiskTalk.Nobody nobody
            when vmIsHere -> {
                plan.nobody(nobody);
                yield List.of();
            }
            case DiskTalk.Ask ask
            when !vmIsHere -> {
                promised = ask.chain();
                yield List.of(
                        kept.equals(EpochId.NONE)
                                ? new DiskTalk.Claim(promised, claim, dirty.cardinality())
                                : new DiskTalk.Claim(promised, DiskClaim.of(kept), 0));
            }
            case DiskTalk.Query query when !vmIsHere -> List.of(answer(query));
            default -> List.of();
        };
    }

    private void copyUpon(DiskTalk.Claim said) {
        boolean common = claim.common(said.claim()).isPresent();
        plan = common
                ? CopyPlan.named(said.chain(), ONE, List.of((BitSet) dirty.clone()), said.dirtyChunks())
                : CopyPlan.differing(said.chain(), ONE);
        basis = common ? said.chain() : EpochId.NONE;
    }

    private List<DiskTalk> questions() {
        List<DiskTalk> questions = new ArrayList<>();
        for (Optional<DiskTalk> next = plan.nextQuery(); next.isPresent(); next = plan.nextQuery()) {
            questions.add(next.get());
        }
        return questions;
    }

    private DiskTalk answer(DiskTalk.Query query) {
        DiskPart part = query.part();
        if (!query.chain().equals(promised)) {
            return new DiskTalk.Nobody(query.chain());
        }
        ByteBuffer content = ByteBuffer.allocate(part.answerBytes());
        if (part.question() == DiskPart.Question.DIRTY) {
            content.put(dirty.get(part.first(), part.end()).toByteArray());
        } else {
            for (int chunk = part.first(); chunk < part.end(); chunk++) {
                content.put(hash(chunk));
            }
        }
        return new DiskTalk.Answer(query.chain(), part, content.clear());
    }

    private ByteBuffer hash(int chunk) {
        return ByteBuffer.allocate(DiskPart.HASH_BYTES).putLong(image[chunk]).clear();
    }

    // ---- flushes

    private void flushAtOnce() {
        atOnce = true;
    }

    void sync() {
        if (!world.has(Plant.SOLO_WITHOUT_SYNC)) {
            flushesWait();
        }
    }
}
