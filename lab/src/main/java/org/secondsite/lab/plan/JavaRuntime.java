package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * How the lab starts Java processes: many of them share few cores, so each gets a small heap, the collector without threads of
 * its own, and the class data archive.
 *
 * @param java the program
 * @param classPath of all modules
 * @param archive shared class data; used if it is there and fits, ignored otherwise
 */
public record JavaRuntime(Path java, String classPath, Path archive) {
    /** A command line. */
    public List<String> command(int heapMiB, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                java.toString(),
                "-Xms16m",
                "-Xmx" + heapMiB + "m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=4",
                "-XX:-UsePerfData",
                "-XX:SharedArchiveFile=" + archive,
                "-Xshare:auto",
                "-Xlog:cds=off",
                "-Xlog:cds+dynamic=off",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                classPath,
                mainClass));
        command.addAll(arguments);
        return command;
    }
}
