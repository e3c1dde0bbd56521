package org.secondsite.gateway;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.change.io.RevisionDirectory;
import org.secondsite.gateway.view.SiteView;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file that a gateway is started with, and the revisions that are kept beside it.
 */
public final class GatewayFile {
    private static final Logger LOG = LoggerFactory.getLogger(GatewayFile.class);

    private final Path path;
    private final RevisionDirectory revisions;
    private final ConfigResult<GatewayConfig> config;

    private GatewayFile(Path path, RevisionDirectory revisions, ConfigResult<GatewayConfig> config) {
        this.path = path;
        this.revisions = revisions;
        this.config = config;
    }

    /**
     * Reads the file, after what was never confirmed has been taken back.
     *
     * @throws IOException if the revisions beside it cannot be read, or it cannot be put back
     */
    public static GatewayFile open(Path path) throws IOException {
        RevisionDirectory revisions = RevisionDirectory.open(path);
        revisions
                .takeBack()
                .ifPresent(number -> LOG.warn(
                        "revision {} of {} was not confirmed before the gateway ended: the one before it runs again",
                        number,
                        path));
        ConfigResult<GatewayConfig> config = ConfigReader.readGateway(path);
        if (config instanceof ConfigResult.Valid) {
            revisions.begin();
        }
        return new GatewayFile(path, revisions, config);
    }

    /** What it says. */
    public ConfigResult<GatewayConfig> config() {
        return config;
    }

    Path path() {
        return path;
    }

    RevisionDirectory revisions() {
        return revisions;
    }

    /** Another text in its place, judged as {@code secondsite check} would. */
    ConfigResult<GatewayConfig> judge(String text) {
        return judged(path, ConfigReader.readGateway(path, text));
    }

    /** What was read of a file, if the two sites can compare it. A gateway runs with any other, and protects nothing. */
    public static ConfigResult<GatewayConfig> judged(Path path, ConfigResult<GatewayConfig> read) {
        return switch (read) {
            case ConfigResult.Invalid<GatewayConfig> invalid -> invalid;
            case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) ->
                config.pairs().stream()
                        .flatMap(pair -> SiteView.of(pair).obstacle().stream())
                        .findFirst()
                        .<ConfigResult<GatewayConfig>>map(words -> new ConfigResult.Invalid<>(
                                List.of(new Problem(path.toString(), 1, 1, "groups", words))))
                        .orElse(read);
        };
    }
}
