package org.secondsite.gateway.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.secondsite.config.WitnessConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.WitnessServer;
import org.secondsite.witness.io.WitnessServerSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite witness}. */
@Command(name = "witness", description = "Run the witness.")
final class WitnessCommand implements Callable<Integer> {
    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The witness's configuration file.")
    private Path config;

    @Override
    public Integer call() throws Exception {
        WitnessConfig settings = Configurations.require(ConfigReader.readWitness(config));
        List<GroupSettings> groups = settings.groups().stream()
                .map(g -> new GroupSettings(
                        g.id(), g.sites().getFirst(), g.sites().getLast(), g.initialOwner()))
                .toList();
        Daemon.serve(
                "witness",
                WitnessServer.open(new WitnessServerSettings(
                        settings.listen(),
                        settings.dataDirectory(),
                        settings.tls().certificate(),
                        settings.tls().key(),
                        settings.tls().authority(),
                        groups,
                        settings.ownerFreshMs(),
                        settings.maximumGrantDelayMs())));
        return 0;
    }
}
