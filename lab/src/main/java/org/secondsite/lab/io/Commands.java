package org.secondsite.lab.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of the system to their end. */
final class Commands {
    private static final long LIMIT_SECONDS = 120;

    private Commands() {}

    /**
     * Runs a program.
     *
     * @return what it printed, without the last line end
     * @throws IOException with the whole command, its exit code and its error output, if it fails
     */
    static String run(String... command) throws IOException {
        return run(List.of(command), "");
    }

    /**
     * Runs a program with input.
     *
     * @throws IOException with the whole command, its exit code and its error output, if it fails or takes too long
     */
    static String run(List<String> command, String input) throws IOException {
        return run(command, input, LIMIT_SECONDS);
    }

    /**
     * Runs a program that takes longer than others.
     *
     * @throws IOException with the whole command, its exit code and its error output, if it fails or takes too long
     */
    static String runFor(long limitSeconds, List<String> command) throws IOException {
        return run(command, "", limitSeconds);
    }

    private static String run(List<String> command, String input, long limitSeconds) throws IOException {
        Process process = new ProcessBuilder(command).start();
        try {
            return finish(process, command, input, limitSeconds);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while running " + String.join(" ", command));
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * How a program ended.
     *
     * @param code its exit code
     * @param output what it printed, also as errors
     */
    record Ended(int code, String output) {}

    /**
     * Runs a program whose exit code is an answer.
     *
     * @throws IOException if it cannot be run or takes too long
     */
    static Ended runToAnyEnd(String... command) throws IOException {
        return runToAnyEndFor(LIMIT_SECONDS, List.of(command));
    }

    /**
     * The same with a program that takes longer than others.
     *
     * @throws IOException if it cannot be run or takes too long
     */
    static Ended runToAnyEndFor(long limitSeconds, List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        try {
            List<String> output = new ArrayList<>();
            Thread drained = drain(process.inputReader(StandardCharsets.UTF_8), output);
            if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
                throw new IOException("took more than " + limitSeconds + " s: " + String.join(" ", command));
            }
            drained.join();
            return new Ended(process.exitValue(), String.join("\n", output).stripTrailing());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while running " + String.join(" ", command));
        } finally {
            process.destroyForcibly();
        }
    }

    private static String finish(Process process, List<String> command, String input, long limitSeconds)
            throws IOException, InterruptedException {
        List<String> output = new ArrayList<>();
        List<String> errors = new ArrayList<>();
        Thread drainOutput = drain(process.inputReader(StandardCharsets.UTF_8), output);
        Thread drainErrors = drain(process.errorReader(StandardCharsets.UTF_8), errors);
        try (var stdin = process.outputWriter(StandardCharsets.UTF_8)) {
            stdin.write(input);
        }
        if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
            throw new IOException("took more than " + limitSeconds + " s: " + String.join(" ", command));
        }
        drainOutput.join();
        drainErrors.join();
        if (process.exitValue() != 0) {
            throw new IOException("failed with exit code " + process.exitValue() + ": " + String.join(" ", command)
                    + (input.isEmpty() ? "" : "\nwith input:\n" + input.stripTrailing()) + "\n"
                    + String.join("\n", errors));
        }
        return String.join("\n", output).stripTrailing();
    }

    private static Thread drain(BufferedReader from, List<String> to) {
        return Thread.ofVirtual().start(() -> from.lines().forEach(to::add));
    }
}
