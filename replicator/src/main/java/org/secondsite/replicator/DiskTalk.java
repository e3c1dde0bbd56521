package org.secondsite.replicator;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.secondsite.config.EpochId;
import org.secondsite.net.PeerText;

/**
 * What the agents of two sites tell each other, through their gateways: before a chain of epochs begins, whether the machines are the
 * same, and then, while an owner's disks are copied to the standby, where those differ. The owner asks and the standby answers; which of them is the owner is the gateways' knowledge, and nothing that
 * is said here changes it.
 *
 * <pre>
 * 1 ASK      | type u8 | chain: term u64, number u64 |
 * 2 CLAIM    | the same | base: term u64, number u64 | first term u64 | last term u64 | dirty chunks u64 |
 * 3 NOBODY   | the same |
 * 4 QUERY    | the same | question u8 | volume u8 | first chunk u32 | chunks u32 |
 * 5 ANSWER   | the same as QUERY | as many bytes as answer it |
 * 6 MACHINE  | the same | {@link MachineParts} |
 * 7 COMPARED | the same | length u16, in UTF-8: what differs |
 * </pre>
 *
 * <p>A message may be lost, and one of an earlier chain may come late: each names its chain, by the first epoch of it.
 */
public sealed interface DiskTalk {
    /** The most bytes of a message. */
    int MAX_BYTES = 1 + 2 * Long.BYTES + MachineParts.MAX_BYTES;

    /** The fewest bytes of a message. */
    int MIN_BYTES = 1 + 2 * Long.BYTES;

    /** The first epoch of the chain of epochs that the talk is about. */
    EpochId chain();

    /** Whether it is the owner's to say. */
    default boolean isOwners() {
        return this instanceof Ask || this instanceof Query || this instanceof Machine;
    }

    /** What both ends of a connection must be capable of, where this is said. */
    default Capability needs() {
        return this instanceof Machine || this instanceof Compared ? Capability.MACHINES : Capability.RESYNC;
    }

    /** A chain is about to begin: what can be said of the standby's disks? */
    record Ask(EpochId chain) implements DiskTalk {}

    /**
     * What can be said of them.
     *
     * @param claim of which epochs they are known to be, except for what the dirty map names
     * @param dirtyChunks how many chunks it names
     */
    record Claim(EpochId chain, DiskClaim claim, long dirtyChunks) implements DiskTalk {
        /** Checks the range. */
        public Claim {
            if (dirtyChunks < 0) {
                throw new IllegalArgumentException(dirtyChunks + " dirty chunks");
            }
        }
    }

    /** There is nobody who can say anything. */
    record Nobody(EpochId chain) implements DiskTalk {}

    /** A question about a part of a disk. */
    record Query(EpochId chain, DiskPart part) implements DiskTalk {}

    /**
     * The answer.
     *
     * @param content as many bytes as the question asks for
     */
    record Answer(EpochId chain, DiskPart part, ByteBuffer content) implements DiskTalk {
        /** Checks the length. */
        public Answer {
            if (content.remaining() != part.answerBytes()) {
                throw new IllegalArgumentException(content.remaining() + " bytes answer for " + part);
            }
        }
    }

    /** A chain is about to begin, of a VM that is made of this: would the standby start the same? */
    record Machine(EpochId chain, MachineParts parts) implements DiskTalk {}

    /**
     * The answer.
     *
     * @param difference what differs, in words; empty if nothing does, or if it is not known what would be started
     */
    record Compared(EpochId chain, String difference) implements DiskTalk {
        /** The longest words, in characters. */
        private static final int MAX_CHARS = 1024;

        /** Cuts what is too long. */
        public Compared {
            difference = difference.length() <= MAX_CHARS ? difference : difference.substring(0, MAX_CHARS);
        }
    }

    /** Appends the message. */
    static void write(DiskTalk talk, ByteBuf out) {
        switch (talk) {
            case Ask ask -> head(1, ask, out);
            case Claim(EpochId _, DiskClaim claim, long dirtyChunks) -> {
                head(2, talk, out);
                epoch(claim.base(), out);
                out.writeLong(claim.firstTerm()).writeLong(claim.lastTerm()).writeLong(dirtyChunks);
            }
            case Nobody nobody -> head(3, nobody, out);
            case Query query -> {
                head(4, query, out);
                part(query.part(), out);
            }
            case Answer answer -> {
                head(5, answer, out);
                part(answer.part(), out);
                out.writeBytes(answer.content().duplicate());
            }
            case Machine machine -> {
                head(6, machine, out);
                machine.parts().write(out);
            }
            case Compared compared -> {
                head(7, compared, out);
                byte[] words = compared.difference().getBytes(StandardCharsets.UTF_8);
                out.writeShort(words.length).writeBytes(words);
            }
        }
    }

    private static void head(int type, DiskTalk talk, ByteBuf out) {
        out.writeByte(type);
        epoch(talk.chain(), out);
    }

    private static void epoch(EpochId epoch, ByteBuf out) {
        out.writeLong(epoch.term()).writeLong(epoch.number());
    }

    private static void part(DiskPart part, ByteBuf out) {
        out.writeByte(part.question().code()).writeByte(part.volume());
        out.writeInt(part.first()).writeInt(part.count());
    }

    /**
     * Reads all of the buffer.
     *
     * @throws IllegalArgumentException if it is no message, with what is wrong
     */
    static DiskTalk read(ByteBuf in) {
        if (in.readableBytes() < MIN_BYTES || in.readableBytes() > MAX_BYTES) {
            throw new IllegalArgumentException("a talk of " + in.readableBytes() + " bytes");
        }
        int type = in.readUnsignedByte();
        EpochId chain = new EpochId(in.readLong(), in.readLong());
        DiskTalk talk =
                switch (type) {
                    case 1 -> new Ask(chain);
                    case 2 -> {
                        need(in, 5 * Long.BYTES);
                        EpochId base = new EpochId(in.readLong(), in.readLong());
                        yield new Claim(chain, new DiskClaim(base, in.readLong(), in.readLong()), in.readLong());
                    }
                    case 3 -> new Nobody(chain);
                    case 4 -> new Query(chain, readPart(in));
                    case 5 -> {
                        DiskPart part = readPart(in);
                        need(in, part.answerBytes());
                        byte[] content = new byte[part.answerBytes()];
                        in.readBytes(content);
                        yield new Answer(chain, part, ByteBuffer.wrap(content).asReadOnlyBuffer());
                    }
                    case 6 -> new Machine(chain, MachineParts.read(in));
                    case 7 -> {
                        need(in, 2);
                        int length = in.readUnsignedShort();
                        need(in, length);
                        yield new Compared(
                                chain,
                                PeerText.line(in.readCharSequence(length, StandardCharsets.UTF_8)
                                        .toString()));
                    }
                    default -> throw new IllegalArgumentException("no talk has the type " + type);
                };
        if (in.isReadable()) {
            throw new IllegalArgumentException(in.readableBytes() + " bytes too many");
        }
        return talk;
    }

    private static DiskPart readPart(ByteBuf in) {
        need(in, 2 + 2 * Integer.BYTES);
        int code = in.readUnsignedByte();
        int volume = in.readUnsignedByte();
        int first = in.readInt();
        int count = in.readInt();
        DiskPart.Question question = DiskPart.Question.of(code)
                .orElseThrow(() -> new IllegalArgumentException("no question has the code " + code));
        return new DiskPart(question, volume, first, count);
    }

    private static void need(ByteBuf in, int bytes) {
        if (in.readableBytes() < bytes) {
            throw new IllegalArgumentException("ends within a field of " + bytes + " bytes");
        }
    }
}
