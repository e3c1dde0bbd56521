package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Site;

/** Only the owner's gateway dies; its VM lives on and sends into the void. */
@Tag("lab")
class GatewayDeathDrillTest {
    @Test
    void nothingThatWasHeldLeavesAGatewayThatIsKilled() throws IOException {
        try (DrillLab drill = DrillLab.up(100, LabOptions.Load.IDLE, true)) {
            drill.run(1_000);
            try (UplinkCapture uplink = new UplinkCapture(drill.lab(), Site.A)) {
                drill.run(2_000);
                drill.requireService(5);
                Waiting.until(
                        "packets to be held",
                        10,
                        () -> drill.site(Site.A).vm().path("heldPackets").asLong() > 0);
                drill.lab().kill("gateway:a");
                long atDeath = uplink.packets();
                assertTrue(atDeath > 0, "the capture sees what is released");
                assertTrue(drill.lab().qemu(Site.A).isPresent(), "the VM lives and sends");
                drill.site(Site.B).await("SOLO", 30);
                drill.requireService(10);
                drill.run(1_000);
                assertEquals(atDeath, uplink.packets(), "packets that left after the gateway's death");
            }
            assertTrue(drill.verdict().nothingLost());
        }
    }
}
