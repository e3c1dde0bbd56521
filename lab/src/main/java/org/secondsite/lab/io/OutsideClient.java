package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.secondsite.lab.client.ClientVerdict;
import org.secondsite.lab.plan.LabNumbers;

/** The outside client's process as seen from the lab: started in the client namespace, asked, and stopped for its verdict. */
public final class OutsideClient implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int HEAP_MIB = 128;

    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter questions;

    /**
     * What the client does.
     *
     * @param echoes connections that ask for a number after each answer
     * @param ticks connections that get a number every 50 ms
     * @param echoIntervalMillis pause between an answer and the next question
     * @param records connections that get the number of each record that the guest's disk has
     */
    public record Traffic(int echoes, int ticks, int echoIntervalMillis, int records) {
        /** For a guest without a disk. */
        public Traffic(int echoes, int ticks, int echoIntervalMillis) {
            this(echoes, ticks, echoIntervalMillis, 0);
        }

        private List<String> arguments() {
            return Stream.of(
                            kind("echo", LabNumbers.ECHO_PORT, echoes),
                            kind("tick", LabNumbers.TICK_PORT, ticks),
                            kind("records", LabNumbers.RECORDS_PORT, records))
                    .flatMap(List::stream)
                    .toList();
        }

        private static List<String> kind(String name, int port, int connections) {
            return List.of(name, Integer.toString(port), Integer.toString(connections));
        }
    }

    private OutsideClient(Process process) {
        this.process = process;
        answers = process.inputReader();
        questions = process.outputWriter();
    }

    /**
     * Starts the client and waits until all its connections are made.
     *
     * @param record where it writes every number it gets
     * @throws IOException if a connection cannot be made
     */
    public static OutsideClient start(String clientNamespace, Traffic traffic, Path record) throws IOException {
        return start(clientNamespace, List.of(LabNumbers.VM_ADDRESS), traffic, record);
    }

    /**
     * The same with connections to several addresses of the guest in turn.
     *
     * @throws IOException if a connection cannot be made
     */
    static OutsideClient start(String clientNamespace, List<String> addresses, Traffic traffic, Path record)
            throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                String.join(",", addresses), Integer.toString(traffic.echoIntervalMillis()), record.toString()));
        arguments.addAll(traffic.arguments());
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", clientNamespace));
        command.addAll(ThisJava.runtime().light(HEAP_MIB, "org.secondsite.lab.client.io.LabClient", arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        OutsideClient client = new OutsideClient(process);
        try {
            client.expect("connected");
        } catch (IOException e) {
            client.close();
            throw e;
        }
        return client;
    }

    /** When the first number after a time came, {@code System.nanoTime()}; empty if none has. */
    public OptionalLong firstAfter(long nanoTime) throws IOException {
        ask("after " + nanoTime);
        long atNanos = expect("after").path("nanoTime").asLong();
        return atNanos == 0 ? OptionalLong.empty() : OptionalLong.of(atNanos);
    }

    /** How many connections have got nothing since a time, {@code System.nanoTime()}, and did not break. */
    public int silentSince(long nanoTime) throws IOException {
        ask("silent " + nanoTime);
        return expect("silent").path("connections").asInt();
    }

    /** The highest number of a record that it was told of so far; 0 if none. */
    public long recorded() throws IOException {
        ask("recorded");
        return expect("recorded").path("number").asLong();
    }

    /** Ends the client. */
    public ClientVerdict stop() throws IOException {
        ask("stop");
        JsonNode verdict = expect("verdict");
        List<String> faults = new ArrayList<>();
        verdict.path("faults").forEach(fault -> faults.add(fault.asText()));
        return new ClientVerdict(
                verdict.path("connections").asInt(),
                verdict.path("received").asLong(),
                verdict.path("recorded").asLong(),
                faults,
                verdict.path("silent").asInt(),
                verdict.path("longestGapNanos").asLong(),
                verdict.path("longestGapFromNanos").asLong());
    }

    private void ask(String line) throws IOException {
        questions.write(line + "\n");
        questions.flush();
    }

    private JsonNode expect(String event) throws IOException {
        String line = answers.readLine();
        if (line == null) {
            throw new IOException("the outside client ended before it said '" + event + "'");
        }
        JsonNode answer = JSON.readTree(line);
        if (!answer.path("event").asText().equals(event)) {
            throw new IOException("the outside client said " + line + " instead of '" + event + "'");
        }
        return answer;
    }

    @Override
    public void close() throws IOException {
        questions.close(); // the end of its input ends it
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        answers.close();
    }
}
