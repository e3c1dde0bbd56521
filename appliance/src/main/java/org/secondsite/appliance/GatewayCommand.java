package org.secondsite.appliance;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.Gateway;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite gateway}. */
@Command(name = "gateway", description = "Run the gateway of a site.")
final class GatewayCommand implements Callable<Integer> {
    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The gateway's configuration file.")
    private Path config;

    @Override
    public Integer call() throws Exception {
        Daemon.serve("gateway", Gateway.open(Configurations.require(ConfigReader.readGateway(config))));
        return 0;
    }
}
