package org.secondsite.appliance.packages;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/** The daemons' Java options, in files that {@code java @FILE} reads as well. */
public final class JavaOptions {
    private JavaOptions() {}

    /**
     * What a command line begins with so that the C library keeps no memory of its own for each thread. Buffers that one thread frees and
     * another asks for would be taken anew. The launcher says the same.
     */
    public static List<String> environment() {
        return List.of("env", "MALLOC_ARENA_MAX=2");
    }

    /** Those of every daemon. */
    public static List<String> ofDaemons() {
        return read("daemon.options");
    }

    /** Those of a witness: every daemon's, and what keeps it small. */
    public static List<String> ofWitness() {
        List<String> options = new ArrayList<>(ofDaemons());
        options.addAll(read("witness.options"));
        return List.copyOf(options);
    }

    private static List<String> read(String name) {
        try (InputStream in = JavaOptions.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
