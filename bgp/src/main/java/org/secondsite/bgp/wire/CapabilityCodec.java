package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;

/** Capabilities (RFC 5492 §4): {@code code u8, length u8, value}. */
final class CapabilityCodec {
    private CapabilityCodec() {}

    /** Reads to the end of the buffer; false if a capability runs past it. */
    static boolean readAll(ByteBuf in, List<Capability> capabilities) {
        while (in.isReadable()) {
            if (in.readableBytes() < 2) {
                return false;
            }
            int code = in.readUnsignedByte();
            int length = in.readUnsignedByte();
            if (length > in.readableBytes()) {
                return false;
            }
            capabilities.add(read(code, in.readSlice(length)));
        }
        return true;
    }

    /** A capability of a length that its document does not allow is kept as unrecognized, and so has no effect. */
    private static Capability read(int code, ByteBuf value) {
        if (!isLengthRegistered(code, value.readableBytes())) {
            return new Capability.Unrecognized(code, Octets.copyOf(value));
        }
        return switch (code) {
            case Capability.Multiprotocol.CODE -> {
                int afi = value.readUnsignedShort();
                value.skipBytes(1);
                yield new Capability.Multiprotocol(new AddressFamily(afi, value.readUnsignedByte()));
            }
            case Capability.RouteRefresh.CODE -> new Capability.RouteRefresh();
            case Capability.ExtendedMessage.CODE -> new Capability.ExtendedMessage();
            case Capability.GracefulRestart.CODE -> gracefulRestart(value);
            case Capability.FourOctetAs.CODE -> new Capability.FourOctetAs(value.readUnsignedInt());
            case Capability.AddPath.CODE -> addPath(value);
            case Capability.ExtendedNextHop.CODE -> extendedNextHop(value);
            case Capability.EnhancedRouteRefresh.CODE -> new Capability.EnhancedRouteRefresh();
            default -> new Capability.Unrecognized(code, Octets.copyOf(value));
        };
    }

    private static boolean isLengthRegistered(int code, int octets) {
        return switch (code) {
            case Capability.Multiprotocol.CODE, Capability.FourOctetAs.CODE -> octets == 4;
            case Capability.RouteRefresh.CODE, Capability.ExtendedMessage.CODE, Capability.EnhancedRouteRefresh.CODE ->
                octets == 0;
            case Capability.GracefulRestart.CODE -> octets >= 2 && octets % 4 == 2;
            case Capability.AddPath.CODE -> octets % 4 == 0;
            case Capability.ExtendedNextHop.CODE -> octets % 6 == 0;
            default -> true;
        };
    }

    private static Capability gracefulRestart(ByteBuf value) {
        int head = value.readUnsignedShort();
        List<Capability.GracefulRestart.PreservedFamily> families = new ArrayList<>();
        while (value.isReadable()) {
            AddressFamily family = new AddressFamily(value.readUnsignedShort(), value.readUnsignedByte());
            families.add(
                    new Capability.GracefulRestart.PreservedFamily(family, (value.readUnsignedByte() & 0x80) != 0));
        }
        return new Capability.GracefulRestart((head & 0x8000) != 0, (head & 0x4000) != 0, head & 0x0fff, families);
    }

    private static Capability addPath(ByteBuf value) {
        List<Capability.AddPath.Direction> directions = new ArrayList<>();
        while (value.isReadable()) {
            AddressFamily family = new AddressFamily(value.readUnsignedShort(), value.readUnsignedByte());
            int mode = value.readUnsignedByte();
            if (mode >= 1 && mode <= 3) {
                directions.add(new Capability.AddPath.Direction(family, mode)); // RFC 7911 §4: others are ignored
            }
        }
        return new Capability.AddPath(directions);
    }

    private static Capability extendedNextHop(ByteBuf value) {
        List<AddressFamily> families = new ArrayList<>();
        while (value.isReadable()) {
            AddressFamily family = new AddressFamily(value.readUnsignedShort(), value.readUnsignedShort());
            if (value.readUnsignedShort() == Capability.ExtendedNextHop.nextHopAfi(family)) {
                families.add(family);
            }
        }
        return new Capability.ExtendedNextHop(families);
    }

    static void write(ByteBuf out, Capability capability) {
        out.writeByte(capability.code());
        int lengthAt = out.writerIndex();
        out.writeByte(0);
        switch (capability) {
            case Capability.Multiprotocol(AddressFamily family) -> {
                out.writeShort(family.afi());
                out.writeByte(0);
                out.writeByte(family.safi());
            }
            case Capability.FourOctetAs(long as) -> out.writeInt((int) as);
            case Capability.AddPath(List<Capability.AddPath.Direction> directions) -> {
                for (Capability.AddPath.Direction direction : directions) {
                    out.writeShort(direction.family().afi());
                    out.writeByte(direction.family().safi());
                    out.writeByte(direction.mode());
                }
            }
            case Capability.ExtendedNextHop(List<AddressFamily> families) ->
                families.forEach(family -> out.writeShort(family.afi())
                        .writeShort(family.safi())
                        .writeShort(Capability.ExtendedNextHop.nextHopAfi(family)));
            case Capability.GracefulRestart restart -> {
                int head = (restart.restartState() ? 0x8000 : 0) | (restart.notification() ? 0x4000 : 0);
                out.writeShort(head | (restart.restartTimeSeconds() & 0x0fff));
                for (Capability.GracefulRestart.PreservedFamily preserved : restart.families()) {
                    out.writeShort(preserved.family().afi());
                    out.writeByte(preserved.family().safi());
                    out.writeByte(preserved.forwardingPreserved() ? 0x80 : 0);
                }
            }
            case Capability.Unrecognized(int _, Octets value) -> value.writeTo(out);
            case Capability.RouteRefresh _, Capability.ExtendedMessage _, Capability.EnhancedRouteRefresh _ -> {}
        }
        out.setByte(lengthAt, out.writerIndex() - lengthAt - 1);
    }
}
