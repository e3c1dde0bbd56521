package org.secondsite.buffer.io;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** An independent witness: what tcpdump hears on an interface. */
final class Capture implements AutoCloseable {
    private final Path file;
    private final Process process;

    /** Starts, and returns once it listens. Keeps whole frames; a burst of more than some hundred may be too much. */
    Capture(Namespaces namespaces, String namespace, String interfaceName, String... filter) throws IOException {
        this(0, namespaces, namespace, interfaceName, filter);
    }

    /** Keeps the first {@code bytes} of each frame, and so has room for bursts of many thousands. */
    static Capture ofBeginnings(
            int bytes, Namespaces namespaces, String namespace, String interfaceName, String... filter)
            throws IOException {
        return new Capture(bytes, namespaces, namespace, interfaceName, filter);
    }

    private Capture(int bytes, Namespaces namespaces, String namespace, String interfaceName, String... filter)
            throws IOException {
        file = Files.createTempFile("secondsite", ".pcap");
        List<String> command = new ArrayList<>(namespaces.prefix(namespace));
        // -Z root: the file is ours to read, and tcpdump need not own it.
        command.addAll(List.of(
                "tcpdump",
                "-Z",
                "root",
                "-i",
                interfaceName,
                "-U",
                "--immediate-mode",
                "-Q",
                "in",
                "-s",
                Integer.toString(bytes),
                "-B",
                "65536"));
        command.addAll(List.of("-w", file.toString()));
        command.addAll(List.of(filter));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = reader.readLine();
        while (line != null && !line.contains("listening on")) {
            line = reader.readLine();
        }
        if (line == null) {
            throw new IOException("tcpdump did not start on " + interfaceName);
        }
    }

    /** The frames heard so far, oldest first. */
    List<byte[]> frames() throws IOException {
        ByteBuffer data = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> frames = new ArrayList<>();
        int at = 24;
        while (at + 16 <= data.limit()) {
            int length = data.getInt(at + 8);
            if (at + 16 + length > data.limit()) {
                break;
            }
            byte[] frame = new byte[length];
            data.get(at + 16, frame);
            frames.add(frame);
            at += 16 + length;
        }
        return frames;
    }

    /** How many of the frames heard so far fulfil a condition. */
    long count(Predicate<byte[]> condition) throws IOException {
        return frames().stream().filter(condition).count();
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(file);
    }
}
