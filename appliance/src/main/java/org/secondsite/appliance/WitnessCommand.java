package org.secondsite.appliance;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.secondsite.config.MetricsConfig;
import org.secondsite.config.WitnessConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.metrics.MetricsPort;
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
        CertificateWatch certificates = CertificateWatch.open(settings.tls(), what -> LOG.error("{}", what));
        MetricsPort metrics = new MetricsPort(() -> WitnessMetrics.read(server.figures(), certificates.state()));
        try {
            metrics.move(settings.metrics().map(MetricsConfig::listen));
        } catch (IOException e) {
            server.close();
            throw e;
        }
        Daemon.serve(
                "witness",
                () -> {
                    metrics.close();
                    server.close();
                },
                FileAgain.take(config, settings, ConfigReader::readWitness, (running, wanted) -> {
                    refuseRestarts(running, wanted);
                    metrics.move(wanted.metrics().map(MetricsConfig::listen));
                    try {
                        server.alter(settings(running), settings(wanted));
                    } catch (IOException e) {
                        metrics.move(running.metrics().map(MetricsConfig::listen));
                        throw e;
                    }
                }));
        return 0;
    }

    /** Groups that come and go, the times and where the figures are change while it runs. */
    private static void refuseRestarts(WitnessConfig running, WitnessConfig wanted) throws IOException {
        List<String> restarts = new ArrayList<>();
        FileAgain.compare("listen", running.listen(), wanted.listen(), restarts);
        FileAgain.compare("dataDirectory", running.dataDirectory(), wanted.dataDirectory(), restarts);
        FileAgain.compare("tls", running.tls(), wanted.tls(), restarts);
        FileAgain.compare("node, peers and electionTimeoutMs", running.quorum(), wanted.quorum(), restarts);
        for (WitnessConfig.Group group : running.groups()) {
            boolean isAltered =
                    wanted.groups().stream().anyMatch(other -> other.id().equals(group.id()) && !other.equals(group));
            if (isAltered) {
                restarts.add("group " + group.id());
            }
        }
        FileAgain.refuse(restarts);
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
