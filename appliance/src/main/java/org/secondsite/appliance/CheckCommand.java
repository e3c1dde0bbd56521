package org.secondsite.appliance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.secondsite.config.ConfigResult;
import org.secondsite.config.Problem;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.gateway.GatewayFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code secondsite check FILE}. */
@Command(name = "check", description = "Validate a configuration file; print every error, not only the first.")
final class CheckCommand implements Callable<Integer> {
    /** The kinds of configuration file. */
    enum Kind {
        gateway,
        witness,
        agent
    }

    private static final Pattern WITNESS_KEY = Pattern.compile("(?m)^dataDirectory\\s*:");
    private static final Pattern AGENT_KEY = Pattern.compile("(?m)^(gateway|runDirectory)\\s*:");

    @Parameters(paramLabel = "FILE", description = "The YAML file.")
    private Path file;

    @Option(names = "--kind", description = "One of ${COMPLETION-CANDIDATES}; by default told by the keys of the file.")
    private Kind kind;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        ConfigResult<?> result =
                switch (kind == null ? guess() : kind) {
                    case gateway -> GatewayFile.judged(file, ConfigReader.readGateway(file));
                    case witness -> ConfigReader.readWitness(file);
                    case agent -> ConfigReader.readAgent(file);
                };
        return switch (result) {
            case ConfigResult.Valid<?> valid -> {
                spec.commandLine().getOut().println(file + ": in order");
                yield 0;
            }
            case ConfigResult.Invalid<?> invalid -> {
                for (Problem problem : invalid.problems()) {
                    spec.commandLine().getErr().println(problem);
                }
                yield 1;
            }
        };
    }

    private Kind guess() throws IOException {
        String text = Files.isReadable(file) ? Files.readString(file) : "";
        if (WITNESS_KEY.matcher(text).find()) {
            return Kind.witness;
        }
        return AGENT_KEY.matcher(text).find() ? Kind.agent : Kind.gateway;
    }
}
