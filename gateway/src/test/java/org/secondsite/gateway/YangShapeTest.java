package org.secondsite.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.change.RandomFile;
import org.secondsite.management.io.YangFile;
import org.secondsite.management.model.FileTree;

/** Whatever file the judge takes, network automation can read it, and has nothing changed that it did not change. */
class YangShapeTest {
    private static final int FILES = 200;

    @Test
    void randomFilesSayTheSameAfterTheirWayThroughYang() {
        FileTree files = new FileTree(YangFile.model());
        for (int seed = 0; seed < FILES; seed++) {
            RandomFile file = RandomFile.first(new Random(seed));
            for (String text : new String[] {file.text(), file.textWithDefaults()}) {
                String place = "seed " + seed + ":\n" + text;
                assertEquals(judged(text), judged(files.write(files.read(text))), place);
            }
        }
    }

    private static GatewayConfig judged(String text) {
        return switch (ConfigReader.readGateway(Path.of("/etc/secondsite/gateway.yaml"), text)) {
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) -> config;
            case ConfigResult.Invalid<GatewayConfig> invalid ->
                throw new AssertionError(invalid.problems() + "\n" + text);
        };
    }
}
