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

/**
 * A Java process in a network namespace, with the options and the class path of this one, that is asked and answers line by line:
 * an answer is a line of JSON.
 */
public final class AskedProcess implements AutoCloseable {
    private static final int LIMIT_SECONDS = 10;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String name;
    private final Process process;
    private final BufferedReader answers;
    private final PrintStream questions;

    /**
     * Starts one.
     *
     * @param log where its standard error goes
     */
    public AskedProcess(String namespace, Class<?> main, List<String> arguments, ProcessBuilder.Redirect log)
            throws IOException {
        name = main.getSimpleName();
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        command.addAll(java(main.getName(), arguments));
        process = new ProcessBuilder(command).redirectError(log).start();
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        questions = new PrintStream(process.getOutputStream(), true, UTF_8);
    }

    /** The number of the process. */
    public long pid() {
        return process.pid();
    }

    /** How to start a class of this class path with the options of this process. */
    public static List<String> java(String main, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        command.addAll(arguments);
        return command;
    }

    /** Asks, and waits for the answer. */
    public JsonNode ask(String question) throws IOException {
        questions.println(question);
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (line.startsWith("{")) {
                return JSON.readTree(line);
            }
        }
        throw new IOException(name + " has ended during '" + question + "'");
    }

    @Override
    public void close() {
        questions.close();
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
