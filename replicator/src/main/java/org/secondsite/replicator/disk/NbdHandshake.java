package org.secondsite.replicator.disk;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The server's side of the NBD handshake, fixed newstyle: bytes in, bytes out. Nothing that a client sends makes it throw.
 *
 * <p>One volume stands behind a socket; it is served under its name and under the empty one. A client that asks for another
 * name, such as that of an earlier term, is refused: it is not connected to another disk.
 */
public final class NbdHandshake {
    /** Longer options are refused, and their bytes are passed over. */
    static final int MAX_OPTION_BYTES = 8 << 10;

    /** After so many options without a choice the client is not one that wants to be served. */
    static final int MAX_OPTIONS = 64;

    /** The room for answers that every call needs: the longest is that to EXPORT_NAME. */
    public static final int MIN_ROOM_BYTES = 4096;

    private static final int OPTION_HEADER_BYTES = 16;
    private static final int EXPORT_NAME_ZEROES = 124;

    /** What to do next. */
    public enum Step {
        /** Read more bytes. */
        MORE,
        /** Requests follow. */
        TRANSMISSION,
        /** Send what there is to send, and close. */
        CLOSE
    }

    private final NbdExport export;
    private boolean greeted;
    private boolean zeroesWanted;
    private boolean structured;
    private boolean allocationWanted;
    private int options;
    private int toSkip;
    private String reason = "the client gave up";

    /** A handshake for a connection on which nothing was said yet. */
    public NbdHandshake(NbdExport export) {
        this.export = export;
    }

    /** The server's first words. */
    public void greet(ByteBuffer out) {
        out.putLong(Nbd.GREETING_MAGIC).putLong(Nbd.OPTION_MAGIC).putShort((short)
                (Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES));
    }

    /** Whether the client asked for structured replies. */
    public boolean structured() {
        return structured;
    }

    /** Whether the client may ask which blocks are allocated. */
    public boolean allocationWanted() {
        return allocationWanted;
    }

    /** Why it ended in {@link Step#CLOSE}. */
    public String reason() {
        return reason;
    }

    /**
     * Takes whole options from {@code in} and puts the answers into {@code out}.
     *
     * @param in bytes received and not yet taken; what is left over belongs to the next call or to the requests
     * @param out at least {@link #MIN_ROOM_BYTES}; when less remains it answers MORE before {@code in} is used up, and wants to
     *     be called again once what it put there was sent
     */
    public Step receive(ByteBuffer in, ByteBuffer out) {
        if (!greeted) {
            if (in.remaining() < Integer.BYTES) {
                return Step.MORE;
            }
            int flags = in.getInt();
            if ((flags & ~(Nbd.FLAG_FIXED_NEWSTYLE | Nbd.FLAG_NO_ZEROES)) != 0
                    || (flags & Nbd.FLAG_FIXED_NEWSTYLE) == 0) {
                return close("client flags 0x" + Integer.toHexString(flags) + " are not those of fixed newstyle");
            }
            zeroesWanted = (flags & Nbd.FLAG_NO_ZEROES) == 0;
            greeted = true;
        }
        while (out.remaining() >= MIN_ROOM_BYTES) {
            int skipped = Math.min(toSkip, in.remaining());
            in.position(in.position() + skipped);
            toSkip -= skipped;
            if (toSkip > 0 || in.remaining() < OPTION_HEADER_BYTES) {
                return Step.MORE;
            }
            Step step = option(in, out);
            if (step != null) {
                return step;
            }
        }
        return Step.MORE;
    }

    /** One option; null if it was answered and the next one may come. */
    private Step option(ByteBuffer in, ByteBuffer out) {
        int start = in.position();
        if (in.getLong(start) != Nbd.OPTION_MAGIC) {
            return close("an option does not begin with IHAVEOPT");
        }
        int option = in.getInt(start + 8);
        int length = in.getInt(start + 12);
        if (length < 0) {
            return close("an option of " + Integer.toUnsignedString(length) + " bytes");
        }
        if (length > MAX_OPTION_BYTES) {
            in.position(start + OPTION_HEADER_BYTES);
            toSkip = length;
            reply(out, option, Nbd.REPLY_TOO_BIG, "at most " + MAX_OPTION_BYTES + " bytes");
            return counted();
        }
        if (in.remaining() < OPTION_HEADER_BYTES + length) {
            return Step.MORE;
        }
        ByteBuffer data = in.slice(start + OPTION_HEADER_BYTES, length);
        in.position(start + OPTION_HEADER_BYTES + length);
        Step step = answer(option, data, out);
        return step == null ? counted() : step;
    }

    private Step counted() {
        return ++options > MAX_OPTIONS ? close("more than " + MAX_OPTIONS + " options") : null;
    }

    private Step answer(int option, ByteBuffer data, ByteBuffer out) {
        switch (option) {
            case Nbd.OPTION_EXPORT_NAME -> {
                // There is no refusal of this one but to hang up.
                return serves(text(data, data.remaining()))
                        ? exportName(out)
                        : close("no export has the name that the client asked for");
            }
            case Nbd.OPTION_ABORT -> {
                reply(out, option, Nbd.REPLY_ACK, "");
                return close("the client aborted the handshake");
            }
            case Nbd.OPTION_LIST -> list(data, out);
            case Nbd.OPTION_INFO, Nbd.OPTION_GO -> {
                if (info(option, data, out) && option == Nbd.OPTION_GO) {
                    return Step.TRANSMISSION;
                }
            }
            case Nbd.OPTION_STRUCTURED_REPLY -> {
                if (data.hasRemaining()) {
                    reply(out, option, Nbd.REPLY_INVALID, "no data belongs to this option");
                } else {
                    structured = true;
                    reply(out, option, Nbd.REPLY_ACK, "");
                }
            }
            case Nbd.OPTION_LIST_META_CONTEXT, Nbd.OPTION_SET_META_CONTEXT -> metaContext(option, data, out);
            default -> reply(out, option, Nbd.REPLY_UNSUPPORTED, "");
        }
        return null;
    }

    private boolean serves(String name) {
        return name.isEmpty() || name.equals(export.name());
    }

    private Step exportName(ByteBuffer out) {
        out.putLong(export.bytes()).putShort((short) export.flags());
        if (zeroesWanted) {
            out.put(new byte[EXPORT_NAME_ZEROES]);
        }
        return Step.TRANSMISSION;
    }

    private void list(ByteBuffer data, ByteBuffer out) {
        if (data.hasRemaining()) {
            reply(out, Nbd.OPTION_LIST, Nbd.REPLY_INVALID, "no data belongs to this option");
            return;
        }
        byte[] name = export.name().getBytes(StandardCharsets.UTF_8);
        header(out, Nbd.OPTION_LIST, Nbd.REPLY_SERVER, Integer.BYTES + name.length);
        out.putInt(name.length).put(name);
        reply(out, Nbd.OPTION_LIST, Nbd.REPLY_ACK, "");
    }

    private boolean info(int option, ByteBuffer data, ByteBuffer out) {
        String name = name(data);
        if (name == null || data.remaining() < Short.BYTES) {
            reply(out, option, Nbd.REPLY_INVALID, "the option is cut short");
            return false;
        }
        int requests = Short.toUnsignedInt(data.getShort());
        if (data.remaining() != requests * Short.BYTES) {
            reply(out, option, Nbd.REPLY_INVALID, "the option has another length than its parts");
            return false;
        }
        if (!serves(name)) {
            reply(out, option, Nbd.REPLY_UNKNOWN_EXPORT, "this socket serves '" + export.name() + "'");
            return false;
        }
        header(out, option, Nbd.REPLY_INFO, Short.BYTES + Long.BYTES + Short.BYTES);
        out.putShort((short) Nbd.INFO_EXPORT).putLong(export.bytes()).putShort((short) export.flags());
        header(out, option, Nbd.REPLY_INFO, Short.BYTES + 3 * Integer.BYTES);
        out.putShort((short) Nbd.INFO_BLOCK_SIZE)
                .putInt(1)
                .putInt(NbdExport.PREFERRED_BLOCK_BYTES)
                .putInt(NbdExport.MAX_BLOCK_BYTES);
        reply(out, option, Nbd.REPLY_ACK, "");
        return true;
    }

    private void metaContext(int option, ByteBuffer data, ByteBuffer out) {
        boolean set = option == Nbd.OPTION_SET_META_CONTEXT;
        if (set && !structured) {
            reply(out, option, Nbd.REPLY_INVALID, "structured replies come first");
            return;
        }
        String name = name(data);
        if (name == null || data.remaining() < Integer.BYTES) {
            reply(out, option, Nbd.REPLY_INVALID, "the option is cut short");
            return;
        }
        int queries = data.getInt();
        boolean matches = !set && queries == 0;
        for (int left = queries; left > 0; left--) {
            String query = name(data);
            if (query == null) {
                reply(out, option, Nbd.REPLY_INVALID, "the option is cut short");
                return;
            }
            matches |= query.equals(Nbd.BASE_ALLOCATION) || (!set && query.equals("base:"));
        }
        if (queries < 0 || data.hasRemaining()) {
            reply(out, option, Nbd.REPLY_INVALID, "the option has another length than its parts");
            return;
        }
        if (!serves(name)) {
            reply(out, option, Nbd.REPLY_UNKNOWN_EXPORT, "this socket serves '" + export.name() + "'");
            return;
        }
        if (set) {
            allocationWanted = matches;
        }
        if (matches) {
            byte[] context = Nbd.BASE_ALLOCATION.getBytes(StandardCharsets.US_ASCII);
            header(out, option, Nbd.REPLY_META_CONTEXT, Integer.BYTES + context.length);
            out.putInt(set ? Nbd.BASE_ALLOCATION_ID : 0).put(context);
        }
        reply(out, option, Nbd.REPLY_ACK, "");
    }

    /** A length of 32 bits and as many bytes; null if they are not there. */
    private static String name(ByteBuffer data) {
        if (data.remaining() < Integer.BYTES) {
            return null;
        }
        int length = data.getInt();
        return length < 0 || length > data.remaining() ? null : text(data, length);
    }

    private static String text(ByteBuffer data, int length) {
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void header(ByteBuffer out, int option, int type, int length) {
        out.putLong(Nbd.OPTION_REPLY_MAGIC).putInt(option).putInt(type).putInt(length);
    }

    private static void reply(ByteBuffer out, int option, int type, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        header(out, option, type, bytes.length);
        out.put(bytes);
    }

    private Step close(String because) {
        reason = because;
        return Step.CLOSE;
    }
}
