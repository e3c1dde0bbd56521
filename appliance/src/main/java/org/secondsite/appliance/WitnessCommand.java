package org.secondsite.appliance;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.secondsite.config.WitnessConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.metrics.MetricsServer;
import org.secondsite.net.life.io.ProcessEnd;
import org.secondsite.net.tls.io.CertificateWatch;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.daemon.WitnessServer;
import org.secondsite.witness.io.daemon.WitnessServerSettings;
import org.secondsite.witness.io.quorum.QuorumSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code secondsite witness}. */
@Command(name = "witness", description = "Run a node of the witness, or look at one, or force a record.")
final class WitnessCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(WitnessCommand.class);

    @Option(names = "--config", paramLabel = "FILE", description = "The witness's configuration file.")
    private Path config;

    @Option(
            names = "--initialize",
            description = "Begin with no records: the first start of a new witness, or of a node that the others are to"
                    + " fill. Without this, a witness that finds no records does not start.")
    private boolean initialize;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        if (config == null) {
            throw new ParameterException(spec.commandLine(), "Missing required option: '--config=FILE'");
        }
        WitnessConfig settings = Configurations.require(ConfigReader.readWitness(config));
        if (initialize) {
            WitnessServer.initialize(settings(settings));
        }
        WitnessServer server = WitnessServer.open(settings(settings), new ProcessEnd("witness"));
        Daemon.serve(
                "witness",
                withMetrics(server, settings),
                FileAgain.compare(config, settings, ConfigReader::readWitness));
        return 0;
    }

    /** The classes behind this are loaded only where the file has the section: a node without it stays small. */
    private static AutoCloseable withMetrics(WitnessServer server, WitnessConfig settings) throws IOException {
        CertificateWatch certificates = CertificateWatch.open(settings.tls(), what -> LOG.error("{}", what));
        try {
            if (settings.metrics().isEmpty()) {
                return server;
            }
            MetricsServer metrics = MetricsServer.open(
                    settings.metrics().get().listen(),
                    () -> WitnessMetrics.read(server.figures(), certificates.state()));
            return () -> {
                metrics.close();
                server.close();
            };
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    private static WitnessServerSettings settings(WitnessConfig config) {
        List<GroupSettings> groups = config.groups().stream()
                .map(g -> new GroupSettings(
                        g.id(), g.sites().getFirst(), g.sites().getLast(), g.initialOwner()))
                .toList();
        return new WitnessServerSettings(
                config.listen(),
                config.dataDirectory(),
                config.tls(),
                groups,
                config.ownerFreshMs(),
                config.maximumGrantDelayMs(),
                config.quorum().map(quorum -> quorum(quorum, config)));
    }

    private static QuorumSettings quorum(WitnessConfig.Quorum quorum, WitnessConfig config) {
        Map<String, InetSocketAddress> peers = new TreeMap<>();
        quorum.peers().forEach(peer -> peers.put(peer.id().name(), peer.address()));
        return new QuorumSettings(quorum.node().name(), peers, config.dataDirectory(), quorum.electionTimeoutMs());
    }
}
