package org.secondsite.buffer.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the system's own tools, in the process's network namespace. Every failure bears the command and what it said.
 */
final class Commands {
    private static final int LIMIT_SECONDS = 10;

    private Commands() {}

    /** Runs a command line; its words are split at blanks. Returns what it printed. */
    static String run(String line) throws IOException {
        return run(List.of(line.split(" ")), "");
    }

    /**
     * Runs a command.
     *
     * @param input what it reads
     * @return what it printed
     * @throws IOException if it cannot be started, fails, or takes longer than ten seconds
     */
    static String run(List<String> command, String input) throws IOException {
        Path in = Files.createTempFile("secondsite", ".in");
        Path out = Files.createTempFile("secondsite", ".out");
        String shown = String.join(" ", command);
        try {
            Files.writeString(in, input);
            Process process = new ProcessBuilder(command)
                    .redirectInput(in.toFile())
                    .redirectOutput(out.toFile())
                    .redirectErrorStream(true)
                    .start();
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("'" + shown + "' did not end within " + LIMIT_SECONDS + " s");
            }
            String printed = Files.readString(out, UTF_8);
            if (process.exitValue() != 0) {
                throw new IOException("'" + shown + "' failed: " + printed.strip());
            }
            return printed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while '" + shown + "' ran", e);
        } finally {
            Files.deleteIfExists(in);
            Files.deleteIfExists(out);
        }
    }

    /** Whether a command succeeds; used to ask whether something exists. */
    static boolean succeeds(String line) {
        try {
            run(line);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
