package org.secondsite.witness.io.quorum;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageCodec;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;

/**
 * One message between two nodes, within TLS.
 *
 * <pre>
 *   +-----------+---------+-----------+---------------------+
 *   | length: 4 | kind: 1 | callId: 8 | payload: length - 9 |      9 &lt;= length &lt;= 2 MiB
 *   +-----------+---------+-----------+---------------------+
 *
 *   kind  01 hello      "SSWP": 4, version: 1, then to, LF, from in ASCII    answered by 81, the same in turn
 *         02 vote       RequestVoteRequestProto                             82 RequestVoteReplyProto
 *         03 append     AppendEntriesRequestProto                           83 AppendEntriesReplyProto
 *         04 snapshot   InstallSnapshotRequestProto                         84 InstallSnapshotReplyProto
 *         05 candidate  StartLeaderElectionRequestProto                     85 StartLeaderElectionReplyProto
 *         06 read index ReadIndexRequestProto                               86 ReadIndexReplyProto
 *         ff failure    why, in UTF-8; answers any
 * </pre>
 *
 * The protocol buffers are those of Apache Ratis. The caller chooses {@code callId}; the answer bears the same.
 */
record PeerFrame(int kind, long callId, ByteString payload) {
    static final int HELLO = 0x01;
    static final int VOTE = 0x02;
    static final int APPEND = 0x03;
    static final int SNAPSHOT = 0x04;
    static final int CANDIDATE = 0x05;
    static final int READ_INDEX = 0x06;
    static final int ANSWER = 0x80;
    static final int FAILURE = 0xff;

    /** The largest length that a frame may state, in octets; a snapshot travels in chunks far below. */
    static final int MAX_OCTETS = 2 << 20;

    private static final int MAGIC = 0x53535750;
    private static final int VERSION = 1;
    private static final int LENGTH_OCTETS = 4;
    private static final int HEAD_OCTETS = 9;

    /** Who calls whom; a node that is called by another's name must not answer in its place. */
    record Hello(String to, String from) {
        PeerFrame frame(int kind) {
            ByteBuf out = Unpooled.buffer().writeInt(MAGIC).writeByte(VERSION);
            out.writeCharSequence(to + "\n" + from, StandardCharsets.US_ASCII);
            return new PeerFrame(kind, 0, ByteString.copyFrom(out.nioBuffer()));
        }

        /**
         * Reads one.
         *
         * @throws IllegalArgumentException if it is none of this version
         */
        static Hello of(PeerFrame frame) {
            ByteBuf in = Unpooled.wrappedBuffer(frame.payload().asReadOnlyByteBuffer());
            if (in.readableBytes() < 5 || in.readInt() != MAGIC || in.readUnsignedByte() != VERSION) {
                throw new IllegalArgumentException("no hello of a node of version " + VERSION);
            }
            String[] names = in.toString(StandardCharsets.US_ASCII).split("\n", 2);
            if (names.length != 2) {
                throw new IllegalArgumentException("a hello without two names");
            }
            return new Hello(names[0], names[1]);
        }
    }

    /** The answer that says why there is none. */
    PeerFrame failure(String reason) {
        return new PeerFrame(FAILURE, callId, ByteString.copyFromUtf8(reason));
    }

    /** The payload as words. */
    String text() {
        return payload.toStringUtf8();
    }

    /** Puts frames into a channel; a {@link DecoderException} for what cannot be one. */
    static final class Codec extends ByteToMessageCodec<PeerFrame> {
        @Override
        protected void encode(ChannelHandlerContext context, PeerFrame frame, ByteBuf out) {
            out.writeInt(HEAD_OCTETS + frame.payload().size())
                    .writeByte(frame.kind())
                    .writeLong(frame.callId())
                    .writeBytes(frame.payload().asReadOnlyByteBuffer());
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            if (in.readableBytes() < LENGTH_OCTETS) {
                return;
            }
            int length = in.getInt(in.readerIndex());
            if (length < HEAD_OCTETS || length > MAX_OCTETS) {
                in.skipBytes(in.readableBytes());
                throw new DecoderException("a frame of " + length + " octets between nodes");
            }
            if (in.readableBytes() - LENGTH_OCTETS < length) {
                return;
            }
            in.skipBytes(LENGTH_OCTETS);
            int kind = in.readUnsignedByte();
            long callId = in.readLong();
            byte[] payload = new byte[length - HEAD_OCTETS];
            in.readBytes(payload);
            out.add(new PeerFrame(kind, callId, UnsafeByteOperations.unsafeWrap(payload)));
        }
    }
}
