package org.secondsite.replicator.agent.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.secondsite.replicator.PageSet;

/**
 * A process that maps a file and writes to it as it is told, line by line: {@code store PAGE} by an instruction,
 * {@code read PAGE} by read(2) into the mapping. It answers every line.
 */
final class MemoryWriter implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final PrintStream orders;

    /** Starts one that has a file mapped when this returns. */
    MemoryWriter(Path file) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx32m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MemoryWriter.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        orders = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
        expect("mapped");
    }

    long pid() {
        return process.pid();
    }

    /** Has it write one byte, and waits until it has. */
    void write(String how, int page) throws IOException {
        orders.println(how + " " + page);
        expect("done");
    }

    private void expect(String answer) throws IOException {
        String line = answers.readLine();
        if (!answer.equals(line)) {
            throw new IOException("the writer said " + line + ", not " + answer);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }

    public static void main(String[] args) throws IOException {
        Path path = Path.of(args[0]);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
                FileChannel source = FileChannel.open(Path.of("/dev/urandom"));
                BufferedReader orders =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            MappedByteBuffer memory = file.map(FileChannel.MapMode.READ_WRITE, 0, Files.size(path));
            System.out.println("mapped");
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                String[] words = order.split(" ", 2);
                int at = Integer.parseInt(words[1]) * PageSet.PAGE_BYTES + 77;
                if (words[0].equals("store")) {
                    memory.put(at, (byte) (memory.get(at) + 1));
                } else {
                    ByteBuffer target = memory.slice(at, 64);
                    source.read(target);
                }
                System.out.println("done");
            }
        }
    }
}
