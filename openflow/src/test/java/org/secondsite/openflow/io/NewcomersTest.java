package org.secondsite.openflow.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.simulated;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.ControllerSettings;

/** Who connects and says nothing is bounded, and in nobody's way. */
@Timeout(60)
class NewcomersTest {
    private static final int MORE = 10;

    @Test
    void theOldestOfThoseThatSayNothingGoAndASwitchIsServedMeanwhile() throws Exception {
        RecordedEvents events = new RecordedEvents();
        ControllerSettings settings = new ControllerSettings(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), List.of(EXCLUSIVE))
                .with(30_000, (int) TimeUnit.HOURS.toMillis(1));
        List<Socket> silent = new ArrayList<>();
        try (SwitchController controller = SwitchController.open(settings, events)) {
            controller.apply(EXCLUSIVE.id(), 5, List.of(VM1));
            try (FakeSwitch _ = new FakeSwitch(controller.address(), OFVersion.OF_14, simulated())) {
                events.await("sw-a confirmed 5");
                for (int i = 0; i < Newcomers.MAX_WAITING + MORE; i++) {
                    silent.add(new Socket(
                            controller.address().getAddress(),
                            controller.address().getPort()));
                }
                for (Socket gone : silent.subList(0, MORE)) {
                    // The hello of the controller, and the end.
                    gone.getInputStream().readAllBytes();
                }
                // With as many others that wait.
                controller.apply(EXCLUSIVE.id(), 6, List.of(VM1));
                events.await("sw-a confirmed 6");
            }
            events.await("sw-a disconnected");
            try (FakeSwitch _ = new FakeSwitch(controller.address(), OFVersion.OF_14, simulated())) {
                events.await("sw-a confirmed 6");
                silent.get(MORE).getInputStream().readAllBytes();
                assertEquals(16, silent.getLast().getInputStream().readNBytes(16).length, "the last still lives");
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }
}
