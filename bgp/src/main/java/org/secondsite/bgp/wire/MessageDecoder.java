package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;

/**
 * Takes one message off the front of a stream (RFC 4271 §4.1).
 *
 * <pre>
 *  0                16              18      19
 * +----------------+---------------+-------+---------
 * | 16 × 0xff      | length, octets| type  | body ...     length: 19 to 4096, header included
 * +----------------+---------------+-------+---------     (to 65535 with RFC 8654, not OPEN and KEEPALIVE)
 * </pre>
 */
public final class MessageDecoder {
    private static final int MARKER_OCTETS = 16;
    private static final int MINIMUM_OPEN_OCTETS = 29;
    private static final int MINIMUM_UPDATE_OCTETS = 23;
    private static final int MINIMUM_NOTIFICATION_OCTETS = 21;
    private static final int ROUTE_REFRESH_OCTETS = 23;

    private MessageDecoder() {}

    /** Decodes the message at the reader index, which moves behind it only if it is whole and sound enough. */
    public static Decoded decode(ByteBuf in, SessionTraits traits) {
        int start = in.readerIndex();
        if (in.readableBytes() < BgpMessage.HEADER_OCTETS) {
            return new Decoded.NeedMore(BgpMessage.HEADER_OCTETS);
        }
        for (int i = 0; i < MARKER_OCTETS; i++) {
            if (in.getUnsignedByte(start + i) != 0xff) {
                return Decoded.Reset.of(BgpError.CONNECTION_NOT_SYNCHRONIZED, "octet " + i + " of the marker");
            }
        }
        int length = in.getUnsignedShort(start + MARKER_OCTETS);
        int type = in.getUnsignedByte(start + MARKER_OCTETS + 2);
        if (type < OpenMessage.TYPE || type > RouteRefreshMessage.TYPE) {
            return Decoded.Reset.of(BgpError.BAD_MESSAGE_TYPE, Octets.of(type), "message type " + type);
        }
        if (!isLengthAllowed(type, length, traits)) {
            return Decoded.Reset.of(
                    BgpError.BAD_MESSAGE_LENGTH,
                    Octets.of(length >>> 8, length),
                    "message type " + type + " of " + length + " octets");
        }
        if (in.readableBytes() < length) {
            return new Decoded.NeedMore(length);
        }
        in.skipBytes(BgpMessage.HEADER_OCTETS);
        ByteBuf body = in.readSlice(length - BgpMessage.HEADER_OCTETS);
        return switch (type) {
            case OpenMessage.TYPE -> OpenDecoder.decode(body);
            case UpdateMessage.TYPE -> UpdateDecoder.decode(body, traits);
            case NotificationMessage.TYPE ->
                new Decoded.Message(
                        new NotificationMessage(body.readUnsignedByte(), body.readUnsignedByte(), Octets.copyOf(body)));
            case KeepaliveMessage.TYPE -> new Decoded.Message(new KeepaliveMessage());
            default -> routeRefresh(body, in.slice(start, length));
        };
    }

    private static boolean isLengthAllowed(int type, int length, SessionTraits traits) {
        return switch (type) {
            case OpenMessage.TYPE -> length >= MINIMUM_OPEN_OCTETS && length <= BgpMessage.MAX_OCTETS;
            case UpdateMessage.TYPE -> length >= MINIMUM_UPDATE_OCTETS && length <= traits.maximumOctets();
            case NotificationMessage.TYPE -> length >= MINIMUM_NOTIFICATION_OCTETS && length <= traits.maximumOctets();
            case KeepaliveMessage.TYPE -> length == BgpMessage.HEADER_OCTETS;
            // Longer ones are judged by their subtype; the body has to hold that much.
            default -> length >= ROUTE_REFRESH_OCTETS && length <= traits.maximumOctets();
        };
    }

    private static Decoded routeRefresh(ByteBuf body, ByteBuf whole) {
        int octets = body.readableBytes();
        int afi = body.readUnsignedShort();
        int subtype = body.readUnsignedByte();
        AddressFamily family = new AddressFamily(afi, body.readUnsignedByte());
        boolean marks = subtype == RouteRefreshMessage.BEGIN || subtype == RouteRefreshMessage.END;
        if (marks && octets != ROUTE_REFRESH_OCTETS - BgpMessage.HEADER_OCTETS) {
            // RFC 7313 §5: the data field holds the whole message.
            return Decoded.Reset.of(
                    BgpError.INVALID_MESSAGE_LENGTH, Octets.copyOf(whole), "route refresh of " + octets + " octets");
        }
        return new Decoded.Message(new RouteRefreshMessage(family, subtype));
    }
}
