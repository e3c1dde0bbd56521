package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.session.SpeakerListener;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.net.life.io.Life;

/** That a gateway lives no longer than its BGP speaker's threads. */
@Timeout(180)
class LivingSpeakerTest {
    private final CompletableFuture<String> end = new CompletableFuture<>();
    private final Life life = Life.start("gateway", (reason, _) -> end.complete(reason), Life.USUAL_LIMIT_NANOS);
    private final LivingSpeaker threads = new LivingSpeaker(life);

    @AfterEach
    void close() {
        life.close();
    }

    @Test
    void whatATaskOfTheLoopThrowsIsTheEnd() throws Exception {
        EventLoopGroup loop = threads.loop("bgp-65100");
        loop.execute(() -> {
            throw new IllegalStateException("a defect");
        });
        String reason = end.get(20, TimeUnit.SECONDS);
        assertTrue(reason.contains("bgp-65100") && reason.contains("a defect"), reason);
        life.close();
        var _ = loop.shutdownGracefully();
    }

    @Test
    void aDefectInAHandlerIsTheEndAndAFaultOfTheNetworkIsNot() {
        threads.caught(new IOException("Connection reset by peer"));
        assertFalse(life.isOver());
        threads.caught(new IllegalStateException("a defect"));
        assertTrue(life.isOver());
        assertTrue(end.join().contains("a defect"));
    }

    @Test
    void aSpeakerThatIsClosedInGoodOrderIsNoFault() throws Exception {
        SpeakerSettings settings = SpeakerSettings.of(65100, "10.0.0.1");
        try (BgpSpeaker speaker = BgpSpeaker.open(settings, new SpeakerListener() {}, threads)) {
            assertEquals(0, speaker.status().get().size());
            life.close();
        }
        assertFalse(end.isDone());
    }
}
