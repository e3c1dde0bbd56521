package org.secondsite.appliance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.secondsite.config.WitnessConfig;
import org.secondsite.config.io.ConfigReader;
import org.secondsite.witness.io.store.FileRecordStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code secondsite witness backup}. */
@Command(name = "backup", description = "Copy what a witness of one node remembers into a file. It may run meanwhile.")
final class WitnessBackupCommand implements Callable<Integer> {
    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The witness's configuration file.")
    private Path config;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "The file to be written; it must not be there.")
    private Path file;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        WitnessConfig settings = Configurations.require(ConfigReader.readWitness(config));
        if (settings.quorum().isPresent()) {
            throw new IllegalArgumentException("a witness of several nodes is its own copy: a node that has lost its"
                    + " records is filled by the others");
        }
        long term = FileRecordStore.backup(settings.dataDirectory(), file);
        spec.commandLine().getOut().println("copied up to term " + term + ": " + file);
        return 0;
    }
}
