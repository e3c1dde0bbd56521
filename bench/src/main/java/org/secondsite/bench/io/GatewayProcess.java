package org.secondsite.bench.io;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A {@link GatewayUnderTest} in the middle of a site, with the options of Java that this process was started with. */
final class GatewayProcess implements AutoCloseable {
    private static final int LIMIT_SECONDS = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final BufferedReader answers;
    private final PrintStream commands;

    GatewayProcess(Site site) throws IOException {
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", site.full("gw")));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), GatewayUnderTest.class.getName()));
        command.add(site.contender().name());
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        commands = new PrintStream(process.getOutputStream(), true, UTF_8);
    }

    /** Gives a command; returns the answer once it is done. */
    String ask(String command) throws IOException {
        commands.println(command);
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("the gateway under test has ended during '" + command + "'");
        }
        return answer;
    }

    JsonNode figures() throws IOException {
        return JSON.readTree(ask("figures"));
    }

    @Override
    public void close() {
        commands.close();
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
