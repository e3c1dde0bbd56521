package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.replicator.disk.BlockMemory;
import org.secondsite.replicator.disk.io.BlockFile;
import org.secondsite.replicator.disk.io.NbdServer;
import org.secondsite.replicator.disk.io.Volume;

/** The disk server alone in a process of its own, which can be killed and stopped. Flushes are answered at once. */
final class DiskServerProcess implements AutoCloseable {
    private final Process process;

    private DiskServerProcess(Process process) {
        this.process = process;
    }

    /** Starts one and waits until it listens. */
    static DiskServerProcess start(Path image, Path socket) throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DiskServerProcess.class.getName(),
                        image.toString(),
                        socket.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        DiskServerProcess server = new DiskServerProcess(process);
        // The logger may have something to say of itself first.
        for (String line = process.inputReader().readLine();
                line != null;
                line = process.inputReader().readLine()) {
            if (line.equals("listening")) {
                return server;
            }
        }
        server.close();
        throw new IOException("the disk server ended with " + process.exitValue());
    }

    /** Serves until its standard input ends. */
    public static void main(String[] arguments) throws IOException {
        try (BlockMemory memory = new BlockMemory(64 << 20);
                Volume volume = new Volume(
                        LabNumbers.VM + "." + LabNumbers.DISK, BlockFile.open(Path.of(arguments[0])), false, memory);
                NbdServer server = NbdServer.open(Path.of(arguments[1]), volume, DiskServerProcess::complain)) {
            volume.flushAtOnce();
            System.out.println("listening");
            System.out.flush();
            while (System.in.read() >= 0) {
                if (server.refused() > 0) {
                    throw new IOException("a client was refused");
                }
            }
        }
    }

    private static void complain(String what) {
        System.err.println(what);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void signal(String signal) throws IOException {
        Commands.run("kill", "-" + signal, Long.toString(process.pid()));
    }

    /** SIGKILL, and waits until it is gone. */
    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                throw new IOException("the disk server does not end");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
