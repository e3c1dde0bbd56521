package org.secondsite.appliance;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.management.ManagementClient;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** Which running gateway a command asks. */
final class Running {
    /** Either way names the socket. */
    static final class Where {
        @Option(names = "--config", paramLabel = "FILE", description = "The gateway's configuration file.")
        private Path config;

        @Option(names = "--socket", paramLabel = "SOCKET", description = "The gateway's management socket.")
        private Path socket;
    }

    @ArgGroup(exclusive = true, multiplicity = "1")
    private Where where;

    @Option(names = "--json", description = "Print the answer as JSON.")
    private boolean json;

    boolean json() {
        return json;
    }

    /** Asks; an answer that is an error ends the command. */
    JsonNode ask(String command) throws IOException {
        return ask(command, Map.of());
    }

    /** Asks with arguments; an answer that is an error ends the command. */
    JsonNode ask(String command, Map<String, String> arguments) throws IOException {
        Path socket = where.socket != null
                ? where.socket
                : Configurations.require(ConfigReader.readGateway(where.config))
                        .management()
                        .socket();
        JsonNode answer;
        try {
            answer = ManagementClient.ask(socket, command, arguments);
        } catch (IOException e) {
            throw new IOException("no gateway answers at " + socket + ": " + e.getMessage(), e);
        }
        if (answer.has("error")) {
            throw new IOException(answer.get("error").asText());
        }
        return answer;
    }
}
