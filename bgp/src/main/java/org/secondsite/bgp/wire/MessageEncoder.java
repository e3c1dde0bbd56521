package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;

/** Writes messages. The layouts stand on the message types and on {@link MessageDecoder}. */
public final class MessageEncoder {
    private static final int PARAMETER_CAPABILITIES = 2;
    /** Parameter length 255 is the mark of RFC 9072, so the plain form ends below it. */
    private static final int PLAIN_PARAMETERS_MAXIMUM_OCTETS = 254;

    private static final int NOTIFICATION_OCTETS = BgpMessage.HEADER_OCTETS + 2;

    private MessageEncoder() {}

    /**
     * Appends the message.
     *
     * @throws IllegalArgumentException if the message does not fit into what the session allows; nothing is written then
     */
    public static void encode(BgpMessage message, SessionTraits traits, ByteBuf out) {
        int start = out.writerIndex();
        out.writeLong(-1).writeLong(-1).writeShort(0).writeByte(message.typeCode());
        switch (message) {
            case OpenMessage open -> open(open, out);
            case UpdateMessage update -> update(update, traits, out);
            case NotificationMessage(int code, int subcode, Octets data) -> {
                out.writeByte(code).writeByte(subcode);
                // Data may quote a whole message: what does not fit is cut, for the code matters more.
                byte[] octets = data.toArray();
                out.writeBytes(octets, 0, Math.min(octets.length, traits.maximumOctets() - NOTIFICATION_OCTETS));
            }
            case KeepaliveMessage _ -> {}
            case RouteRefreshMessage(AddressFamily family, int subtype) ->
                out.writeShort(family.afi()).writeByte(subtype).writeByte(family.safi());
        }
        int length = out.writerIndex() - start;
        boolean small = message instanceof OpenMessage || message instanceof KeepaliveMessage;
        if (length > (small ? BgpMessage.MAX_OCTETS : traits.maximumOctets())) {
            out.writerIndex(start);
            throw new IllegalArgumentException("a message of " + length + " octets is too long");
        }
        out.setShort(start + 16, length);
    }

    private static void open(OpenMessage open, ByteBuf out) {
        out.writeByte(OpenMessage.VERSION).writeShort(open.fieldAs()).writeShort(open.holdTimeSeconds());
        out.writeBytes(open.routerId().getAddress());
        ByteBuf capabilities = out.alloc().buffer();
        try {
            open.capabilities().forEach(capability -> CapabilityCodec.write(capabilities, capability));
            int octets = capabilities.readableBytes();
            if (octets == 0) {
                out.writeByte(0);
            } else if (octets + 2 <= PLAIN_PARAMETERS_MAXIMUM_OCTETS) {
                out.writeByte(octets + 2).writeByte(PARAMETER_CAPABILITIES).writeByte(octets);
            } else {
                out.writeByte(255).writeByte(255).writeShort(octets + 3); // RFC 9072 §2
                out.writeByte(PARAMETER_CAPABILITIES).writeShort(octets);
            }
            out.writeBytes(capabilities);
        } finally {
            capabilities.release();
        }
    }

    private static void update(UpdateMessage update, SessionTraits traits, ByteBuf out) {
        int withdrawnAt = out.writerIndex();
        out.writeShort(0);
        Prefixes.writeAll(out, update.withdrawn(), traits);
        out.setShort(withdrawnAt, out.writerIndex() - withdrawnAt - 2);
        int lengthAt = out.writerIndex();
        out.writeShort(0);
        AttributeEncoder.encode(update.attributes(), traits, out);
        out.setShort(lengthAt, out.writerIndex() - lengthAt - 2);
        Prefixes.writeAll(out, update.announced(), traits);
    }
}
