package org.secondsite.replicator.tunnel.io;

import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.config.EpochId;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Epochs;

/** One tunnel of a process that goes on. */
@Tag("slow")
@Timeout(120)
class TunnelEndTest extends TunnelPair {
    /** Several looks of the watchdog. */
    private static final int WATCHED_MS = 500;

    private final BlockingQueue<String> ends = new LinkedBlockingQueue<>();

    @Test
    void aTunnelThatIsClosedOrCannotBeOpenedEndsNothingElse() throws Exception {
        Life life = closeLater(Life.start("gateway", (reason, _) -> ends.add(reason), TimeUnit.SECONDS.toNanos(20)));
        TlsFiles tls = pki.issue("a");
        TlsTunnel a = closeLater(TlsTunnel.open(settingsA(tls), atA, () -> {}, life));
        TlsTunnel b = openB(pki.issue("b"), addressA);
        atA.await("connected", SOON, () -> atA.isConnected() && atB.isConnected());
        Epochs ours = new Epochs(WEB, 4000, 1);
        Epochs theirs = new Epochs(new VmId("mail"), 4000, 2);
        for (int number = 1; number <= 20; number++) {
            a.send(ours.next(new EpochId(1, number), 600));
            b.send(theirs.next(new EpochId(1, number), 600));
        }
        assertThrows(
                IOException.class, () -> TlsTunnel.open(settingsA(tls), atA, () -> {}, life), "its address is taken");
        a.close();
        assertNull(ends.poll(WATCHED_MS, TimeUnit.MILLISECONDS));
        Recorder again = new Recorder();
        closeLater(TlsTunnel.open(settingsA(tls), again, () -> {}, life));
        again.await("another tunnel at the address", SOON, () -> again.isConnected() && ends.isEmpty());
        assertNull(ends.poll());
    }
}
