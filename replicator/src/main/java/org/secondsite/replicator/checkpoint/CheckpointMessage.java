package org.secondsite.replicator.checkpoint;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.secondsite.config.Durability;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.BlockRange;
import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.CopyProgress;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/** The messages of the native checkpoint protocol, versions {@value Limits#LOWEST_VERSION} and {@value Limits#VERSION}. */
public sealed interface CheckpointMessage {

    // ---- who is there

    /**
     * Agent's first message: the facts.
     *
     * @param offer the highest protocol version that the agent speaks on this connection, and what it can; whoever says a version
     *     speaks the one before, too, on another connection
     * @param ramBytes the guest's RAM
     * @param running whether the VM itself is here (running, or paused by an operator)
     * @param applied the epoch that the agent's image of the RAM stands at, NONE if it has none
     * @param description the agent's words about its hypervisor
     */
    record Hello(Dialect offer, VmId vm, long ramBytes, boolean running, EpochId applied, String description)
            implements CheckpointMessage {}

    /**
     * Gateway's answer to HELLO: the agent is attached.
     *
     * @param dialect what is spoken from here on: not above the version of HELLO, and with no capability that was not in it
     * @param window the most epochs that the agent may have beyond the last credited one
     * @param windowBytes no checkpoint is begun while the epochs beyond the last credited one have so many bytes together, in
     *     plain form; so a single epoch may be larger
     * @param stalls whether the VM shall stand still while a checkpoint is due and the window is full; otherwise it runs on
     */
    record Welcome(Dialect dialect, int window, long windowBytes, boolean stalls) implements CheckpointMessage {}

    /** Another window than that of WELCOME, from now on. See there. */
    record Window(int window, long windowBytes, boolean stalls) implements CheckpointMessage {}

    /** Gateway's other answer to HELLO; the connection is closed after it. */
    record Refused(String reason) implements CheckpointMessage {}

    /** Asks for a PONG with the same number. A PONG tells that everything before its PING was read. */
    record Ping(long nonce) implements CheckpointMessage {}

    /** Answers a PING, at once and in order. */
    record Pong(long nonce) implements CheckpointMessage {}

    /**
     * The highest term that the sender knows to have been acted under in the VM's group; only if both ends can. Of an agent, the first
     * message after WELCOME: what it remembers, also from earlier lives; 0 if nothing. Of a gateway, the term in force as it knows it,
     * whenever that has changed.
     */
    record Term(long term) implements CheckpointMessage {}

    // ---- the owner's checkpoints

    /** Begin to checkpoint. See {@link AgentSession#start}. */
    record Start(EpochId first, boolean full, int intervalMs) implements CheckpointMessage {}

    /** The time between the starts of two checkpoints. */
    record Interval(int intervalMs) implements CheckpointMessage {}

    /** Do not wait for the end of the interval. */
    record CheckpointNow() implements CheckpointMessage {}

    /** The next epoch that is not yet sealed has this id, and the following ones count up from it. */
    record Retitle(EpochId next) implements CheckpointMessage {}

    /** The VM is paused: close the packet epoch of this id. */
    record Seal(EpochId epoch) implements CheckpointMessage {}

    /** No packet that the VM sends from now on can get into this epoch: the VM may run on. */
    record Sealed(EpochId epoch) implements CheckpointMessage {}

    /** Every epoch up to this one is done with. */
    record Credit(EpochId committed) implements CheckpointMessage {}

    /** No more checkpoints. */
    record Stop() implements CheckpointMessage {}

    /** Checkpoint the VM to its end and leave it paused. See {@link AgentSession#pauseVm}. */
    record PauseVm() implements CheckpointMessage {}

    /** The VM is paused by order of the gateway, and this epoch, sent before, is all of it. */
    record VmPaused(EpochId last) implements CheckpointMessage {}

    /** Let the VM run on that PAUSE_VM stopped, or is about to; checkpoints go on. */
    record ResumeVm() implements CheckpointMessage {}

    // ---- an epoch, in either direction

    /** One of the messages that make up an epoch: BEGIN, then DISK_RANGES, PAGES, DEVICE_STATE and DEVICE_SAME, then END. */
    sealed interface EpochPart extends CheckpointMessage {}

    /**
     * The head of an epoch.
     *
     * @param pageCount the pages and blocks of disks that follow, zero pages included
     * @param rangeCount the ranges of zeros of the disks that follow
     * @param deviceStateBytes the bytes of device state that follow
     */
    record Begin(EpochHeader header, int pageCount, int rangeCount, int deviceStateBytes) implements EpochPart {
        /** The head of an epoch without ranges of zeros. */
        public Begin(EpochHeader header, int pageCount, int deviceStateBytes) {
            this(header, pageCount, 0, deviceStateBytes);
        }
    }

    /** Blocks of disks that become zeros before the others are written: ascending, numbered behind the pages of the RAM. */
    record DiskRanges(List<BlockRange> ranges) implements EpochPart {
        /** Copies the list. */
        public DiskRanges {
            ranges = List.copyOf(ranges);
        }
    }

    /**
     * Some of the pages, in ascending order. The buffer is the body of the frame, and what a decoder returns shares the
     * decoder's memory: it holds until the next call.
     */
    record Pages(ByteBuf body) implements EpochPart {
        private static final int ZERO_FLAG = 1 << 31;

        /** The number of pages in it, 1 to {@link Limits#BATCH_PAGES}. */
        public int count() {
            return body.getInt(body.readerIndex());
        }

        /** The number of the page at {@code index}. */
        public int number(int index) {
            return entry(index) & ~ZERO_FLAG;
        }

        /** Whether the page at {@code index} is all zeros and has no content in the message. */
        public boolean isZero(int index) {
            return (entry(index) & ZERO_FLAG) != 0;
        }

        /** Where the contents begin, counted from the buffer's first byte; they stand in the order of the numbers. */
        public int contentsOffset() {
            return body.readerIndex() + Integer.BYTES * (1 + count());
        }

        /** Why the body cannot be a batch of pages, null if it is one. To be asked before anything else. */
        String fault() {
            int count = count();
            if (count < 1 || count > Limits.BATCH_PAGES) {
                return count + " pages in a batch";
            }
            if (body.readableBytes() < Integer.BYTES * (1 + count)) {
                return "a batch of " + count + " pages ends within its numbers";
            }
            long expected = Integer.BYTES * (1L + count);
            for (int i = 0; i < count; i++) {
                if (i > 0 && number(i) <= number(i - 1)) {
                    return "page " + number(i) + " after page " + number(i - 1);
                }
                expected += isZero(i) ? 0 : PageSet.PAGE_BYTES;
            }
            return expected == body.readableBytes()
                    ? null
                    : "a batch of " + body.readableBytes() + " bytes whose numbers ask for " + expected;
        }

        /** A page's number and flag as they stand in a body. */
        static int entry(int number, boolean zero) {
            return zero ? number | ZERO_FLAG : number;
        }

        private int entry(int index) {
            return body.getInt(body.readerIndex() + Integer.BYTES * (1 + index));
        }
    }

    /** Some of the device state, in order. The buffer's memory is shared as in {@link Pages}. */
    record DeviceState(ByteBuf chunk) implements EpochPart {}

    /**
     * Some of the device state, in order: what the last epoch that this end has sent on this connection has there. No byte of that is used
     * twice, nor one before it afterwards.
     *
     * @param from the first byte there
     */
    record DeviceSame(int from, int bytes) implements EpochPart {
        /** Checks the place. */
        public DeviceSame {
            if (from < 0 || bytes < 1) {
                throw new IllegalArgumentException(
                        Integer.toUnsignedString(bytes) + " bytes from " + Integer.toUnsignedString(from));
            }
        }
    }

    /**
     * The end of an epoch.
     *
     * @param checksum over the plain content, as {@code Epoch.checksum()} counts it
     * @param pauseNanos how long the VM was paused for it, 0 if not known
     */
    record End(EpochId epoch, long checksum, long pauseNanos) implements EpochPart {}

    // ---- the standby, and the VM's life

    /** The replica is at this epoch. */
    record Applied(EpochId epoch) implements CheckpointMessage {}

    /** Start the VM from the replica, which must be at exactly this epoch. */
    record Activate(EpochId expected) implements CheckpointMessage {}

    /** The VM runs, from the state of this epoch. */
    record Activated(EpochId epoch) implements CheckpointMessage {}

    /** Forget the replica. */
    record Release() implements CheckpointMessage {}

    // ---- disks

    /**
     * The disks beside this agent that go with the VM's epochs; said once, after WELCOME, by an agent that has any.
     *
     * @param durability when an epoch may be acknowledged by this site
     */
    record Disks(CarriedDisks disks, Durability durability) implements CheckpointMessage {}

    /** What a gateway wants of an agent's disks. */
    sealed interface DiskOrder extends CheckpointMessage {}

    /** The VM's output is held until its epoch is at the other site: its flushes may be answered at once. */
    record FlushAtOnce() implements DiskOrder {}

    /** From now on a flush waits for the disk; answer when everything that was ever answered is on it. */
    record SyncDisks() implements DiskOrder {}

    /** Every flush that was ever answered is on the disk, and so it will be with those to come. */
    record DisksSynced() implements CheckpointMessage {}

    /** What the agents of two sites tell each other of their machines and disks: from an agent for the other one, and the other way round. */
    record OfDisks(DiskTalk talk) implements CheckpointMessage {}

    /** How far the copy of the VM's disks is: from the owner's agent, once a second at most, and when it is complete. */
    record CopyAt(CopyProgress progress) implements CheckpointMessage {}

    /** Kill the VM's process. */
    record StopVm(String reason) implements CheckpointMessage {}

    /** The VM's process is verified to be gone; no epoch of it follows. */
    record VmStopped() implements CheckpointMessage {}

    /** Something could not be done; {@code epoch} is the one that it was about, NONE if none. */
    record Failed(FailureKind kind, EpochId epoch, String reason) implements CheckpointMessage {}
}
