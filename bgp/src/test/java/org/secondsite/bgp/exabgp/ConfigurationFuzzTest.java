package org.secondsite.bgp.exabgp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Any text as a configuration file of ExaBGP. */
class ConfigurationFuzzTest {
    static List<byte[]> seeds() {
        return Stream.of("""
                        process p { run x.sh "a;b"; encoder json; respawn false; } # comment
                        template { neighbor t { hold-time 30; } }
                        neighbor 10.7.0.2 { inherit t; router-id 10.7.0.1; local-as 65100; peer-as 65001;
                          md5-password 'a key'; family { ipv4 unicast; ipv4 flow; } capability { add-path send; }
                          api a { processes [ p ]; neighbor-changes; receive { parsed; update; } }
                          static { route 192.0.2.0/24 { next-hop self; split /25; } }
                          announce { ipv4 { unicast 10.0.0.0/8 next-hop self; } }
                          flow { route f { match { source 10.0.0.1/32; } then { discard; } } } }
                        """).map(text -> text.getBytes(UTF_8)).toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyTextIsReadOrRefusedWithItsLine(byte[] in) {
        if (Configuration.parse(new String(in, UTF_8)) instanceof Configuration.Outcome.Refused(String reason)) {
            assertTrue(reason.startsWith("line "), reason);
        }
    }

    @Test
    void cutAndBentAtEveryByte() {
        for (byte[] seed : seeds()) {
            for (int i = 0; i < seed.length; i++) {
                anyTextIsReadOrRefusedWithItsLine(Arrays.copyOf(seed, i));
                for (byte other : "{};\"[#\n".getBytes(UTF_8)) {
                    byte[] bent = seed.clone();
                    bent[i] = other;
                    anyTextIsReadOrRefusedWithItsLine(bent);
                }
            }
        }
    }
}
