package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.appliance.packages.JavaOptions;

/**
 * How the lab starts Java processes: as the product is started. Many of them share few cores, so each gets a small heap and
 * whatever was prepared ahead of time.
 *
 * @param java the program
 * @param classPath of all modules
 * @param options of every process
 * @param linked options by which it finds classes that were linked ahead of time, if there are any
 * @param other what some processes run instead
 */
public record JavaRuntime(
        Path java, String classPath, List<String> options, List<String> linked, Optional<OtherBuild> other) {
    private static final List<String> FRUGAL = List.of("-Xms16m");

    /**
     * With less room for what is young, most of what lives as long as an epoch comes to be old, and the process grows until it has all the
     * memory that it may have.
     */
    private static final List<String> ROOM_FOR_THE_YOUNG = List.of("-Xms48m", "-Xmn32m");

    private static final String REWRITES_CLASSES = "-javaagent:";

    /** Copies the lists. */
    public JavaRuntime {
        options = List.copyOf(options);
        linked = List.copyOf(linked);
    }

    /**
     * The same with one more option; with an empty one, the same. A virtual machine whose classes are rewritten when they are loaded refuses
     * those that are linked, and then even its own.
     */
    JavaRuntime with(String option) {
        List<String> all = new ArrayList<>(options);
        if (!option.isEmpty()) {
            all.add(option);
        }
        return new JavaRuntime(java, classPath, all, option.startsWith(REWRITES_CLASSES) ? List.of() : linked, other);
    }

    /** A process that works hard: it may compile what is hot as well as it can. */
    public List<String> worker(int heapMiB, String mainClass, List<String> arguments) {
        return command(heapMiB, ROOM_FOR_THE_YOUNG, mainClass, arguments);
    }

    /** A process that works little: optimising would cost more than it saves; half of such a start was that. */
    public List<String> light(int heapMiB, String mainClass, List<String> arguments) {
        return command(heapMiB, List.of("-XX:TieredStopAtLevel=1"), mainClass, arguments);
    }

    private List<String> command(int heapMiB, List<String> more, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>(JavaOptions.environment());
        command.addAll(List.of(java.toString(), "-Xmx" + heapMiB + "m"));
        command.addAll(FRUGAL);
        command.addAll(JavaOptions.ofDaemons());
        command.addAll(options);
        command.addAll(linked);
        command.addAll(more);
        command.addAll(List.of("-cp", classPath, mainClass));
        command.addAll(arguments);
        return command;
    }
}
