package org.secondsite.config;

import java.net.InetAddress;

/**
 * An address of an interface together with the length of the subnet's prefix, such as {@code 203.0.113.1/24}.
 *
 * @param address the interface's own address
 * @param prefixLength 0 to 32, or 0 to 128
 */
public record InterfaceAddress(InetAddress address, int prefixLength) {
    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if it is out of range
     */
    public InterfaceAddress {
        int bits = address.getAddress().length * 8;
        if (prefixLength < 0 || prefixLength > bits) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " is not within 0.." + bits);
        }
    }

    /**
     * Reads {@code 203.0.113.1/24}.
     *
     * @throws IllegalArgumentException if the text is not of that form
     */
    public static InterfaceAddress parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("'" + text + "' is not an address with a length like 203.0.113.1/24");
        }
        InetAddress address = IpPrefix.parseAddress(text.substring(0, slash));
        try {
            return new InterfaceAddress(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + text + "' has no number after '/'", e);
        }
    }

    /** The subnet that the interface is in. */
    public IpPrefix subnet() {
        return IpPrefix.around(address, prefixLength);
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefixLength;
    }
}
