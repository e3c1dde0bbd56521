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

/** {@code secondsite witness restore}. */
@Command(
        name = "restore",
        description = "Put a copy where the records of a witness of one node are lost; the witness must "
                + "not run. What was granted after the copy was made is not in it, so the witness "
                + "grants nothing until each group is recovered.")
final class WitnessRestoreCommand implements Callable<Integer> {
    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The witness's configuration file.")
    private Path config;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "FILE",
            description = "The copy, made by 'witness backup'.")
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
        long term = FileRecordStore.restore(file, settings.dataDirectory());
        spec.commandLine()
                .getOut()
                .println("restored up to term " + term
                        + ". Start the witness, then recover each group: 'secondsite witness recover'");
        return 0;
    }
}
