package org.secondsite.appliance;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.secondsite.buffer.io.run.BufferRun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** {@code secondsite buffer}. The words behind it are {@link BufferRun}'s. */
@Command(name = "buffer", description = "Run the data plane alone, prove that its way is closed, or remove it.")
final class BufferCommand implements Callable<Integer> {
    @Unmatched
    private List<String> words = new ArrayList<>();

    @Override
    public Integer call() {
        return BufferRun.run(words.toArray(String[]::new), System.out, System.err);
    }
}
