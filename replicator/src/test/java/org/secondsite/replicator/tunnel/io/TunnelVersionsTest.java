package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.GroupId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.tunnel.PeerMessage;
import org.secondsite.replicator.tunnel.TunnelSettings;

/**
 * A peer with the right certificate that speaks version 3, and later ones, over real TLS. Its frames are written here byte by byte: no
 * class of ours speaks for it.
 */
@Tag("slow")
@Timeout(180)
class TunnelVersionsTest extends TunnelPair {
    private static final TunnelSettings.Timing PATIENT = new TunnelSettings.Timing(50, 2000, 20, 100);

    private static final int HELLO = 1;
    private static final int RESUME = 2;
    private static final int MESSAGE = 5;

    @Test
    void aPeerOfTheVersionBeforeIsConnectedAndUnderstood() throws Exception {
        TlsTunnel a = openA(Set.of(Capability.DISKS));
        SSLSocket old = connected();

        write(old, HELLO, hello(3, 3));
        byte[] answer = read(old, HELLO);
        assertEquals(
                "53534754 0003 0004",
                HexFormat.ofDelimiter("").formatHex(answer, 0, 8).replaceAll("(.{8})(.{4})(.{4})", "$1 $2 $3"));
        write(old, RESUME, new byte[4]);
        assertArrayEquals(new byte[4], read(old, RESUME));

        atA.await("connected", SOON, atA::isConnected);
        atA.await("status", SOON, () -> a.status().detail().equals("protocol version 3"));

        // VMs active: the group's name, and a term.
        write(old, MESSAGE, HexFormat.of().parseHex("03" + "0002" + "6731" + "0000000000000007"));
        atA.awaitEqual(List.of(new PeerMessage.VmsActive(new GroupId("g1"), 7)), atA::messages);
        a.send(new PeerMessage.VmsActive(new GroupId("g1"), 8));
        assertEquals("03000267310000000000000008", HexFormat.of().formatHex(read(old, MESSAGE)));
    }

    @Test
    void aCapabilityIsUsedOnlyWhenBothEndsHaveIt() throws Exception {
        assertEquals("protocol version 4 with DISKS", spoken(Set.of(Capability.DISKS), 2));
        assertEquals("protocol version 4", spoken(Set.of(Capability.DISKS), 0));
        assertEquals("protocol version 4", spoken(Set.of(), 2));
        // What a later program can beyond this one is passed over.
        assertEquals("protocol version 4 with DISKS", spoken(Set.of(Capability.DISKS), -1));
    }

    @Test
    void aPeerOfTheVersionAfterIsSpokenToInThisOne() throws Exception {
        TlsTunnel a = openA(Set.of());
        SSLSocket later = connected();
        ByteBuffer hello = ByteBuffer.wrap(new byte[hello(4, 5).length + 8 + 100]);
        write(later, HELLO, hello.put(hello(4, 5)).array());
        read(later, HELLO);
        write(later, RESUME, new byte[4]);
        atA.await("connected", SOON, atA::isConnected);
        assertEquals("protocol version 4", a.status().detail());
    }

    @Test
    void aHelloOfThisVersionWithoutCapabilitiesIsMalformed() throws Exception {
        TlsTunnel a = openA(Set.of());
        SSLSocket wrong = connected();
        write(wrong, HELLO, hello(3, 4));
        atA.await("refused", SOON, () -> a.status().lastRejection().contains("malformed HELLO"));
        assertTrue(!atA.isConnected());
    }

    /** What the tunnel says it speaks with a peer of version 4 that can that. */
    private String spoken(Set<Capability> own, long peerBits) throws Exception {
        addressA = freeAddress();
        Recorder recorder = new Recorder();
        try (TlsTunnel a = TlsTunnel.open(settings(own), recorder)) {
            SSLSocket peer = connected();
            byte[] plain = hello(3, 4);
            write(
                    peer,
                    HELLO,
                    ByteBuffer.allocate(plain.length + 8)
                            .put(plain)
                            .putLong(peerBits)
                            .array());
            byte[] answer = read(peer, HELLO);
            long said = ByteBuffer.wrap(answer).getLong(answer.length - 8);
            assertEquals(own.isEmpty() ? 0 : 2, said);
            write(peer, RESUME, new byte[4]);
            recorder.await("connected", SOON, recorder::isConnected);
            recorder.await("told", SOON, () -> a.status().detail().startsWith("protocol"));
            return a.status().detail();
        }
    }

    /** The payload of HELLO as version 3 has it: that of site b for site a. */
    private static byte[] hello(int lowest, int highest) {
        return ByteBuffer.allocate(82 + 4)
                .putInt(0x53534754)
                .putShort((short) lowest)
                .putShort((short) highest)
                .putLong(77) // incarnation
                .put(new byte[32]) // beacon key
                .putLong(1 << 20) // version bytes
                .put((byte) 20) // window
                .putLong(1 << 28) // uncommitted
                .putLong(1L << 32) // unfinished
                .putLong(9) // session
                .put((byte) 0) // connection
                .put((byte) 1)
                .put((byte) 'b')
                .put((byte) 1)
                .put((byte) 'a')
                .array();
    }

    private static void write(SSLSocket to, int type, byte[] payload) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(40 + payload.length)
                .putInt(36 + payload.length)
                .put((byte) type)
                .position(36)
                .putInt(0)
                .put(payload);
        CRC32C crc = new CRC32C();
        crc.update(frame.array(), 0, 36);
        crc.update(payload);
        to.getOutputStream().write(frame.putInt(36, (int) crc.getValue()).array());
    }

    /** The payload of the next frame of that type; others, such as heartbeats, are passed over. */
    private static byte[] read(SSLSocket from, int type) throws IOException {
        DataInputStream in = new DataInputStream(from.getInputStream());
        while (true) {
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            byte[] payload = new byte[frame.length - 36];
            System.arraycopy(frame, 36, payload, 0, payload.length);
            if (frame[0] == type) {
                return payload;
            }
            assertTrue(frame[0] != 11, () -> new String(payload, StandardCharsets.UTF_8));
        }
    }

    private TlsTunnel openA(Set<Capability> capabilities) throws Exception {
        return closeLater(TlsTunnel.open(settings(capabilities), atA));
    }

    private TunnelSettings settings(Set<Capability> capabilities) throws Exception {
        return settingsA(pki.issue("a")).withTiming(PATIENT).withCapabilities(capabilities);
    }

    private SSLSocket connected() throws Exception {
        SSLSocket socket = closeLater(JdkTls.connect(pki.issue("b"), addressA));
        socket.setSoTimeout((int) SOON.toMillis());
        return socket;
    }
}
