package org.secondsite.replicator.disk;

import java.nio.ByteBuffer;

/** The head of an NBD request, read in place again and again, so that nothing is allocated for a request. */
public final class NbdRequest {
    /** Longer data of a WRITE is not read to its end: the client speaks another protocol. */
    public static final int MAX_DATA_BYTES = 32 << 20;

    /** The bytes of a request without the data of a WRITE. */
    public static final int HEAD_BYTES = Nbd.REQUEST_BYTES;

    /** What is asked for. */
    public enum Kind {
        /** Bytes. */
        READ,
        /** To keep bytes. */
        WRITE,
        /** Zeros: TRIM and WRITE_ZEROES are one thing, because what is discarded must read the same at both sites. */
        ZERO,
        /** What was answered to be on stable storage. */
        FLUSH,
        /** Which blocks are allocated. */
        BLOCK_STATUS,
        /** The end. */
        DISCONNECT,
        /** Something that is not served. */
        UNKNOWN
    }

    /** What came of a call to {@link #decode}. */
    public enum Outcome {
        /** The request is not whole yet; nothing was taken. */
        NEED_MORE,
        /** Its head was taken. */
        DECODED,
        /** The connection cannot go on. */
        BROKEN
    }

    private static final int NOT_SERVED = -1;

    private int flags;
    private int command;
    private long cookie;
    private long offset;
    private long length;

    /** Takes the head of a request. The data of a WRITE stays in {@code in}. */
    public Outcome decode(ByteBuffer in) {
        if (in.remaining() < Nbd.REQUEST_BYTES) {
            return Outcome.NEED_MORE;
        }
        if (in.getInt() != Nbd.REQUEST_MAGIC) {
            return Outcome.BROKEN;
        }
        flags = Short.toUnsignedInt(in.getShort());
        command = Short.toUnsignedInt(in.getShort());
        cookie = in.getLong();
        offset = in.getLong();
        length = Integer.toUnsignedLong(in.getInt());
        return command == Nbd.WRITE && length > MAX_DATA_BYTES ? Outcome.BROKEN : Outcome.DECODED;
    }

    /** What is asked for. */
    public Kind kind() {
        return switch (command) {
            case Nbd.READ -> Kind.READ;
            case Nbd.WRITE -> Kind.WRITE;
            case Nbd.TRIM, Nbd.WRITE_ZEROES -> Kind.ZERO;
            case Nbd.FLUSH -> Kind.FLUSH;
            case Nbd.BLOCK_STATUS -> Kind.BLOCK_STATUS;
            case Nbd.DISCONNECT -> Kind.DISCONNECT;
            default -> Kind.UNKNOWN;
        };
    }

    /** What the answer has to bear. */
    public long cookie() {
        return cookie;
    }

    /** Where it begins, in bytes; anything that fits 64 bits until {@link #error} has judged it. */
    public long offset() {
        return offset;
    }

    /** How many bytes it is about, 0 to 2³² - 1. */
    public long length() {
        return length;
    }

    /** The bytes that follow its head. */
    public int dataBytes() {
        return command == Nbd.WRITE ? (int) length : 0;
    }

    /** Whether its effect has to be on stable storage before the answer. */
    public boolean forcesUnitAccess() {
        return (flags & Nbd.COMMAND_FUA) != 0;
    }

    /** Whether zeros must be allocated. */
    public boolean allocates() {
        return (flags & Nbd.COMMAND_NO_HOLE) != 0;
    }

    /** Whether one extent is all that is asked for. */
    public boolean oneExtent() {
        return (flags & Nbd.COMMAND_ONE_EXTENT) != 0;
    }

    /**
     * Judges it against a volume, before anything is done.
     *
     * @param allocationWanted whether the client chose the metadata context
     * @return 0, or the error of its answer
     */
    public int error(NbdExport export, boolean allocationWanted) {
        int allowed =
                switch (command) {
                    case Nbd.READ -> Nbd.COMMAND_DONT_FRAGMENT | Nbd.COMMAND_FUA;
                    case Nbd.WRITE, Nbd.TRIM, Nbd.FLUSH -> Nbd.COMMAND_FUA;
                    case Nbd.WRITE_ZEROES -> Nbd.COMMAND_FUA | Nbd.COMMAND_NO_HOLE;
                    case Nbd.BLOCK_STATUS -> allocationWanted ? Nbd.COMMAND_ONE_EXTENT | Nbd.COMMAND_FUA : NOT_SERVED;
                    default -> NOT_SERVED;
                };
        if (allowed == NOT_SERVED || (flags & ~allowed) != 0) {
            return Nbd.EINVAL;
        }
        if (command == Nbd.FLUSH) {
            return offset == 0 && length == 0 ? Nbd.OK : Nbd.EINVAL;
        }
        boolean writes = command != Nbd.READ && command != Nbd.BLOCK_STATUS;
        if (writes && export.readOnly()) {
            return Nbd.EPERM;
        }
        // Length is at most 2³² - 1 and the size is positive: nothing here overflows.
        if (offset < 0 || offset > export.bytes() - length) {
            return writes ? Nbd.ENOSPC : Nbd.EINVAL;
        }
        if (command == Nbd.READ && length > MAX_DATA_BYTES) {
            return Nbd.EINVAL;
        }
        return length == 0 ? Nbd.EINVAL : Nbd.OK;
    }
}
