package org.secondsite.appliance;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.secondsite.appliance.log.LogLevels;
import org.secondsite.gateway.Gateway;
import org.secondsite.gateway.GatewayFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite gateway}. */
@Command(name = "gateway", description = "Run the gateway of a site.")
final class GatewayCommand implements Callable<Integer> {
    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The gateway's configuration file.")
    private Path config;

    @Override
    public Integer call() throws Exception {
        GatewayFile file = GatewayFile.open(config);
        Gateway gateway = Gateway.open(file, Configurations.require(file.config()), LogLevels::set);
        Daemon.serve("gateway", gateway, gateway::reload);
        return 0;
    }
}
