package org.secondsite.config.yaml;

import java.util.List;
import java.util.Objects;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.InterfaceAddress;

/** The section {@code dataPlane} of a gateway's file. */
final class DataPlaneReading {
    private static final String ROUTED = "routed";
    private static final String TRANSPARENT = "transparent";
    private static final String LOOPBACK = "loopback";

    /** What only a first hop has. */
    private static final List<String> OF_ROUTED = List.of("insideMac", "insideAddresses", "uplink", "echo");

    private DataPlaneReading() {}

    static GatewayConfig.DataPlane read(Section section) {
        long poolBytes = GatewayDocument.mebibytes(section, "poolMiB", 256);
        long perVmBytes = GatewayDocument.mebibytes(section, "perVmMiB", 64);
        if (section.sound("poolMiB", "perVmMiB") && perVmBytes > poolBytes) {
            section.problem(
                    section.has("perVmMiB") ? "perVmMiB" : "poolMiB",
                    "perVmMiB " + (perVmBytes >> 20) + " is more than poolMiB " + (poolBytes >> 20)
                            + ": one VM could take all");
        }
        String mode = section.value("mode", text -> Values.oneOf(List.of(ROUTED, TRANSPARENT, LOOPBACK), text));
        return switch (Objects.requireNonNullElse(mode, ROUTED)) {
            case TRANSPARENT -> transparent(section, poolBytes, perVmBytes);
            case LOOPBACK -> {
                forbid(section, List.of("inside", "outside", "port"), LOOPBACK);
                forbid(section, OF_ROUTED, LOOPBACK);
                yield new GatewayConfig.Loopback(poolBytes, perVmBytes);
            }
            default -> routed(section, poolBytes, perVmBytes);
        };
    }

    private static GatewayConfig.Routed routed(Section section, long poolBytes, long perVmBytes) {
        forbid(section, List.of("outside"), ROUTED);
        GatewayConfig.Routed routed = new GatewayConfig.Routed(
                section.value("inside", Values::interfaceName),
                section.value("insideMac", Values::stationMac),
                section.list("insideAddresses", InterfaceAddress::parse),
                section.oneOrMore("uplink", Values::interfaceName),
                GatewayDocument.chosen(section, "echo", "silent", "answered"),
                port(section),
                poolBytes,
                perVmBytes);
        if (section.sound("inside", "uplink") && routed.uplinks().contains(routed.inside())) {
            section.problem(
                    "uplink", routed.inside() + " is the inside interface: held packets would leave by it unheld");
        }
        return routed;
    }

    private static GatewayConfig.Transparent transparent(Section section, long poolBytes, long perVmBytes) {
        forbid(section, OF_ROUTED, TRANSPARENT);
        GatewayConfig.Transparent transparent = new GatewayConfig.Transparent(
                section.value("inside", Values::interfaceName),
                section.value("outside", Values::interfaceName),
                port(section),
                poolBytes,
                perVmBytes);
        if (section.sound("inside", "outside") && transparent.inside().equals(transparent.outside())) {
            section.problem(
                    "outside", transparent.outside() + " is the inside interface: a bump in the wire has two sides");
        }
        return transparent;
    }

    private static GatewayConfig.Port port(Section section) {
        return GatewayDocument.chosen(section, "port", "af-packet", "pcap4j")
                ? GatewayConfig.Port.PCAP4J
                : GatewayConfig.Port.AF_PACKET;
    }

    private static void forbid(Section section, List<String> keys, String mode) {
        keys.forEach(key -> section.forbid(key, "has no meaning in mode " + mode));
    }
}
