package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.bfd.BfdSettings;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** Without epoll: what works with the sockets of the JDK, and what is refused. */
@Timeout(240)
class TransportTest {
    private static final Prefix PREFIX = Prefix.parse("203.0.113.0/24");
    private static final NeighborSettings NEIGHBOR = NeighborSettings.of(Prefix.parseAddress("127.0.0.2"), 65002);

    private static final SpeakerThreads OF_THE_JDK = new SpeakerThreads() {
        @Override
        public EventLoopGroup loop(String name) {
            return new MultiThreadIoEventLoopGroup(1, Transport.NIO.handlers());
        }

        @Override
        public void caught(Throwable cause) {}
    };

    @Test
    void aSessionOverSocketsOfTheJdkCarriesRoutes() throws Exception {
        RecordingListener heard = new RecordingListener();
        SpeakerSettings waiting = SpeakerSettings.of(
                        65002,
                        "10.0.0.2",
                        NeighborSettings.of(Prefix.parseAddress("127.0.0.1"), 65001)
                                .withPassive(true))
                .withListen(List.of(new InetSocketAddress(Prefix.parseAddress("127.0.0.2"), 0)));
        try (BgpSpeaker hearing = BgpSpeaker.open(waiting, heard, OF_THE_JDK)) {
            SpeakerSettings connecting = SpeakerSettings.of(
                    65001,
                    "10.0.0.1",
                    NEIGHBOR.withLocalAddress(Prefix.parseAddress("127.0.0.1"))
                            .withPort(hearing.listening().getFirst().getPort()));
            try (BgpSpeaker telling = BgpSpeaker.open(connecting, new SpeakerListener() {}, OF_THE_JDK)) {
                telling.advertise(Map.of(PREFIX, RouteAttributes.PLAIN));
                heard.await("the route", 20, () -> heard.routes().containsKey(Nlri.of(PREFIX)));
            }
        }
    }

    @Test
    void whatOnlyEpollsSocketsHaveIsRefusedByName() throws Exception {
        NeighborSettings demanding = NEIGHBOR.withMd5Password("key")
                .withOptions(NEIGHBOR.options()
                        .withTtlSecurityHops(1)
                        .withDevice("eth0")
                        .withBfd(BfdSettings.FAST));
        IOException refusal = assertThrows(IOException.class, () -> BgpSpeaker.open(
                        SpeakerSettings.of(65001, "10.0.0.1", demanding), new SpeakerListener() {}, OF_THE_JDK)
                .close());
        for (String what : List.of("TCP-MD5", "TTL security", "interface", "BFD", "127.0.0.2")) {
            assertTrue(refusal.getMessage().contains(what), refusal.getMessage());
        }
        SpeakerSettings plain = SpeakerSettings.of(65001, "10.0.0.1");
        try (BgpSpeaker speaker = BgpSpeaker.open(plain, new SpeakerListener() {}, OF_THE_JDK)) {
            ExecutionException later =
                    assertThrows(ExecutionException.class, () -> speaker.change(plain.withNeighbor(demanding))
                            .get());
            assertTrue(
                    later.getCause().getMessage().contains("TCP-MD5"),
                    later.getCause().getMessage());
            assertEquals(List.of(), speaker.settings().neighbors());
        }
    }
}
