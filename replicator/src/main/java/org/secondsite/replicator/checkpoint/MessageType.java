package org.secondsite.replicator.checkpoint;

import org.secondsite.replicator.DiskTalk;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.VolumeChanges;

/** The messages of the protocol as the wire knows them: code, who may send it, and how long its body may be. */
enum MessageType {
    HELLO(1, Side.AGENT, 32, 32 + 64 + Limits.TEXT_BYTES),
    WELCOME(2, Side.GATEWAY, 15, 17),
    REFUSED(3, Side.GATEWAY, 2, 2 + Limits.TEXT_BYTES),
    START(4, Side.GATEWAY, 21, 21),
    INTERVAL(5, Side.GATEWAY, 4, 4),
    CHECKPOINT_NOW(6, Side.GATEWAY, 0, 0),
    RETITLE(7, Side.GATEWAY, 16, 16),
    SEAL(8, Side.AGENT, 16, 16),
    SEALED(9, Side.GATEWAY, 16, 16),
    BEGIN(10, null, 50, 50 + 64 + Limits.DISKS_BYTES + Integer.BYTES),
    PAGES(11, null, 8, 4 + Limits.BATCH_PAGES * (4 + PageSet.PAGE_BYTES)),
    DEVICE_STATE(12, null, 1, Limits.DEVICE_CHUNK_BYTES),
    END(13, null, 32, 32),
    CREDIT(14, Side.GATEWAY, 16, 16),
    STOP(15, Side.GATEWAY, 0, 0),
    STOP_VM(16, Side.GATEWAY, 2, 2 + Limits.TEXT_BYTES),
    VM_STOPPED(17, Side.AGENT, 0, 0),
    APPLIED(18, Side.AGENT, 16, 16),
    ACTIVATE(19, Side.GATEWAY, 16, 16),
    ACTIVATED(20, Side.AGENT, 16, 16),
    RELEASE(21, Side.GATEWAY, 0, 0),
    FAILED(22, Side.AGENT, 19, 19 + Limits.TEXT_BYTES),
    PING(23, null, 8, 8),
    PONG(24, null, 8, 8),
    PAUSE_VM(25, Side.GATEWAY, 0, 0),
    VM_PAUSED(26, Side.AGENT, 16, 16),
    RESUME_VM(27, Side.GATEWAY, 0, 0),
    DISK_RANGES(28, null, 10, 2 + Limits.BATCH_RANGES * 8),
    DISKS(29, Side.AGENT, 10, Limits.DISKS_BYTES + 1),
    FLUSH_AT_ONCE(30, Side.GATEWAY, 0, 0),
    SYNC_DISKS(31, Side.GATEWAY, 0, 0),
    DISKS_SYNCED(32, Side.AGENT, 0, 0),
    OF_DISKS(33, null, DiskTalk.MIN_BYTES, DiskTalk.MAX_BYTES),
    COPY_AT(34, Side.AGENT, 1 + Integer.BYTES + Long.BYTES, 1 + VolumeChanges.MAX_VOLUMES * Integer.BYTES + Long.BYTES),
    WINDOW(35, Side.GATEWAY, 13, 13),
    TERM(36, null, 8, 8),
    DEVICE_SAME(37, null, 8, 8);

    private static final MessageType[] BY_CODE = new MessageType[values().length + 1];

    static {
        for (MessageType type : values()) {
            BY_CODE[type.code] = type;
        }
    }

    final int code;
    /** The only side that may send it; null if both may. */
    private final Side sender;

    final int minBodyBytes;
    final int maxBodyBytes;

    MessageType(int code, Side sender, int minBodyBytes, int maxBodyBytes) {
        this.code = code;
        this.sender = sender;
        this.minBodyBytes = minBodyBytes;
        this.maxBodyBytes = maxBodyBytes;
    }

    /** The type of a code, null if there is none. */
    static MessageType of(int code) {
        return code > 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }

    boolean maySend(Side side) {
        return sender == null || sender == side;
    }
}
