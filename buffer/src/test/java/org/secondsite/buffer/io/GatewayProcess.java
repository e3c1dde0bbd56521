package org.secondsite.buffer.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.secondsite.buffer.DataPlane;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.config.EpochId;

/**
 * A routed data plane in a process of its own, so that the process can be killed. It takes a command a line and
 * answers a line.
 */
final class GatewayProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final PrintStream commands;

    /** Starts it in the site's gateway namespace, holding the output of the VM. */
    GatewayProcess(RoutedSite site) throws IOException {
        List<String> command = new ArrayList<>(site.namespaces.prefix("gw"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), GatewayProcess.class.getName()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        commands = new PrintStream(process.getOutputStream(), true, UTF_8);
        if (!"holding".equals(answers.readLine())) {
            throw new IOException("the gateway process did not start");
        }
    }

    /**
     * {@code held}, {@code seal N}, {@code commit N}, or {@code eat}: take memory without end. Null when the process
     * ends instead of answering.
     */
    String ask(String command) throws IOException {
        commands.println(command);
        return answers.readLine();
    }

    long pid() {
        return process.pid();
    }

    void signal(String name) throws IOException {
        Commands.run("kill -" + name + " " + process.pid());
    }

    boolean ended() throws InterruptedException {
        return process.waitFor(5, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** The process's entry. */
    public static void main(String[] arguments) throws Exception {
        try (DataPlane plane = RoutedDataPlane.open(RoutedSite.settings(), RoutedSite.vms());
                BufferedReader reader = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
            RoutedSite.hold(plane, 1);
            System.out.println("holding");
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String[] words = line.split(" ", -1);
                switch (words[0]) {
                    case "seal" -> {
                        CountDownLatch sealed = new CountDownLatch(1);
                        plane.seal(RoutedSite.VM, new EpochId(1, Long.parseLong(words[1])), sealed::countDown);
                        System.out.println(sealed.await(5, TimeUnit.SECONDS) ? "sealed" : "not sealed");
                    }
                    case "commit" -> {
                        plane.commit(RoutedSite.VM, new EpochId(1, Long.parseLong(words[1])));
                        System.out.println("committing");
                    }
                    case "eat" -> eat();
                    default -> System.out.println(RoutedSite.figures(plane).heldPackets());
                }
            }
        }
    }

    private static void eat() {
        try (Arena arena = Arena.ofConfined()) {
            while (true) {
                arena.allocate(1 << 20).fill((byte) 1);
            }
        }
    }
}
