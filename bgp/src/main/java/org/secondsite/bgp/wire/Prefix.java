package org.secondsite.bgp.wire;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * An IPv4 or IPv6 prefix, canonical: no bit is set behind its length.
 *
 * @param address the network address
 * @param length the number of significant bits: 0 to 32, or 0 to 128
 */
public record Prefix(InetAddress address, int length) {
    private static final Pattern LITERAL = Pattern.compile("[0-9a-fA-F.:]+");

    /**
     * Checks length and canonical form.
     *
     * @throws IllegalArgumentException if the length is out of range or a host bit is set
     */
    public Prefix {
        byte[] octets = address.getAddress();
        if (length < 0 || length > octets.length * 8) {
            throw new IllegalArgumentException("prefix length " + length + " is not within 0.." + octets.length * 8);
        }
        if (!Arrays.equals(octets, masked(octets, length))) {
            throw new IllegalArgumentException(
                    address.getHostAddress() + "/" + length + " has host bits set; did you mean "
                            + literal(masked(octets, length)).getHostAddress() + "/" + length + "?");
        }
    }

    /**
     * Reads {@code 203.0.113.0/24} or {@code 2001:db8::/32}. Never asks a name server.
     *
     * @throws IllegalArgumentException if the text is no canonical prefix
     */
    public static Prefix parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("'" + text + "' is not a prefix like 203.0.113.0/24");
        }
        int length;
        try {
            length = Integer.parseInt(text.substring(slash + 1));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' has no number after '/'", e);
        }
        return new Prefix(parseAddress(text.substring(0, slash)), length);
    }

    /**
     * Reads an IP address literal. Never asks a name server.
     *
     * @throws IllegalArgumentException if the text is no address literal
     */
    public static InetAddress parseAddress(String text) {
        boolean plausible =
                LITERAL.matcher(text).matches() && (text.indexOf(':') >= 0 || text.split("\\.", -1).length == 4);
        try {
            if (plausible) {
                return InetAddress.ofLiteral(text);
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + text + "' is not an IP address", e);
        }
        throw new IllegalArgumentException("'" + text + "' is not an IP address");
    }

    /** The prefix of the given length that {@code host} lies in. */
    public static Prefix around(InetAddress host, int length) {
        return new Prefix(literal(masked(host.getAddress(), length)), length);
    }

    /** Whether this is an IPv4 prefix. */
    public boolean isIpv4() {
        return address.getAddress().length == 4;
    }

    /** Whether every address of {@code other} is in this prefix. */
    public boolean contains(Prefix other) {
        return other.length >= length && contains(other.address);
    }

    /** Whether an address is in both prefixes. */
    public boolean overlaps(Prefix other) {
        return contains(other) || other.contains(this);
    }

    /** Whether {@code host} is in this prefix. */
    public boolean contains(InetAddress host) {
        byte[] octets = host.getAddress();
        return octets.length == address.getAddress().length
                && Arrays.equals(masked(octets, length), address.getAddress());
    }

    // Spelt out, as those of Nlri.Unicast are.
    @Override
    public boolean equals(Object other) {
        return other instanceof Prefix that && length == that.length && address.equals(that.address);
    }

    @Override
    public int hashCode() {
        return 31 * address.hashCode() + length;
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + length;
    }

    private static byte[] masked(byte[] octets, int length) {
        byte[] masked = octets.clone();
        for (int i = 0; i < masked.length; i++) {
            int kept = Math.clamp(length - 8L * i, 0, 8);
            masked[i] &= (byte) (0xff00 >>> kept);
        }
        return masked;
    }

    private static InetAddress literal(byte[] octets) {
        try {
            return InetAddress.getByAddress(octets);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 or 16 octets are an address", e);
        }
    }
}
