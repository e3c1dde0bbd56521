package org.secondsite.replicator.checkpoint;

import org.secondsite.replicator.CarriedDisks;
import org.secondsite.replicator.VolumeChanges;

/** The bounds of the protocol. A peer that exceeds one is reset; nothing is allocated on its word alone. */
public final class Limits {
    /** The version that is offered, and spoken if both ends know it. */
    public static final int VERSION = 4;

    /** The one before, which is spoken with an end that does not know the other: an upgrade takes one end after the other. */
    public static final int LOWEST_VERSION = 3;

    /** A REFUSED whose text begins so is about the version alone; another one may be offered. */
    public static final String OTHER_VERSION = "protocol version ";

    /** The longest text of a message, in bytes of UTF-8. Longer ones are cut by the sender. */
    public static final int TEXT_BYTES = 1024;

    /** The most pages of one PAGES message. */
    public static final int BATCH_PAGES = 64;

    /** The most ranges of one DISK_RANGES message. */
    public static final int BATCH_RANGES = 1024;

    /** The most bytes that a list of disks takes in a message. */
    static final int DISKS_BYTES =
            1 + VolumeChanges.MAX_VOLUMES * (1 + CarriedDisks.Disk.MAX_NAME_BYTES + Long.BYTES) + 3 * Long.BYTES;

    /** The most bytes of one DEVICE_STATE message. */
    public static final int DEVICE_CHUNK_BYTES = 256 << 10;

    /** The most device state of one epoch, in bytes: video memory lies in it, guest RAM does not. */
    public static final int DEVICE_STATE_BYTES = 256 << 20;

    private Limits() {}
}
