package org.secondsite.bgp.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a helper's command line is run: by the shell, and so that SIGINT, SIGQUIT and SIGTERM end it unless it catches them.
 *
 * <p>A process inherits which signals are ignored, and a shell without job control ignores SIGINT and SIGQUIT in what it runs by {@code &}. Python
 * then installs no handler of its own, so that ExaBGP's health check would neither end nor withdraw its route. Nobody but the new process itself can
 * change that, before it becomes the shell: {@code env --default-signal} (coreutils 8.31) does. In a session of its own ({@code setsid}) it does not hear the
 * Ctrl-C of a terminal from which the speaker was guarded.
 *
 * <p>SIGHUP stays ignored: that is what {@code nohup} is for.
 */
final class HelperShell {
    private static final Logger LOG = LoggerFactory.getLogger(HelperShell.class);
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String IGNORED = "SigIgn:";
    private static final int TRY_SECONDS = 10;

    /** What ends a helper, and its number. */
    private enum Ending {
        INT(2),
        QUIT(3),
        TERM(15);

        private final int number;

        Ending(int number) {
            this.number = number;
        }

        boolean isIn(long mask) {
            return (mask >>> (number - 1) & 1) != 0;
        }
    }

    private final List<String> prefix;

    private HelperShell(List<String> prefix) {
        this.prefix = List.copyOf(prefix);
    }

    /** For helpers of this process. */
    static HelperShell ours() {
        List<String> prefix = prefix(status());
        if (prefix.isEmpty() || works(prefix)) {
            return new HelperShell(prefix);
        }
        LOG.warn(
                "bgp: helpers ignore signals that this process was started to ignore: there is no '{}'",
                String.join(" ", prefix));
        return new HelperShell(List.of());
    }

    /** What is run for such a line. */
    List<String> command(String line) {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of("/bin/sh", "-c", line));
        return command;
    }

    /**
     * What stands before a command so that it ignores none of those that end.
     *
     * @param status the lines of Linux's {@code /proc/PID/status}
     */
    static List<String> prefix(List<String> status) {
        long mask = status.stream()
                .filter(line -> line.startsWith(IGNORED))
                .mapToLong(line ->
                        Long.parseUnsignedLong(line.substring(IGNORED.length()).strip(), 16))
                .findFirst()
                .orElse(0);
        StringJoiner names = new StringJoiner(",");
        for (Ending signal : Ending.values()) {
            if (signal.isIn(mask)) {
                names.add(signal.name());
            }
        }
        return names.length() == 0 ? List.of() : List.of("setsid", "env", "--default-signal=" + names);
    }

    private static List<String> status() {
        try {
            return Files.readAllLines(STATUS);
        } catch (IOException e) {
            LOG.debug("bgp: which signals are ignored is not known: {}", e.toString());
            return List.of();
        }
    }

    private static boolean works(List<String> prefix) {
        List<String> command = new ArrayList<>(prefix);
        command.add("true");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (process.waitFor(TRY_SECONDS, TimeUnit.SECONDS)) {
                return process.exitValue() == 0;
            }
            process.destroyForcibly();
        } catch (IOException e) {
            LOG.debug("bgp: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }
}
