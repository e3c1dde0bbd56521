package org.secondsite.replicator.tunnel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.Set;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.secondsite.net.Decoded;
import org.secondsite.replicator.Dialect;

/** Frames of other versions are written here byte by byte: no class of ours speaks them. */
public class FirstFrameTest {
    private static final Hello OWN = new Hello(
            2,
            new Dialect(2, Set.of()),
            5,
            new BeaconKey(new byte[BeaconKey.BYTES]),
            1 << 20,
            20,
            1 << 28,
            1L << 32,
            9,
            0,
            "a",
            "b");

    @Test
    void version1IsRefusedWithBothVersionsNamed() {
        assertEquals(
                new Reset(ResetCode.VERSION, "this end speaks protocol version 2, the other version 1"),
                FirstFrame.decode(versionOne("b", "a"), OWN).refused().orElseThrow());
    }

    @Test
    void aLaterVersionIsRefusedWhateverItsHelloHoldsElse() {
        for (int bytes : new int[] {0, 1, 60, 4000}) {
            byte[] rest = new byte[bytes];
            new Random(bytes).nextBytes(rest);
            assertEquals(
                    new Reset(ResetCode.VERSION, "this end speaks protocol version 2, the other versions 3 to 7"),
                    FirstFrame.decode(frame(40, hello(3, 7, Unpooled.wrappedBuffer(rest))), OWN)
                            .refused()
                            .orElseThrow());
        }
    }

    @Test
    void aVersionInCommonIsReadAsBefore() {
        ByteBuf payload = OWN.encode(UnpooledByteBufAllocator.DEFAULT);
        payload.setShort(4, 1).setShort(6, 5).writeLong(0);
        ByteBuf wire = frame(40, payload);
        TunnelFrame read = FirstFrame.decode(wire, OWN).complete().orElseThrow();
        assertEquals(FrameType.HELLO, read.type());
        assertEquals(5, Hello.decode(read.payload()).orElseThrow().dialect().version());
        assertEquals(0, wire.readableBytes());
    }

    @Test
    void cutAtEveryByteItAsksForMore() {
        for (ByteBuf wire : new ByteBuf[] {versionOne("b", "a"), frame(40, hello(3, 3, Unpooled.EMPTY_BUFFER))}) {
            for (int length = 0; length < wire.readableBytes(); length++) {
                assertInstanceOf(Decoded.NeedMore.class, FirstFrame.decode(wire.slice(0, length), OWN), "at " + length);
            }
        }
    }

    @Test
    void aDamagedOneIsNotTakenForAnotherVersion() {
        ByteBuf wire = versionOne("b", "a");
        for (int bit = 4 * 8; bit < wire.readableBytes() * 8; bit++) {
            ByteBuf damaged = Unpooled.copiedBuffer(wire);
            damaged.setByte(bit / 8, damaged.getByte(bit / 8) ^ 1 << bit % 8);
            Reset reset = FirstFrame.decode(damaged, OWN).refused().orElseThrow();
            assertEquals(ResetCode.CORRUPT, reset.code(), "bit " + bit);
        }
    }

    @Test
    void aLengthThatCannotBeIsRefusedAtOnce() {
        for (int length : new int[] {0, 27, 35, 1 << 24, Integer.MAX_VALUE, -1}) {
            Reset reset = FirstFrame.decode(Unpooled.buffer().writeInt(length), OWN)
                    .refused()
                    .orElseThrow();
            assertEquals(ResetCode.FRAMING, reset.code());
        }
    }

    /** HELLO of protocol 1: a header of 32 bytes; versions, incarnation, key and two names. */
    public static ByteBuf versionOne(String self, String peer) {
        ByteBuf rest = Unpooled.buffer().writeLong(77).writeZero(32);
        for (String name : new String[] {self, peer}) {
            rest.writeByte(name.length()).writeCharSequence(name, StandardCharsets.US_ASCII);
        }
        return frame(32, hello(1, 1, rest));
    }

    private static ByteBuf hello(int lowest, int highest, ByteBuf rest) {
        return Unpooled.buffer()
                .writeInt(0x53534754)
                .writeShort(lowest)
                .writeShort(highest)
                .writeBytes(rest);
    }

    private static ByteBuf frame(int headerBytes, ByteBuf payload) {
        ByteBuf header = Unpooled.buffer()
                .writeInt(headerBytes - 4 + payload.readableBytes())
                .writeByte(1)
                .writeZero(headerBytes - 9);
        CRC32C crc = new CRC32C();
        crc.update(header.nioBuffer());
        crc.update(payload.nioBuffer());
        return header.writeInt((int) crc.getValue()).writeBytes(payload);
    }
}
