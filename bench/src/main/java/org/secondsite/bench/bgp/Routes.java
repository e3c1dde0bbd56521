package org.secondsite.bench.bgp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** The same routes for every contender, in the form that it reads. All have the same attributes. */
final class Routes {
    private static final int FIRST_OCTET = 20;
    private static final int PREFIX_OCTETS = 24;
    private static final int FULL_OCTETS = 32;
    private static final int MAX_SHORT = 1 << 17;
    /** Above the 1024 that its queue holds, and what is in the stream. */
    private static final int LOST_AT_THE_END = 4096;

    private Routes() {}

    /** The prefix of that number: /24 up to 131072 of them, and for more /32. */
    static String text(int number, int count) {
        return count <= MAX_SHORT
                ? (FIRST_OCTET + (number >> 16)) + "." + (number >> 8 & 0xff) + "." + (number & 0xff) + ".0/"
                        + PREFIX_OCTETS
                : FIRST_OCTET + "." + (number >> 16 & 0xff) + "." + (number >> 8 & 0xff) + "." + (number & 0xff) + "/"
                        + FULL_OCTETS;
    }

    static Map<Nlri, RouteAttributes> map(int count) {
        Map<Nlri, RouteAttributes> routes = HashMap.newHashMap(count);
        for (int i = 0; i < count; i++) {
            routes.put(Nlri.of(Prefix.parse(text(i, count))), RouteAttributes.PLAIN);
        }
        return routes;
    }

    /** A line for each. */
    static void write(Path file, String head, int count, IntFunction<String> line, String tail) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(file, US_ASCII)) {
            out.write(head);
            for (int i = 0; i < count; i++) {
                out.write(line.apply(i));
                out.write('\n');
            }
            out.write(tail);
        }
    }

    /**
     * A table dump (RFC 6396 §4.3): a PEER_INDEX_TABLE with one peer, then a RIB_IPV4_UNICAST for each route. The last one is
     * there often: {@code gobgp mrt inject} ends without waiting for what it has written last.
     *
     * <pre>
     * u32 timestamp, u16 type 13, u16 subtype 1 or 2, u32 length, then
     *   1: u32 collector, u16 name length 0, u16 peers 1, u8 type 2 (IPv4, four-octet AS), u32 id, u32 address, u32 AS
     *   2: u32 sequence, u8 length, prefix, u16 entries 1, u16 peer 0, u32 time, u16 attribute length, attributes
     * </pre>
     */
    static void writeMrt(Path file, int count, long as, String nextHop) throws IOException {
        byte[] hop = Prefix.parseAddress(nextHop).getAddress();
        try (DataOutputStream out =
                new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file), 1 << 16))) {
            header(out, 1, 4 + 2 + 2 + 1 + 4 + 4 + 4);
            out.write(hop);
            out.writeShort(0);
            out.writeShort(1);
            out.writeByte(2);
            out.write(hop);
            out.write(hop);
            out.writeInt((int) as);
            for (int i = 0; i < count + LOST_AT_THE_END; i++) {
                Prefix prefix = Prefix.parse(text(Math.min(i, count - 1), count));
                int octets = prefix.length() / Byte.SIZE;
                // ORIGIN IGP, AS_PATH of one AS, NEXT_HOP
                int attributes = 4 + 3 + 6 + 7;
                header(out, 2, 4 + 1 + octets + 2 + 2 + 4 + 2 + attributes);
                out.writeInt(i);
                out.writeByte(prefix.length());
                out.write(prefix.address().getAddress(), 0, octets);
                out.writeShort(1);
                out.writeShort(0);
                out.writeInt(0);
                out.writeShort(attributes);
                out.write(new byte[] {0x40, 1, 1, 0, 0x40, 2, 6, 2, 1});
                out.writeInt((int) as);
                out.write(new byte[] {0x40, 3, 4});
                out.write(hop);
            }
        }
    }

    private static void header(DataOutputStream out, int subtype, int length) throws IOException {
        out.writeInt(0);
        out.writeShort(13);
        out.writeShort(subtype);
        out.writeInt(length);
    }
}
