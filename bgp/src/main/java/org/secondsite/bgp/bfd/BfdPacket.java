package org.secondsite.bgp.bfd;

import io.netty.buffer.ByteBuf;

/**
 * A control packet (RFC 5880 §4.1).
 *
 * <pre>
 *  0               1               2               3
 * +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 * |vers |diag     |sta|P|F|C|A|D|M| detect mult   | length        |
 * +-----+---------+---+-+-+-+-+-+-+---------------+---------------+
 * | my discriminator                                              |
 * | your discriminator                                            |
 * | desired min TX interval, µs                                   |
 * | required min RX interval, µs                                  |
 * | required min echo RX interval, µs                             |
 * +---------------------------------------------------------------+
 * </pre>
 *
 * @param state the sender's state
 * @param diagnostic why it last left Up
 * @param poll the P bit: asks for a packet with the F bit
 * @param fin the F bit: answers one with the P bit
 * @param demand the D bit
 * @param detectMultiplier 1 to 255
 * @param myDiscriminator the sender's number for the session, not 0
 * @param yourDiscriminator the receiver's number, 0 while unknown
 * @param desiredMinTxUs how often the sender would like to send, at most
 * @param requiredMinRxUs how often it can take a packet, at most; 0: it wants none
 */
public record BfdPacket(
        BfdState state,
        BfdDiagnostic diagnostic,
        boolean poll,
        boolean fin,
        boolean demand,
        int detectMultiplier,
        int myDiscriminator,
        int yourDiscriminator,
        long desiredMinTxUs,
        long requiredMinRxUs) {
    /** Octets of a packet without authentication. */
    public static final int OCTETS = 24;

    private static final int VERSION = 1;
    private static final int POLL_BIT = 0x20;
    private static final int FINAL_BIT = 0x10;
    static final int AUTHENTICATION_BIT = 0x04;
    private static final int DEMAND_BIT = 0x02;
    private static final int MULTIPOINT_BIT = 0x01;

    /** What a datagram is. */
    public sealed interface Decoded {
        /** A packet to be handed to a session. */
        record Packet(BfdPacket packet) implements Decoded {}

        /** A packet to be handed to a session if its proof holds ({@link BfdProof}). */
        record Sealed(BfdPacket packet) implements Decoded {}

        /** To be discarded, and why. */
        record Discard(String reason) implements Decoded {}
    }

    /** Reads a datagram; the checks are those of RFC 5880 §6.8.6 that need no session. */
    public static Decoded decode(ByteBuf in) {
        int octets = in.readableBytes();
        if (octets < OCTETS) {
            return new Decoded.Discard(octets + " octets");
        }
        int head = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int multiplier = in.readUnsignedByte();
        int length = in.readUnsignedByte();
        int mine = in.readInt();
        int yours = in.readInt();
        if (head >>> 5 != VERSION) {
            return new Decoded.Discard("version " + (head >>> 5));
        }
        if (length < OCTETS || length > octets) {
            return new Decoded.Discard("length " + length + " in " + octets + " octets");
        }
        if (multiplier == 0 || mine == 0) {
            return new Decoded.Discard("detect multiplier or discriminator is 0");
        }
        if ((flags & MULTIPOINT_BIT) != 0) {
            return new Decoded.Discard("multipoint, which is not in use");
        }
        BfdState state = BfdState.ofCode(flags >>> 6);
        if (yours == 0 && state != BfdState.DOWN && state != BfdState.ADMIN_DOWN) {
            return new Decoded.Discard(state + " without our discriminator");
        }
        BfdPacket packet = new BfdPacket(
                state,
                BfdDiagnostic.ofCode(head & 0x1f),
                (flags & POLL_BIT) != 0,
                (flags & FINAL_BIT) != 0,
                (flags & DEMAND_BIT) != 0,
                multiplier,
                mine,
                yours,
                in.readUnsignedInt(),
                in.readUnsignedInt());
        return (flags & AUTHENTICATION_BIT) == 0 ? new Decoded.Packet(packet) : new Decoded.Sealed(packet);
    }

    /** Appends the packet. */
    public void encode(ByteBuf out) {
        out.writeByte(VERSION << 5 | diagnostic.code());
        out.writeByte(state.code() << 6 | (poll ? POLL_BIT : 0) | (fin ? FINAL_BIT : 0) | (demand ? DEMAND_BIT : 0));
        out.writeByte(detectMultiplier).writeByte(OCTETS);
        out.writeInt(myDiscriminator).writeInt(yourDiscriminator);
        out.writeInt((int) desiredMinTxUs).writeInt((int) requiredMinRxUs).writeInt(0);
    }
}
