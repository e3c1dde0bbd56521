package org.secondsite.lab;

import java.nio.file.Path;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.DataPlaneFactory;
import org.secondsite.gateway.Gateway;
import org.secondsite.lab.embedded.UnheldDataPlane;
import org.secondsite.net.life.io.ProcessEnd;

/**
 * A gateway whose data plane never holds, for {@code lab up --no-hold}: the same drill loses connections with it, which
 * shows that the harness can see the failure that the product prevents. Takes the arguments of {@code secondsite gateway}.
 */
public final class UnheldGateway {
    private UnheldGateway() {}

    /** Runs it until it is killed. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 3 || !arguments[0].equals("gateway") || !arguments[1].equals("--config")) {
            throw new IllegalArgumentException("usage: gateway --config FILE");
        }
        switch (ConfigReader.readGateway(Path.of(arguments[2]))) {
            case ConfigResult.Invalid<GatewayConfig> invalid ->
                throw new IllegalArgumentException(invalid.problems().toString());
            case ConfigResult.Valid<GatewayConfig> valid -> {
                Gateway gateway = Gateway.open(
                        valid.config(),
                        (config, vms, listener) ->
                                new UnheldDataPlane(DataPlaneFactory.CONFIGURED.open(config, vms, listener)),
                        new ProcessEnd("gateway"));
                Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "shutdown"));
                Thread.currentThread().join();
            }
        }
    }
}
