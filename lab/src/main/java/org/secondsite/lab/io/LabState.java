package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabPaths;

/**
 * What is up, as kept in the lab's directory between commands.
 *
 * @param options how it was brought up
 * @param processes all that were started, also those that have ended since
 */
record LabState(LabOptions options, List<LabProcess> processes) {
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    LabState {
        processes = List.copyOf(processes);
    }

    static LabState read(String name) throws IOException {
        try {
            return JSON.readValue(new LabPaths(name).state().toFile(), LabState.class);
        } catch (FileNotFoundException e) {
            throw new IOException("no lab '" + name + "' is up", e);
        }
    }

    void write() throws IOException {
        Path file = new LabPaths(options.name()).state();
        Path next = file.resolveSibling("state.next");
        JSON.writeValue(next.toFile(), this);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** With processes started; those of the same name are replaced. */
    LabState with(List<LabProcess> started) {
        List<String> names = started.stream().map(LabProcess::name).toList();
        List<LabProcess> all = new ArrayList<>(processes.stream()
                .filter(process -> !names.contains(process.name()))
                .toList());
        all.addAll(started);
        return new LabState(options, all);
    }
}
