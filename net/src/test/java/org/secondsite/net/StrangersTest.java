package org.secondsite.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StrangersTest {
    @Test
    void theOldestOfAnAddressGivesWayToANewOne() throws UnknownHostException {
        Strangers<String> strangers = new Strangers<>(10, 2);
        InetAddress one = InetAddress.getByName("192.0.2.1");
        assertEquals(Optional.empty(), strangers.came("a", one));
        assertEquals(Optional.empty(), strangers.came("b", one));
        assertEquals(Optional.of("a"), strangers.came("c", one));
        assertEquals(Optional.empty(), strangers.came("d", InetAddress.getByName("192.0.2.2")));
        strangers.gone("b");
        assertEquals(Optional.empty(), strangers.came("e", one));
        assertEquals(3, strangers.count());
    }

    @Test
    void theAddressWithTheMostGivesWayWhenAllPlacesAreTaken() throws UnknownHostException {
        Strangers<String> strangers = new Strangers<>(4, 3);
        strangers.came("rightful", InetAddress.getByName("192.0.2.1"));
        for (int i = 0; i < 3; i++) {
            strangers.came("flood " + i, InetAddress.getByName("198.51.100.1"));
        }
        assertEquals(Optional.of("flood 0"), strangers.came("new", InetAddress.getByName("203.0.113.1")));
        assertEquals(4, strangers.count());
    }

    @Test
    void anIpv6NetworkCountsAsOneAddress() throws UnknownHostException {
        Strangers<String> strangers = new Strangers<>(10, 1);
        strangers.came("a", InetAddress.getByName("2001:db8::1"));
        assertEquals(Optional.of("a"), strangers.came("b", InetAddress.getByName("2001:db8::ffff:1")));
        assertEquals(Optional.empty(), strangers.came("c", InetAddress.getByName("2001:db8:0:1::1")));
    }

    @Test
    void boundsMustMakeSense() {
        assertThrows(IllegalArgumentException.class, () -> new Strangers<>(1, 2));
        assertThrows(IllegalArgumentException.class, () -> new Strangers<>(1, 0));
    }

    @Test
    void boundsHoldWhateverComesAndGoes() throws UnknownHostException {
        for (long seed = 1; seed <= 50; seed++) {
            SplittableRandom dice = new SplittableRandom(seed);
            Strangers<Integer> strangers = new Strangers<>(12, 4);
            Set<Integer> open = new HashSet<>();
            for (int i = 0; i < 500; i++) {
                if (dice.nextInt(3) == 0 && !open.isEmpty()) {
                    int gone = open.iterator().next();
                    open.remove(gone);
                    strangers.gone(gone);
                } else {
                    Optional<Integer> out = strangers.came(i, InetAddress.getByName("192.0.2." + dice.nextInt(8)));
                    open.add(i);
                    if (out.isPresent()) {
                        assertTrue(open.remove(out.get()), "seed " + seed + ": one that was open");
                    }
                }
                assertEquals(open.size(), strangers.count(), "seed " + seed);
                assertTrue(strangers.count() <= 12, "seed " + seed);
            }
        }
    }
}
