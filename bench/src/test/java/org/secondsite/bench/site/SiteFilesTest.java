package org.secondsite.bench.site;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.SiteId;
import org.secondsite.config.yaml.Document;
import org.secondsite.config.yaml.GatewayDocument;
import org.secondsite.config.yaml.WitnessDocument;

/** That the files of the measured sites are in order, however many VMs there are. */
class SiteFilesTest {
    private static final InetSocketAddress WITNESS = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7500);

    private static Document document(String text) {
        return new Document("bench.yaml", Path.of("/tmp/bench"), text);
    }

    private static <T> T valid(ConfigResult<T> result) {
        return switch (result) {
            case ConfigResult.Valid<T>(T config) -> config;
            case ConfigResult.Invalid<T>(List<Problem> problems) -> throw new AssertionError(problems.toString());
        };
    }

    @Test
    void everyVmIsAGroupAtBothEndsAndAtTheWitness() {
        SiteFiles files = new SiteFiles(450, 100);
        for (SiteFiles.End end : SiteFiles.End.values()) {
            GatewayConfig gateway = valid(GatewayDocument.read(
                    document(files.gateway(2, end, new SiteFiles.Ports(1, 2), new SiteFiles.Ports(3, 4), WITNESS))));
            assertEquals(450, gateway.groups().size());
            assertEquals(new SiteId(end.site(2)), gateway.site());
        }
        assertEquals(
                900,
                valid(WitnessDocument.read(document(files.witness(2, WITNESS))))
                        .groups()
                        .size());
    }
}
