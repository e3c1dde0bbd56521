package org.secondsite.bench.io;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a run was made on. */
public final class Machine {
    private Machine() {}

    /** Writes a run's figures with what they were measured on. */
    public static void write(Path file, ObjectNode figures) throws IOException {
        Files.writeString(file, figures.set("machine", describe()).toPrettyString() + "\n");
    }

    /** Processor, number of processors, kernel, Java. */
    private static ObjectNode describe() throws IOException {
        String model;
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            model = lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        }
        return JsonNodeFactory.instance
                .objectNode()
                .put("processor", model)
                .put("processors", Runtime.getRuntime().availableProcessors())
                .put("kernel", System.getProperty("os.version"))
                .put("java", Runtime.version().toString());
    }
}
