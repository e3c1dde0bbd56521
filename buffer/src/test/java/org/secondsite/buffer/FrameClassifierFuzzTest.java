package org.secondsite.buffer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.buffer.FrameClassifier.Kind;
import org.secondsite.config.MacAddress;
import org.secondsite.config.VmId;

/**
 * Any frame of a VM: nothing beyond its last byte is read, because the memory ends there; and no frame with a VM's MAC
 * address gets past the buffer. That the classifier allocates nothing, {@link EpochBufferAllocationTest} proves.
 */
class FrameClassifierFuzzTest {
    private static final String MAC = "525400c01001";
    private static final String GATEWAY = "02005e000101";
    private static final List<ProtectedVm> VMS = List.of(new ProtectedVm(
            new VmId("one"),
            new MacAddress(Long.parseLong(MAC, 16)),
            List.of(InetAddress.ofLiteral("203.0.113.10"), InetAddress.ofLiteral("2001:db8:1::10"))));
    private static final List<FrameClassifier> BOTH = List.of(
            FrameClassifier.routed(
                    VMS, new MacAddress(Long.parseLong(GATEWAY, 16)), List.of(InetAddress.ofLiteral("203.0.113.1"))),
            FrameClassifier.transparent(VMS));

    static List<byte[]> seeds() {
        String ip6 = "86dd" + "60000000" + "0018" + "3aff" + "20010db8000100000000000000000010"
                + "fe8000000000000000005efffe000101";
        return Stream.of(
                        GATEWAY + MAC + "0800" + "45000014" + "0".repeat(16) + "cb00710a" + "cb007101",
                        "ffffffffffff" + MAC + "0806" + "0001080006040001" + MAC + "cb00710a" + "000000000000cb007101",
                        GATEWAY + MAC + "8100" + "0064" + "88a8" + "0065" + "0800" + "45",
                        GATEWAY + MAC + ip6 + "8700" + "0".repeat(12) + "fe8000000000000000005efffe000101",
                        GATEWAY + MAC + ip6 + "8800" + "0".repeat(12) + "20010db8000100000000000000000011")
                .map(HexFormat.of()::parseHex)
                .toList();
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyFrameIsOfOneKind(byte[] in) {
        MemorySegment frame = MemorySegment.ofArray(in);
        boolean own = in.length >= 14 && HexFormat.of().formatHex(in, 6, 12).equals(MAC);
        for (FrameClassifier classifier : BOTH) {
            Kind kind = classifier.classify(frame, 0, in.length);
            if (own) {
                assertNotEquals(Kind.UNPROTECTED, kind);
            }
            if (kind == Kind.OUTPUT) {
                assertEquals(0, classifier.lane());
                assertTrue(classifier.out() || classifier.back());
            }
        }
    }

    @Test
    void cutAtEveryByte() {
        for (byte[] seed : seeds()) {
            for (int length = 0; length < seed.length; length++) {
                anyFrameIsOfOneKind(Arrays.copyOf(seed, length));
            }
        }
    }
}
