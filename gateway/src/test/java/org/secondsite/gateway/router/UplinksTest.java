package org.secondsite.gateway.router;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.MacAddress;

/** Behind which interfaces a router may be, by mode. */
class UplinksTest {
    private static List<String> among(GatewayConfig.DataPlane plane) {
        Uplinks uplinks = Uplinks.of(plane);
        return Stream.of("in0", "out0", "up0", "up1", "lo")
                .filter(uplinks::contain)
                .toList();
    }

    @Test
    void noneIsAtTheVmFacingInterface() {
        assertEquals(
                List.of("up0", "up1"),
                among(new GatewayConfig.Routed(
                        "in0",
                        MacAddress.parse("02:00:5e:00:01:01"),
                        List.of(),
                        List.of("up0", "up1"),
                        false,
                        GatewayConfig.Port.AF_PACKET,
                        1 << 20,
                        1 << 20)));
        assertEquals(
                List.of("up0", "up1"),
                among(new GatewayConfig.Transparent("in0", "out0", GatewayConfig.Port.AF_PACKET, 1 << 20, 1 << 20)));
        assertEquals(List.of(), among(new GatewayConfig.Loopback(1 << 20, 1 << 20)));
    }
}
