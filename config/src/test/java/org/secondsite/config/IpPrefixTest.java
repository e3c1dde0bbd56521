package org.secondsite.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IpPrefixTest {
    @ParameterizedTest
    @ValueSource(strings = {"203.0.113.0/24", "0.0.0.0/0", "203.0.113.129/32", "10.128.0.0/9"})
    void canonicalTextIsKept(String text) {
        assertEquals(text, IpPrefix.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "203.0.113.1/24",
                "203.0.113.0",
                "203.0.113.0/33",
                "203.0.113.0/x",
                "example.org/24",
                "1.2/16",
                "2001:db8::1/64"
            })
    void otherTextIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> IpPrefix.parse(text));
    }

    @Test
    void containsIsByBits() {
        IpPrefix prefix = IpPrefix.parse("203.0.113.128/25");
        assertTrue(prefix.contains(IpPrefix.parseAddress("203.0.113.200")));
        assertFalse(prefix.contains(IpPrefix.parseAddress("203.0.113.127")));
        assertFalse(prefix.contains(IpPrefix.parseAddress("2001:db8::1")));
        assertTrue(IpPrefix.parse("203.0.113.0/24").contains(prefix));
        assertFalse(prefix.contains(IpPrefix.parse("203.0.113.0/24")));
    }

    @Test
    void macTextIsKept() {
        assertEquals("52:54:00:0a:ff:01", MacAddress.parse("52:54:00:0A:ff:01").toString());
        assertTrue(new MacAddress(0x0100_0000_0000L).isMulticast());
        assertFalse(MacAddress.parse("52:54:00:0a:ff:01").isMulticast());
        assertThrows(IllegalArgumentException.class, () -> MacAddress.parse("52:54:00:0a:ff"));
    }
}
