package org.secondsite.config;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * An IEEE 802 MAC address.
 *
 * @param value the 48 bits, the first octet on the wire in bits 47..40
 */
public record MacAddress(long value) {
    private static final Pattern TEXT = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");

    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if more than 48 bits are set
     */
    public MacAddress {
        if (value >>> 48 != 0) {
            throw new IllegalArgumentException("a MAC address has 48 bits");
        }
    }

    /**
     * Reads {@code aa:bb:cc:dd:ee:ff}.
     *
     * @throws IllegalArgumentException if the text is not of that form
     */
    public static MacAddress parse(String text) {
        if (!TEXT.matcher(text).matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a MAC address like 52:54:00:12:34:56");
        }
        return new MacAddress(Long.parseLong(text.replace(":", ""), 16));
    }

    /** Whether the group bit is set (multicast and broadcast). */
    public boolean isMulticast() {
        return (value >>> 40 & 1) != 0;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(17);
        for (int shift = 40; shift >= 0; shift -= 8) {
            text.append(String.format(Locale.ROOT, "%02x", value >>> shift & 0xff));
            if (shift > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
