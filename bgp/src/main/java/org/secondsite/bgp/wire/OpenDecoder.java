package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.net.Inet4Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the body of one OPEN (RFC 4271 §4.2 and §6.2, RFC 5492, RFC 9072). */
final class OpenDecoder {
    private static final int PARAMETER_CAPABILITIES = 2;
    private static final int PARAMETER_EXTENDED_LENGTH = 255;

    private OpenDecoder() {}

    /** The buffer holds exactly the body, ten octets or more. */
    static Decoded decode(ByteBuf body) {
        int version = body.readUnsignedByte();
        if (version != OpenMessage.VERSION) {
            return Decoded.Reset.of(
                    BgpError.UNSUPPORTED_VERSION_NUMBER, Octets.of(0, OpenMessage.VERSION), "version " + version);
        }
        int fieldAs = body.readUnsignedShort();
        int holdTimeSeconds = body.readUnsignedShort();
        Inet4Address routerId = Prefixes.readIpv4(body);
        if (holdTimeSeconds == 1 || holdTimeSeconds == 2) {
            // RFC 4271 §4.2: the hold time is 0 or at least 3 s.
            return Decoded.Reset.of(BgpError.UNACCEPTABLE_HOLD_TIME, "hold time of " + holdTimeSeconds + " s");
        }
        if (routerId.isAnyLocalAddress()) {
            return Decoded.Reset.of(BgpError.BAD_BGP_IDENTIFIER, "BGP identifier 0.0.0.0"); // RFC 6286 §2.1
        }
        List<Capability> capabilities = new ArrayList<>();
        Optional<Decoded.Reset> fault = readParameters(body, capabilities);
        if (fault.isPresent()) {
            return fault.get();
        }
        OpenMessage open = new OpenMessage(fieldAs, holdTimeSeconds, routerId, capabilities);
        if (fieldAs == 0 || open.as() == 0) {
            return Decoded.Reset.of(BgpError.BAD_PEER_AS, "AS 0"); // RFC 7607 §2
        }
        return new Decoded.Message(open);
    }

    private static Optional<Decoded.Reset> readParameters(ByteBuf body, List<Capability> capabilities) {
        int octets = body.readUnsignedByte();
        // RFC 9072 §2: type 255 first marks the form with two-octet lengths; the one-octet length before it should be
        // 255, but any except 0 will do, and is not used.
        boolean extended = octets != 0
                && body.readableBytes() >= 3
                && body.getUnsignedByte(body.readerIndex()) == PARAMETER_EXTENDED_LENGTH;
        if (extended) {
            body.skipBytes(1);
            octets = body.readUnsignedShort();
        }
        if (octets != body.readableBytes()) {
            return malformed("parameters of " + octets + " octets in " + body.readableBytes());
        }
        int headerOctets = extended ? 3 : 2;
        while (body.isReadable()) {
            if (body.readableBytes() < headerOctets) {
                return malformed("a parameter is cut in its header");
            }
            int type = body.readUnsignedByte();
            int length = extended ? body.readUnsignedShort() : body.readUnsignedByte();
            if (length > body.readableBytes()) {
                return malformed("parameter " + type + " of " + length + " octets in " + body.readableBytes());
            }
            ByteBuf value = body.readSlice(length);
            if (type != PARAMETER_CAPABILITIES) {
                return Optional.of(
                        Decoded.Reset.of(BgpError.UNSUPPORTED_OPTIONAL_PARAMETER, "optional parameter " + type));
            }
            if (!CapabilityCodec.readAll(value, capabilities)) {
                return malformed("a capability runs past its parameter");
            }
        }
        return Optional.empty();
    }

    private static Optional<Decoded.Reset> malformed(String reason) {
        return Optional.of(Decoded.Reset.of(BgpError.OPEN_UNSPECIFIC, reason));
    }
}
