package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.exabgp.EventJson;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** What a helper says before there is a speaker: it is written at once, and the speaker takes its time to start. */
@Timeout(120)
class SpeakLoopTest {
    private static final InetAddress A = Prefix.parseAddress("127.0.0.1");
    private static final InetAddress B = Prefix.parseAddress("127.0.0.2");
    private static final int ROUTES = 2000;

    private static SpeakerSettings us(int port) {
        return new SpeakerSettings(
                        65100,
                        (Inet4Address) Prefix.parseAddress("10.0.0.1"),
                        List.of(NeighborSettings.of(B, 65001)
                                .withLocalAddress(A)
                                .withPort(port)))
                .withListen(List.of());
    }

    @Test
    void earlyRoutesAreTheFirstTableAndEarlyQuestionsAreAnsweredInTheirOrder() throws Exception {
        StringBuilder said = new StringBuilder("show neighbor\n");
        for (int i = 0; i < ROUTES; i++) {
            said.append("announce route 10.")
                    .append(i >> 8)
                    .append('.')
                    .append(i & 0xff)
                    .append(".0/24 next-hop self\n");
        }
        said.append("withdraw route 10.0.0.0/24\nversion\n# the end\n");

        RecordingListener heard = new RecordingListener();
        NeighborSettings speaking =
                NeighborSettings.of(A, 65100).withLocalAddress(B).withPassive(true);
        SpeakerSettings router = new SpeakerSettings(
                        65001, (Inet4Address) Prefix.parseAddress("10.0.0.2"), List.of(speaking))
                .withListen(List.of(new InetSocketAddress(B, 0)));
        try (BgpSpeaker peer = BgpSpeaker.open(router, heard);
                PipedInputStream answers = new PipedInputStream(1 << 20)) {
            int port = peer.listening().getFirst().getPort();
            try (SpeakLoop loop = new SpeakLoop(us(port), false, EventJson.Form.FOUR)) {
                loop.serve(
                        new ByteArrayInputStream(said.toString().getBytes(StandardCharsets.UTF_8)),
                        new PipedOutputStream(answers));
                loop.begin();
                heard.await("all routes", 60, () -> heard.routes().size() == ROUTES - 1);
                assertTrue(!heard.routes().containsKey(Nlri.of(Prefix.parse("10.0.0.0/24"))));
                assertTrue(loop.awaitEnd(TimeUnit.SECONDS.toMillis(30)), "the input has ended");
            }
            List<String> lines = lines(answers);
            assertTrue(lines.getFirst().startsWith("neighbor 127.0.0.2 "), lines.getFirst());
            assertEquals(1 + ROUTES + 3, lines.stream().filter("done"::equals).count());
            assertEquals("done", lines.getLast());
            assertTrue(
                    lines.get(lines.size() - 3).startsWith("exabgp 4.2"),
                    "before its own done and that of the comment");
        }
    }

    /** What is no event. */
    private static List<String> lines(PipedInputStream in) throws IOException {
        List<String> lines = new ArrayList<>();
        BufferedReader reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (!line.startsWith("{")) {
                lines.add(line);
            }
        }
        return lines;
    }
}
