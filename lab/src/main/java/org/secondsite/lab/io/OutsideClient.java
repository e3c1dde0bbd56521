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
     */
    public record Traffic(int echoes, int ticks, int echoIntervalMillis) {}

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
        List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", clientNamespace));
        command.addAll(ThisJava.runtime()
                .light(
                        HEAP_MIB,
                        "org.secondsite.lab.client.io.LabClient",
                        List.of(
                                LabNumbers.VM_ADDRESS,
                                Integer.toString(LabNumbers.ECHO_PORT),
                                Integer.toString(LabNumbers.TICK_PORT),
                                Integer.toString(traffic.echoes()),
                                Integer.toString(traffic.ticks()),
                                Integer.toString(traffic.echoIntervalMillis()),
                                record.toString())));
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

    /** Ends the client. */
    public ClientVerdict stop() throws IOException {
        ask("stop");
        JsonNode verdict = expect("verdict");
        List<String> faults = new ArrayList<>();
        verdict.path("faults").forEach(fault -> faults.add(fault.asText()));
        return new ClientVerdict(
                verdict.path("connections").asInt(),
                verdict.path("received").asLong(),
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
