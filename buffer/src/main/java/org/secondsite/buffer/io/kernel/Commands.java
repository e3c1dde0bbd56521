package org.secondsite.buffer.io.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the system's own tools, in the process's network namespace. Every failure bears the command and what it said.
 */
public final class Commands {
    private static final Logger LOG = LoggerFactory.getLogger(Commands.class);
    private static final int LIMIT_SECONDS = 10;

    private Commands() {}

    /** Runs a command line; its words are split at blanks. Returns what it printed. */
    public static String run(String line) throws IOException {
        return run(List.of(line.split(" ")), "");
    }

    /**
     * Runs a command.
     *
     * @param input what it reads
     * @return what it printed
     * @throws IOException if it cannot be started, fails, or takes longer than ten seconds
     */
    public static String run(List<String> command, String input) throws IOException {
        String shown = String.join(" ", command);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        CompletableFuture<Process> ended = process.onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS);
        // The end of the process ends the reading below.
        CompletableFuture<Process> watched = ended.whenComplete((done, late) -> {
            if (late != null) {
                process.destroyForcibly();
            }
        });
        try (OutputStream to = process.getOutputStream()) {
            to.write(input.getBytes(UTF_8));
        } catch (IOException e) {
            LOG.debug("'{}' did not read all of its input: {}", shown, e.getMessage());
        }
        String printed = new String(process.getInputStream().readAllBytes(), UTF_8);
        try {
            watched.join();
        } catch (CompletionException e) {
            throw new IOException("'" + shown + "' did not end within " + LIMIT_SECONDS + " s", e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("'" + shown + "' failed: " + printed.strip());
        }
        return printed;
    }

    /** Whether a command succeeds; used to ask whether something exists. */
    public static boolean succeeds(String line) {
        try {
            run(line);
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
