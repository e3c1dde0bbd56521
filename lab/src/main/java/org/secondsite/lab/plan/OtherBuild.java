package org.secondsite.lab.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Another build of the product, of the release before as a rule, that some processes of a lab run: what two releases do beside each other
 * while a pair is upgraded.
 *
 * @param classPath of its daemons
 * @param processes by their names, such as {@code gateway-b}, {@code agent-b} or {@code witness}
 */
public record OtherBuild(String classPath, Set<String> processes) {
    /** Keys of the laboratory's files that the release before does not know. */
    private static final List<String> NEWER = List.of(", crl: ca\\.crl", ", commands: bgp-[ab]");

    private static final String CLASS_PATH = "-cp";
    private static final String LINKED = "-XX:AOTCache=";

    /** Copies the set. */
    public OtherBuild {
        processes = Set.copyOf(processes);
    }

    /**
     * How the processes of a lab are started: its own by this build.
     *
     * @throws IllegalArgumentException if it is to run one that the lab does not have
     */
    List<ProcessPlan> started(List<ProcessPlan> all) {
        for (String name : processes) {
            if (all.stream().noneMatch(process -> process.name().equals(name))) {
                throw new IllegalArgumentException(
                        "the other build is to run '" + name + "', which the lab does not have");
            }
        }
        return all.stream()
                .map(process -> processes.contains(process.name()) ? started(process) : process)
                .toList();
    }

    /** Classes that were linked ahead of time are of another class path. */
    private ProcessPlan started(ProcessPlan process) {
        List<String> command = new ArrayList<>(process.command());
        command.set(command.indexOf(CLASS_PATH) + 1, classPath);
        command.removeIf(option -> option.startsWith(LINKED));
        return new ProcessPlan(
                process.role(), process.site(), process.name(), process.namespace(), process.niceness(), command);
    }

    /** What is in a configuration file: of one of its processes only what this build knows. */
    String understood(String fileName, String text) {
        String known = text;
        if (processes.contains(fileName.replace(".yaml", ""))) {
            for (String key : NEWER) {
                known = known.replaceAll(key, "");
            }
        }
        return known;
    }
}
