package org.secondsite.bgp.exabgp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.testing.Allocation;

/** Any line of a helper. */
class CommandFuzzTest {
    /** A line may ask for one prefix to be split into 65,536 routes. */
    private static final long SPLIT_BYTES = 64L << 20;

    static List<byte[]> seeds() {
        return Stream.of(
                        "announce route 10.0.0.0/8 next-hop 192.0.2.1 origin egp as-path [ 65001 ( 65010 65011 ) ] med 5"
                                + " community [65001:100 no-export] large-community [65001:1:2] aggregator"
                                + " ( 65001:10.0.0.1 ) atomic-aggregate attribute [0x63 0xc0 0x0102030405]",
                        "announce route 10.0.0.0/8 next-hop self split /12",
                        "neighbor 192.0.2.1 local-as 65001, neighbor * withdraw route 2001:db8::/32 next-hop ::1",
                        "announce attributes next-hop self nlri 10.0.0.0/8 10.1.0.0/16",
                        "group attributes med 5 ; announce route 10.0.0.0/8 next-hop self",
                        "announce eor ipv4 unicast",
                        "teardown 6",
                        "show neighbor summary",
                        "flush adj-rib out")
                .map(line -> line.getBytes(UTF_8))
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyLineIsACommandOrAFault(byte[] in) {
        Allocation.bounded(SPLIT_BYTES, 1024, in, () -> CommandParser.parse(new String(in, UTF_8)));
        ApiCommand command = CommandParser.parse(new String(in, UTF_8));
        if (command instanceof ApiCommand.Fault(String reason)) {
            assertTrue(!reason.isEmpty());
        }
    }

    @Test
    void cutAtEveryByte() {
        for (byte[] seed : seeds()) {
            for (int length = 0; length < seed.length; length++) {
                anyLineIsACommandOrAFault(Arrays.copyOf(seed, length));
            }
        }
    }
}
