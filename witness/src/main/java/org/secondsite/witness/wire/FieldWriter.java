package org.secondsite.witness.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.TreeSet;
import org.secondsite.config.OwnershipRecord;
import org.secondsite.config.SiteId;

/** Writes the fields of one frame. */
final class FieldWriter {
    private final ByteBuf out;

    FieldWriter(ByteBuf out) {
        this.out = out;
    }

    FieldWriter u8(int value) {
        out.writeByte(value);
        return this;
    }

    FieldWriter u32(int value) {
        out.writeInt(value);
        return this;
    }

    FieldWriter u64(long value) {
        out.writeLong(value);
        return this;
    }

    /** Writes a name; names are at most 63 ASCII characters by construction. */
    FieldWriter name(String name) {
        out.writeByte(name.length());
        out.writeCharSequence(name, StandardCharsets.US_ASCII);
        return this;
    }

    FieldWriter sites(Collection<SiteId> sites) {
        out.writeByte(sites.size());
        for (SiteId site : new TreeSet<>(sites)) {
            name(site.name());
        }
        return this;
    }

    FieldWriter record(OwnershipRecord record) {
        return u64(record.term())
                .u64(record.previousTerm())
                .name(record.group().name())
                .name(record.owner().name())
                .sites(record.inSync());
    }

    /** Writes a text, cut to {@link MessageCodec#MAX_TEXT_OCTETS} at a character's edge. */
    FieldWriter text(String text) {
        byte[] octets = text.getBytes(StandardCharsets.UTF_8);
        int length = octets.length;
        if (length > MessageCodec.MAX_TEXT_OCTETS) {
            length = MessageCodec.MAX_TEXT_OCTETS;
            while ((octets[length] & 0xc0) == 0x80) {
                length--;
            }
        }
        out.writeShort(length);
        out.writeBytes(octets, 0, length);
        return this;
    }
}
