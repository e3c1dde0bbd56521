package org.secondsite.witness.wire;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.secondsite.config.GroupId;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;
import org.secondsite.net.Refusal;

/** Reads the fields of one frame, never beyond it. */
final class FieldReader {
    /** A frame that is not of this protocol. Stays within the package: {@link MessageCodec} turns it into a refusal. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;
        private final WireFault code;

        Malformed(WireFault code, String reason) {
            super(reason, null, false, false);
            this.code = code;
        }

        Refusal<WireFault> refusal() {
            return new Refusal<>(code, getMessage());
        }
    }

    private final ByteBuf in;

    FieldReader(ByteBuf frame) {
        in = frame;
    }

    int u8() throws Malformed {
        return need(1).readUnsignedByte();
    }

    int u32() throws Malformed {
        return need(4).readInt();
    }

    long u64() throws Malformed {
        return need(8).readLong();
    }

    GroupId group() throws Malformed {
        String name = name();
        try {
            return new GroupId(name);
        } catch (IllegalArgumentException e) {
            throw new Malformed(WireFault.BAD_NAME, e.getMessage());
        }
    }

    SiteId site() throws Malformed {
        String name = name();
        try {
            return new SiteId(name);
        } catch (IllegalArgumentException e) {
            throw new Malformed(WireFault.BAD_NAME, e.getMessage());
        }
    }

    Set<SiteId> sites() throws Malformed {
        int count = u8();
        if (count < 1 || count > 2) {
            throw new Malformed(WireFault.BAD_SET, "a set of " + count + " sites, not 1 or 2");
        }
        Set<SiteId> sites = new HashSet<>();
        for (int i = 0; i < count; i++) {
            sites.add(site());
        }
        if (sites.size() != count) {
            throw new Malformed(WireFault.BAD_SET, "a set with the same site twice");
        }
        return sites;
    }

    OwnershipRecord record() throws Malformed {
        long term = u64();
        long before = u64();
        GroupId group = group();
        SiteId owner = site();
        Set<SiteId> inSync = sites();
        try {
            return new OwnershipRecord(group, term, before, owner, inSync);
        } catch (IllegalArgumentException e) {
            throw new Malformed(WireFault.BAD_RECORD, e.getMessage());
        }
    }

    String text() throws Malformed {
        int length = need(2).readUnsignedShort();
        if (length > MessageCodec.MAX_TEXT_OCTETS) {
            throw new Malformed(WireFault.BAD_TEXT, "a text of " + length + " octets");
        }
        ByteBuffer octets = need(length).readSlice(length).nioBuffer();
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(octets).toString();
        } catch (CharacterCodingException e) {
            throw new Malformed(WireFault.BAD_TEXT, "a text that is not UTF-8");
        }
    }

    /** Passes over what is left; answers 0. */
    long rest() {
        in.skipBytes(in.readableBytes());
        return 0;
    }

    void end() throws Malformed {
        if (in.isReadable()) {
            throw new Malformed(WireFault.TRAILING_OCTETS, in.readableBytes() + " octets after the last field");
        }
    }

    private String name() throws Malformed {
        int length = u8();
        return need(length)
                .readCharSequence(length, StandardCharsets.ISO_8859_1)
                .toString();
    }

    private ByteBuf need(int octets) throws Malformed {
        if (in.readableBytes() < octets) {
            throw new Malformed(
                    WireFault.FIELD_OVERRUN, "a field of " + octets + " octets with " + in.readableBytes() + " left");
        }
        return in;
    }
}
