package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.fsm.FsmTimers;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.BgpMessage;
import org.secondsite.bgp.wire.Capability;
import org.secondsite.bgp.wire.KeepaliveMessage;
import org.secondsite.bgp.wire.MessageEncoder;
import org.secondsite.bgp.wire.OpenMessage;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.bgp.wire.SessionTraits;

/** A peer that keeps sending KEEPALIVE but reads nothing: RFC 9687's zombie. */
@Timeout(240)
class StalledPeerTest {
    private static final InetAddress US = Prefix.parseAddress("127.0.0.1");
    private static final InetAddress PEER = Prefix.parseAddress("127.0.0.3");

    /** Long enough for a KEEPALIVE to come late on a busy machine; the send hold time is twice as long. */
    private static final int HOLD_SECONDS = 6;

    private final RecordingListener heard = new RecordingListener();

    private static void send(Socket socket, BgpMessage message) throws IOException {
        ByteBuf buffer = Unpooled.buffer();
        MessageEncoder.encode(message, SessionTraits.BASIC, buffer);
        socket.getOutputStream().write(ByteBufUtil.getBytes(buffer));
    }

    private BgpSpeaker speaker(int sendHoldSeconds) throws IOException {
        FsmTimers timers = new FsmTimers(1000, 1000, 30_000, 10_000, 240, sendHoldSeconds);
        NeighborSettings peer = new NeighborSettings(
                PEER, 179, US, 65001, HOLD_SECONDS, true, Optional.empty(), NeighborOptions.DEFAULT.withTimers(timers));
        return BgpSpeaker.open(
                new SpeakerSettings(65100, (Inet4Address) Prefix.parseAddress("10.0.0.1"), List.of(peer))
                        .withListen(List.of(new InetSocketAddress(US, 0))),
                heard);
    }

    @Test
    void rfc9687EndsASessionThatTakesNothing() throws Exception {
        Map<Prefix, RouteAttributes> many = new HashMap<>();
        for (int i = 0; i < 60_000; i++) {
            Prefix prefix = Prefix.parse("20." + (i >> 8) + "." + (i & 0xff) + ".0/24");
            many.put(prefix, RouteAttributes.PLAIN.withMed(i)); // each a message of its own: some 3 MB
        }
        try (BgpSpeaker speaker = speaker(1);
                Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.bind(new InetSocketAddress(PEER, 0));
            socket.connect(speaker.listening().getFirst());
            Inet4Address id = (Inet4Address) Prefix.parseAddress("10.0.0.3");
            send(socket, new OpenMessage(65001, HOLD_SECONDS, id, List.of(new Capability.FourOctetAs(65001))));
            send(socket, new KeepaliveMessage());
            heard.await("established", 30, () -> heard.established() == 1);
            speaker.advertise(many);
            long begin = System.nanoTime();
            while (heard.downs() == 0 && System.nanoTime() - begin < 60_000_000_000L) {
                send(socket, new KeepaliveMessage());
                Thread.sleep(500);
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            assertEquals("Send Hold Timer Expired", heard.lastDown());
            // It counts from the last octet that the kernel took, which may be some seconds after the beginning.
            assertTrue(seconds > 11 && seconds < 50, seconds + " s at a send hold time of 12 s");
        } catch (IOException e) {
            // The speaker has closed the connection under the last KEEPALIVE.
            assertEquals("Send Hold Timer Expired", heard.lastDown());
        }
    }

    @Test
    void strangersAreRefused() throws Exception {
        try (BgpSpeaker speaker = speaker(480);
                Socket socket = new Socket()) {
            socket.bind(new InetSocketAddress(Prefix.parseAddress("127.0.0.4"), 0));
            socket.connect(speaker.listening().getFirst());
            byte[] answer = socket.getInputStream().readAllBytes();
            assertEquals("ff".repeat(16) + "0015030605", ByteBufUtil.hexDump(answer));
            assertEquals(0, heard.established());
        }
    }
}
