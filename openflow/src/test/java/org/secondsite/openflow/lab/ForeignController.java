package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A controller of somebody else beside the gateway's: os-ken, which writes and takes what it is told to. */
final class ForeignController implements Closeable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(40);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final Path commands;
    private final Path output;
    private final Process process;
    private int given;

    ForeignController(Namespace namespace, Path directory, int port, String version) throws IOException {
        Command.require("osken-manager", "python3-os-ken");
        Path program = Files.write(directory.resolve("foreign.py"), resource("foreign.py"));
        commands = Files.createFile(directory.resolve("foreign.commands"));
        output = directory.resolve("foreign.out");
        ProcessBuilder builder = new ProcessBuilder(namespace.inside(
                        "osken-manager",
                        "--ofp-listen-host=127.0.0.1",
                        "--ofp-tcp-listen-port=" + port,
                        program.toString()))
                .redirectError(directory.resolve("foreign.log").toFile())
                .redirectOutput(output.toFile());
        builder.environment().put("FOREIGN_VERSION", version);
        builder.environment().put("FOREIGN_COMMANDS", commands.toString());
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        process = builder.start();
    }

    static byte[] resource(String name) throws IOException {
        try (InputStream in = ForeignController.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        }
    }

    void awaitConnected() throws IOException {
        await("connected");
    }

    /** Has it done, and waits until the switch has worked it off. */
    void carryOut(String command) throws IOException {
        given++;
        Files.writeString(commands, command + "\n", StandardOpenOption.APPEND);
        await("done " + given);
    }

    /** What it printed. */
    List<String> printed() throws IOException {
        return Files.readAllLines(output);
    }

    private void await(String line) throws IOException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!printed().contains(line)) {
            if (System.nanoTime() > deadline || !process.isAlive()) {
                throw new AssertionError("no '" + line + "' in " + printed());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    @Override
    public void close() throws IOException {
        Command.kill(process);
    }
}
