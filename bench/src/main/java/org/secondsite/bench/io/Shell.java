package org.secondsite.bench.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the system's own tools. Every failure bears the command and what it said. */
public final class Shell {
    private static final int LIMIT_SECONDS = 20;

    private Shell() {}

    /** Runs a command line; its words are split at blanks. Returns what it printed. */
    public static String run(String line) throws IOException {
        return run(List.of(line.split(" ")), "");
    }

    /** Runs a command that reads {@code input}; returns what it printed. */
    public static String run(List<String> command, String input) throws IOException {
        String shown = String.join(" ", command);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (OutputStream to = process.getOutputStream()) {
            to.write(input.getBytes(UTF_8));
        }
        String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("'" + shown + "' does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in '" + shown + "'", e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("'" + shown + "' failed: " + printed.strip());
        }
        return printed;
    }
}
