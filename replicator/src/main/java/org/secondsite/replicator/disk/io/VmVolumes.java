package org.secondsite.replicator.disk.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.net.io.PrivateFiles;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.VolumeChanges;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.MirrorTargets;
import org.secondsite.replicator.disk.VolumeSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks of one VM at this host, and what they are here: served to its hypervisor, or a standby's images, or neither.
 *
 * <p>What they are is found at a start in their superblocks. Images of which nothing is known, and those of an owner, are served
 * before anybody asks for them: a hypervisor that lost its disk server waits for it. A standby's images are not served until the VM is
 * started from them, so a hypervisor that should not be there any more finds nobody. An owner's images that flushes had not waited
 * for, after the machine was started anew, are never served: nobody knows what is in them.
 *
 * <p>One thread calls.
 */
public final class VmVolumes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VmVolumes.class);

    private final VolumeSettings settings;

    /** Null if there are no disks. */
    private final OwnerVolumes.CopyPace pace;

    private final VmImages images;
    private final CarriedDisks disks;
    private final FileChannel lock;

    /** Null if there are no disks. */
    private final DirtyMap map;

    /** At most one of the three is there. */
    private OwnerVolumes owner;

    private StandbyVolumes standby;
    private ImageCopy copy;

    /** What a hypervisor sees that waits; null if the images are an owner's, or none waits. */
    private ImagesPreview preview;

    /** Why none is. */
    private String trouble = "";

    private OwnerVolumes.Cut cut;

    private final DiskStatement statement;

    private volatile Consumer<BlockMemory.Level> filling = level -> {};

    private VmVolumes(
            VolumeSettings settings,
            OwnerVolumes.CopyPace pace,
            VmImages images,
            CarriedDisks disks,
            FileChannel lock,
            DirtyMap map) {
        this.settings = settings;
        this.pace = pace;
        this.images = images;
        this.disks = disks;
        this.lock = lock;
        this.map = map;
        this.statement = new DiskStatement(images, disks, map);
    }

    /** Those of a VM that has no served disks. */
    public static VmVolumes none(VmId vm) {
        return new VmVolumes(
                VolumeSettings.NONE, null, VmImages.of(vm, VolumeSettings.NONE), CarriedDisks.NONE, null, null);
    }

    /**
     * Takes them up.
     *
     * @throws IOException if an image or the state directory cannot be used, or another process has them
     */
    public static VmVolumes open(VmId vm, VolumeSettings settings) throws IOException {
        return open(vm, settings, OwnerVolumes.USUAL_COPY_BYTES, System::nanoTime);
    }

    /**
     * The same for a test.
     *
     * @param copyBytes what an epoch brings of a copy, at most, beyond a last piece of 1 MiB
     */
    static VmVolumes open(VmId vm, VolumeSettings settings, long copyBytes, LongSupplier clock) throws IOException {
        if (settings.disks().isEmpty()) {
            return none(vm);
        }
        PrivateFiles.directory(settings.stateDirectory());
        FileChannel lock = VolumesLock.take(settings.stateDirectory().resolve(vm + ".lock"));
        DirtyMap map = null;
        boolean opened = false;
        try {
            CarriedDisks disks = VmImages.carried(settings);
            VmImages images = VmImages.of(vm, settings);
            OwnerVolumes.CopyPace pace = new OwnerVolumes.CopyPace(copyBytes, settings.copyBytesPerSecond(), clock);
            map = images.dirtyMap(disks);
            VmVolumes volumes = new VmVolumes(settings, pace, images, disks, lock, map);
            volumes.takeUp();
            opened = true;
            return volumes;
        } finally {
            if (!opened) {
                if (map != null) {
                    map.close();
                }
                lock.close();
            }
        }
    }

    // ---- what they are ------------------------------------------------------------------------------------------

    private void takeUp() throws IOException {
        VmImages.Found found = images.found();
        if (ImageStamp.takeUp(images)) {
            map.forget();
            if (found.kept()) {
                ImageCopy.begin(images).close();
            }
        }
        if (found.lost()) {
            unusable(
                    "the VM wrote here while flushes did not wait for the disk, and the machine was started anew since;"
                            + " they can only be copied over from the other site");
        } else if (found.kept()) {
            takeUpStandby();
        } else {
            serve();
        }
    }

    private void takeUpStandby() throws IOException {
        switch (StandbyVolumes.open(images.directory(), images.vm().name(), images.standby())) {
            case StandbyVolumes.Found.Whole whole -> {
                standby = whole.volumes();
                LOG.info("{}: the disks are those of epoch {}", images.vm(), standby.kept());
            }
            case StandbyVolumes.Found.Unusable damaged -> {
                map.forget();
                ImageCopy.begin(images).close();
                unusable(damaged.reason() + "; a full copy is needed");
            }
        }
    }

    private void unusable(String why) {
        trouble = "the disks of " + images.vm() + " are not served here: " + why;
        LOG.warn("{}", trouble);
    }

    private void serve() throws IOException {
        owner = OwnerVolumes.serve(
                images, disks, map, new BlockMemory(settings.memoryBytes(), level -> filling.accept(level)), pace);
        trouble = "";
    }

    /**
     * Whom to tell how much is taken of the memory in which written blocks wait to be shipped. It is told by the threads of
     * connections, and must not wait; each level once, until the next epoch was taken.
     */
    public void whenFilling(Consumer<BlockMemory.Level> told) {
        filling = told;
    }

    /** The disks that are carried with epochs. */
    public CarriedDisks disks() {
        return disks;
    }

    /** When an epoch may be acknowledged by this site. */
    public Durability durability() {
        return settings.durability();
    }

    /** The epoch that the images are known to be, NONE if they are none, or are an owner's. */
    public EpochId kept() {
        return standby == null ? EpochId.NONE : standby.kept();
    }

    /** Why a VM that is here cannot be checkpointed with these disks, empty if nothing is against it. */
    public Optional<String> refusal() {
        if (disks.isEmpty() || owner != null) {
            return Optional.empty();
        }
        return Optional.of(
                trouble.isEmpty() ? "the disks here are those of a standby; no VM is to run on them" : trouble);
    }

    // ---- the owner ----------------------------------------------------------------------------------------------

    /** A chain of epochs begins with the next cut, and with a copy of all that the disks contain. */
    public void beginCapture() {
        if (owner != null) {
            owner.beginCapture();
        }
    }

    /** No epoch follows. */
    public void endCapture() {
        giveBack();
        if (owner != null) {
            owner.endCapture();
        }
    }

    /**
     * Brings a part of a first copy into the next epoch, if one is under way. The VM runs meanwhile.
     *
     * @throws IOException if a disk cannot be read
     */
    public void copyAhead() throws IOException {
        if (owner != null) {
            owner.copyAhead();
        }
    }

    /** The VM is about to be stopped: nothing that it wrote may be held up until it has stopped. */
    public void drain(boolean stopping) {
        if (owner != null) {
            owner.drain(stopping);
        }
    }

    /**
     * Ends the open epoch, for {@link #take} or {@link #giveBack}. The VM must stand still, and its hypervisor have no request open.
     *
     * @throws IOException if what was written is not known
     */
    public void cut() throws IOException {
        if (owner != null) {
            cut = owner.cut();
        }
    }

    /** The disks of the epoch that was cut, with what is missing after it. */
    public CarriedDisks cutDisks() {
        return cut == null ? disks : cut.disks();
    }

    /** What was written in the epoch that was cut, which is shipped as this one. The caller closes it. */
    public List<VolumeChanges> take(EpochId epoch) {
        if (cut == null) {
            return List.of();
        }
        try {
            map.made(epoch);
        } catch (IOException e) {
            // Then less is known of the disks than could be, and more is compared.
            LOG.warn("{}: it is not noted that {} was made here: {}", images.vm(), epoch, e.getMessage());
        }
        List<VolumeChanges> changes = cut.take();
        cut = null;
        owner.shipped();
        return changes;
    }

    /** The epoch that was cut is not shipped: what was written in it belongs to the next one. */
    public void giveBack() {
        if (cut != null) {
            owner.restore(cut);
            cut = null;
        }
    }

    /** How far the copy to the other site is; empty if no epochs are made of these disks. */
    public Optional<CopyProgress> copyProgress() {
        return owner == null ? Optional.empty() : owner.copyProgress();
    }

    /** What is to be asked of the other site's agent now, in order: nothing while a copy is far behind of what was answered. */
    public List<DiskTalk> questions() {
        return owner == null ? List.of() : owner.questions();
    }

    /** The copies of disks that the VM has elsewhere. To be asked while nothing is against checkpoints. */
    public MirrorTargets mirrors() {
        return new MirroredImages(disks, owner);
    }

    /** The other site has everything up to this epoch. */
    public void acknowledged(EpochId epoch) {
        if (owner != null) {
            owner.acknowledged(epoch);
        }
    }

    /** The VM is not here any more. */
    public void vmGone() {
        if (map != null) {
            map.vmGone();
        }
    }

    /** For a test: null if they are not an owner's. */
    OwnerVolumes owner() {
        return owner;
    }

    /**
     * Answers flushes at once from now on: the VM's output is held until its epoch is at the other site.
     *
     * @throws IOException if that cannot be; flushes are answered as before
     */
    public void flushAtOnce() throws IOException {
        if (owner != null) {
            owner.flushAtOnce();
        }
    }

    /**
     * Has everything that was ever answered on the disk, and so from now on.
     *
     * @throws IOException if a disk refuses
     */
    public void becomeHonest() throws IOException {
        if (owner != null) {
            owner.becomeHonest();
        }
    }

    // ---- the standby --------------------------------------------------------------------------------------------

    /**
     * Keeps what an epoch writes. When this returns it is on stable storage, unless it is part of a copy that is not complete.
     *
     * @throws IOException if it is not kept, with a reason that names the disk
     */
    public void keep(EpochHeader header, List<VolumeChanges> changes) throws IOException {
        Optional<String> mismatch = header.disks().mismatch(disks);
        if (mismatch.isPresent()) {
            throw new IOException(mismatch.get());
        }
        if (disks.isEmpty()) {
            return;
        }
        if (header.isFull() && !isKeptBeside(header)) {
            beginCopy(header);
        }
        if (copy != null) {
            copy.write(changes);
            if (header.disks().isWhole()) {
                complete(header.epoch());
            }
        } else if (standby != null) {
            standby.keep(header.epoch(), header.isFull() ? standby.kept() : header.base(), changes);
        } else {
            throw new IOException(trouble.isEmpty() ? "the disks are served here" : trouble);
        }
    }

    /** Whether a chain begins with an epoch that brings all that is needed: the epoch before stays until the journal has it. */
    private boolean isKeptBeside(EpochHeader first) throws IOException {
        return statement.isBasisOf(first) && standby != null && first.disks().isWhole();
    }

    private void beginCopy(EpochHeader first) throws IOException {
        boolean relies = statement.isBasisOf(first);
        if (relies) {
            // Else a VM that somebody has started here would lose its disks for a copy that does not come to be.
            statement.requireHolds();
        }
        EpochId before = kept();
        closeRoles();
        trouble = "a copy of the other site's disks is under way";
        if (!relies) {
            map.forget();
        } else {
            statement.requireHolds();
            if (!before.equals(EpochId.NONE)) {
                map.reset(before);
            }
        }
        copy = ImageCopy.begin(images);
        LOG.info("{}: the disks are being copied over, from epoch {}", images.vm(), first.epoch());
    }

    private void complete(EpochId epoch) throws IOException {
        copy.sync();
        map.reset(epoch);
        copy.complete(epoch);
        copy = null;
        takeUpStandby();
    }

    // ---- between the sites --------------------------------------------------------------------------------------

    /**
     * Hears what the other site's agent says of the disks.
     *
     * @return what is to be said to it, in order
     * @throws IOException if a disk cannot be read
     */
    public List<DiskTalk> heard(DiskTalk talk) throws IOException {
        if (owner != null && !talk.isOwners()) {
            return owner.heard(talk);
        }
        return switch (talk) {
            case DiskTalk.Ask ask -> List.of(statement.claim(ask.chain(), kept()));
            case DiskTalk.Query query -> List.of(statement.answer(query));
            default -> List.of();
        };
    }

    /**
     * Serves the images, as they are after the last epoch that was kept: the VM is about to be started on them.
     *
     * @throws IOException if they are no whole epoch, or cannot be served
     * @throws InterruptedException if the thread is interrupted
     */
    public void activate() throws IOException, InterruptedException {
        if (owner != null || disks.isEmpty()) {
            return;
        }
        if (standby == null) {
            throw new IOException(trouble.isEmpty() ? "the disks are no whole epoch" : trouble);
        }
        long start = System.nanoTime();
        EpochId epoch = standby.kept();
        standby.awaitApplied();
        closeRoles();
        // Before anything is written: from here on the map tells what differs from this epoch.
        map.reset(epoch);
        serve();
        LOG.info(
                "{}: the disks of epoch {} are served, after {} ms",
                images.vm(),
                epoch,
                (System.nanoTime() - start) / 1_000_000);
    }

    /**
     * Serves a standby's images to a hypervisor that waits beside them, to be looked at and not to be changed.
     *
     * @throws IOException if they cannot be served
     */
    public void standBy() throws IOException {
        if (owner == null && preview == null && !disks.isEmpty()) {
            preview = ImagesPreview.serve(images);
        }
    }

    private void closeRoles() throws IOException {
        if (preview != null) {
            preview.close();
            preview = null;
        }
        if (owner != null) {
            cut = null;
            owner.close();
            owner = null;
        }
        if (standby != null) {
            StandbyVolumes closing = standby;
            standby = null;
            closing.close();
        }
        if (copy != null) {
            copy.close();
            copy = null;
        }
    }

    /** Leaves everything on the disk. A hypervisor waits until its disks are served again. */
    @Override
    public void close() {
        try {
            giveBack();
            becomeHonest();
            closeRoles();
            if (map != null) {
                ImageStamp.leave(images);
            }
        } catch (IOException e) {
            LOG.error("{}: the disks are not left as they should be: {}", images.vm(), e.getMessage());
        }
        if (map != null) {
            map.close();
        }
        VolumesLock.giveBack(lock);
    }
}
