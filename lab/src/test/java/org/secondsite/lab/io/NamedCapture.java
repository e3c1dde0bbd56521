package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An independent capture of what one interface of the lab hears or says: tcpdump, with a filter. */
final class NamedCapture implements AutoCloseable {
    private final Process process;
    private final Path file;

    /**
     * Begins.
     *
     * @param direction {@code in} for what comes in at the interface, {@code out} for what leaves by it
     */
    NamedCapture(Lab lab, String namespace, String interfaceName, String direction, String filter) throws IOException {
        file = lab.paths().file("scan-" + namespace + "-" + interfaceName + ".pcap");
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace, "tcpdump", "-Z", "root"));
        command.addAll(List.of("-i", interfaceName, "-U", "--immediate-mode", "-n", "-s", "96", "-B", "65536"));
        command.addAll(List.of("-Q", direction, "-w", file.toString(), filter));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String line = process.inputReader().readLine();
        while (line != null && !line.contains("listening on")) {
            line = process.inputReader().readLine();
        }
        if (line == null) {
            throw new IOException("tcpdump did not start to listen on " + interfaceName);
        }
    }

    /** What was heard so far, as tcpdump shows it. */
    List<String> lines() throws IOException {
        Waiting.pause(300);
        return Commands.run("tcpdump", "-Z", "root", "-n", "-t", "-r", file.toString())
                .lines()
                .filter(line -> line.startsWith("IP"))
                .toList();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
