package org.secondsite.bgp.rib;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.AttributeEncoder;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.PathAttribute;
import org.secondsite.bgp.wire.PathAttributes;
import org.secondsite.bgp.wire.SessionTraits;

/** What is left of an UPDATE for routes; the first one always fits, for what is longer than a message fits into none. */
final class MessageSpace {
    private static final int LONGEST_IPV4_ROUTE = 9;
    private static final int LONGEST_IPV6_ROUTE = 21;

    private final boolean paths;
    private int leftOctets;
    private boolean used;
    private boolean full;

    /** Beside these attributes. */
    MessageSpace(SessionTraits traits, AddressFamily family, PathAttributes attributes) {
        paths = traits.addPathSend().contains(family);
        leftOctets = octets(attributes, traits);
    }

    /**
     * Octets that are left for routes beside the attributes, less one for a longer MP_REACH_NLRI header; 0 if not even one of
     * the longest fits.
     */
    static int octets(PathAttributes attributes, SessionTraits traits) {
        ByteBuf scratch = Unpooled.buffer();
        try {
            AttributeEncoder.encode(attributes, traits, scratch);
            int fixed = BgpMessage.HEADER_OCTETS + 4;
            int longestRoute =
                    attributes.get(PathAttribute.NextHop.class).isPresent() ? LONGEST_IPV4_ROUTE : LONGEST_IPV6_ROUTE;
            int left = traits.maximumOctets() - fixed - scratch.readableBytes() - 1;
            return left >= longestRoute ? left : 0;
        } finally {
            scratch.release();
        }
    }

    /** Whether packed routes can be taken as they are. */
    boolean takesRuns() {
        return !paths && !used;
    }

    /** Octets for packed routes. */
    int octets() {
        return leftOctets;
    }

    /** Whether the route goes into the message, in which it is then. */
    boolean fits(Nlri route) {
        // One attribute carries all NLRI of a family that is only handed through.
        boolean alone = route instanceof Nlri.Opaque;
        leftOctets -= AttributeEncoder.octets(route, paths);
        if (full || (used && (alone || leftOctets < 0))) {
            return false;
        }
        used = true;
        full = alone;
        return true;
    }
}
