package org.secondsite.openflow.lab;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Programs of the machine, each with a bound on its time. */
final class Command {
    private static final long LIMIT_SECONDS = 30;

    private Command() {}

    /** Runs to the end and answers what was printed; anything but exit code 0 fails with it. */
    static String run(String... words) throws IOException {
        return run(Map.of(), words);
    }

    static String run(Map<String, String> environment, String... words) throws IOException {
        // A file instead of a pipe: a program that leaves a daemon behind keeps a pipe open.
        Path output = Files.createTempFile("command", ".out");
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!ended(process)) {
                kill(process);
                throw new AssertionError(List.of(words) + " has not ended within " + LIMIT_SECONDS + " s");
            }
            String printed = Files.readString(output, StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw new AssertionError(List.of(words) + " ended with " + process.exitValue() + ": " + printed);
            }
            return printed;
        } finally {
            Files.delete(output);
        }
    }

    /** Kills a program, and waits until it is gone. */
    static void kill(Process process) throws IOException {
        if (!ended(process.destroyForcibly())) {
            throw new IOException("process " + process.pid() + " does not die");
        }
    }

    private static boolean ended(Process process) throws IOException {
        try {
            return process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while process " + process.pid() + " ran");
        }
    }

    /** Fails with the package to install when a program is missing. */
    static void require(String program, String debianPackage) {
        boolean found = List.of(System.getenv("PATH").split(":", -1)).stream()
                        .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)))
                || Files.isExecutable(Path.of("/usr/sbin", program));
        if (!found) {
            throw new AssertionError("lab tests need " + program + ": apt-get install " + debianPackage);
        }
    }
}
