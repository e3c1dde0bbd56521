package org.secondsite.bench.site;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.secondsite.appliance.Daemon;
import org.secondsite.buffer.LoopbackDataPlane;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.Problem;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.Gateway;
import org.secondsite.net.life.io.ProcessEnd;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A gateway of {@link SiteBenchCommand}: the product's own, but for packets, which stay in this process. */
@Command(name = "site-gateway", hidden = true)
public final class SiteGatewayCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE")
    private Path file;

    /** Runs it until the process is killed. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SiteGatewayCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        GatewayConfig read =
                switch (ConfigReader.readGateway(file)) {
                    case ConfigResult.Valid<GatewayConfig>(GatewayConfig config) -> config;
                    case ConfigResult.Invalid<GatewayConfig>(List<Problem> problems) ->
                        throw new IOException(problems.toString());
                };
        Daemon.serve(
                "gateway",
                Gateway.open(
                        read,
                        (config, vms, _) -> new LoopbackDataPlane(
                                vms,
                                config.dataPlane().poolBytes(),
                                config.dataPlane().perVmBytes(),
                                frame -> {}),
                        new ProcessEnd("gateway")),
                () -> {});
        return 0;
    }
}
