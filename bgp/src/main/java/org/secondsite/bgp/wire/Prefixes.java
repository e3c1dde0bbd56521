package org.secondsite.bgp.wire;

import io.netty.buffer.ByteBuf;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Prefixes and addresses on the wire (RFC 4271 §4.3, RFC 7911 §3).
 *
 * <pre>
 * +-----------------------------+--------+------------------------------
 * | path identifier, ADD-PATH   | length | the octets that hold its bits
 * | only, four octets           | bits   | 0 to 4, or 0 to 16
 * +-----------------------------+--------+------------------------------
 * </pre>
 */
final class Prefixes {
    private static final int TWO_OCTET_LENGTH = 0xf0;

    private Prefixes() {}

    /** The prefixes up to the end or the first fault. */
    record Read(List<Nlri> prefixes, Optional<String> fault) {}

    /** Reads to the end of the buffer. Bits behind the length of a prefix are ignored (RFC 4271 §4.3). */
    static Read readAll(ByteBuf in, AddressFamily family, SessionTraits traits) {
        if (family.isFlow()) {
            return flows(in, family);
        }
        boolean addPath = traits.addPathReceive().contains(family);
        int addressOctets = family.addressOctets();
        List<Nlri> prefixes = new ArrayList<>();
        while (in.isReadable()) {
            if (in.readableBytes() < (addPath ? 5 : 1)) {
                return new Read(prefixes, Optional.of("a path identifier is cut"));
            }
            long pathId = addPath ? in.readUnsignedInt() : Nlri.Unicast.NO_PATH;
            int bits = in.readUnsignedByte();
            if (bits > addressOctets * 8) {
                return new Read(prefixes, Optional.of("prefix length " + bits));
            }
            int octets = (bits + 7) / 8;
            if (in.readableBytes() < octets) {
                return new Read(prefixes, Optional.of("a prefix of " + bits + " bits is cut"));
            }
            byte[] address = new byte[addressOctets];
            in.readBytes(address, 0, octets);
            if (bits % 8 != 0) {
                address[octets - 1] &= (byte) (0xff00 >>> bits % 8);
            }
            prefixes.add(new Nlri.Unicast(pathId, new Prefix(address(address), bits)));
        }
        return new Read(prefixes, Optional.empty());
    }

    /** RFC 8955 §4.1: a length of one octet, or of two when the first is 0xf0 or more, and as many octets. */
    private static Read flows(ByteBuf in, AddressFamily family) {
        List<Nlri> rules = new ArrayList<>();
        while (in.isReadable()) {
            int octets = in.readUnsignedByte();
            if (octets >= TWO_OCTET_LENGTH) {
                if (!in.isReadable()) {
                    return new Read(rules, Optional.of("the length of a flow rule is cut"));
                }
                octets = (octets & 0x0f) << 8 | in.readUnsignedByte();
            }
            if (octets == 0 || octets > in.readableBytes()) {
                return new Read(rules, Optional.of("a flow rule of " + octets + " in " + in.readableBytes()));
            }
            Octets rule = Octets.copyOf(in.readSlice(octets));
            Optional<String> fault = FlowSpec.fault(rule, family);
            if (fault.isPresent()) {
                return new Read(rules, fault);
            }
            rules.add(new Nlri.Flow(family, rule));
        }
        return new Read(rules, Optional.empty());
    }

    /** Octets that the route takes on the wire. */
    static int octets(Nlri nlri, boolean paths) {
        return switch (nlri) {
            case Nlri.Unicast unicast -> (paths ? 5 : 1) + (unicast.prefix().length() + 7) / 8;
            case Nlri.Flow flow ->
                (flow.rule().length() < TWO_OCTET_LENGTH ? 1 : 2) + flow.rule().length();
            case Nlri.Opaque opaque -> opaque.field().length();
        };
    }

    /** Writes all; in a family with ADD-PATH, a prefix without a path identifier goes out with 0. */
    static void writeAll(ByteBuf out, List<? extends Nlri> all, SessionTraits traits) {
        // All routes of a field are of one family.
        boolean paths =
                !all.isEmpty() && traits.addPathSend().contains(all.getFirst().family());
        if (all instanceof RouteRun run && !paths) {
            run.writeTo(out);
            return;
        }
        for (Nlri nlri : all) {
            switch (nlri) {
                case Nlri.Unicast unicast -> {
                    if (paths) {
                        out.writeInt(unicast.hasPath() ? (int) unicast.pathId() : 0);
                    }
                    write(out, unicast.prefix());
                }
                case Nlri.Flow flow -> {
                    int octets = flow.rule().length();
                    if (octets < TWO_OCTET_LENGTH) {
                        out.writeByte(octets);
                    } else {
                        out.writeShort(0xf000 | octets);
                    }
                    flow.rule().writeTo(out);
                }
                case Nlri.Opaque opaque -> opaque.field().writeTo(out);
            }
        }
    }

    private static void write(ByteBuf out, Prefix prefix) {
        out.writeByte(prefix.length());
        out.writeBytes(prefix.address().getAddress(), 0, (prefix.length() + 7) / 8);
    }

    static Inet4Address readIpv4(ByteBuf in) {
        byte[] octets = new byte[4];
        in.readBytes(octets);
        return (Inet4Address) address(octets);
    }

    static Inet6Address readIpv6(ByteBuf in) {
        byte[] octets = new byte[16];
        in.readBytes(octets);
        return (Inet6Address) address(octets);
    }

    private static InetAddress address(byte[] octets) {
        try {
            // InetAddress.getByAddress would turn an IPv4-mapped IPv6 address into an IPv4 one.
            return octets.length == 16 ? Inet6Address.getByAddress(null, octets, -1) : InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 octets are an address", e);
        }
    }
}
