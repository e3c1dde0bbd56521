package org.secondsite.bgp.exabgp;

import java.net.InetAddress;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** Addresses as RFC 5952 writes them: lower case, the longest run of zeros as {@code ::}. */
public final class AddressText {
    private AddressText() {}

    /** The prefix. */
    public static String of(Prefix prefix) {
        return of(prefix.address()) + "/" + prefix.length();
    }

    /** Where the route leads. */
    public static String of(Nlri nlri) {
        return nlri instanceof Nlri.Unicast unicast && !unicast.hasPath() ? of(unicast.prefix()) : nlri.toString();
    }

    /** The address. */
    public static String of(InetAddress address) {
        byte[] octets = address.getAddress();
        if (octets.length == 4) {
            return address.getHostAddress();
        }
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = (octets[2 * i] & 0xff) << 8 | (octets[2 * i + 1] & 0xff);
        }
        int bestStart = -1;
        int bestLength = 1; // a single zero is not shortened
        for (int i = 0; i < 8; i++) {
            int length = 0;
            while (i + length < 8 && groups[i + length] == 0) {
                length++;
            }
            if (length > bestLength) {
                bestStart = i;
                bestLength = length;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
            } else {
                text.append(text.isEmpty() || text.charAt(text.length() - 1) == ':' ? "" : ":");
                text.append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }
}
