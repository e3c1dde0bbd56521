package org.secondsite.lab.io;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.secondsite.lab.plan.JavaRuntime;
import org.secondsite.lab.plan.OtherBuild;

/** The Java and the class path that run this process: the lab's processes get the same. */
public final class ThisJava {
    private ThisJava() {}

    /** Names the file of classes linked ahead of time. */
    static final String CACHE = "secondsite.cache";

    /**
     * How to start another one. The launcher tells in {@code secondsite.cache} where it keeps classes linked ahead of time. Tests
     * say {@code secondsite.lab.quick}: processes that live for a minute compile quickly rather than well, which is half of their
     * start. {@code secondsite.lab.other} is the class path of another build, and {@code secondsite.lab.other.processes} names, with commas
     * between them, who runs that.
     */
    public static JavaRuntime runtime() {
        List<String> classPath = new ArrayList<>(jars());
        entries().filter(entry -> !isJar(entry)).forEach(classPath::add);
        return new JavaRuntime(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                String.join(File.pathSeparator, classPath),
                Boolean.getBoolean("secondsite.lab.quick") ? List.of("-XX:TieredStopAtLevel=1") : List.of(),
                linked(),
                other());
    }

    private static Optional<OtherBuild> other() {
        return Optional.ofNullable(System.getProperty("secondsite.lab.other"))
                .map(classPath -> new OtherBuild(
                        classPath,
                        Set.of(System.getProperty("secondsite.lab.other.processes", "")
                                .split(",", -1))));
    }

    private static List<String> linked() {
        String cache = System.getProperty(CACHE, "");
        if (cache.isEmpty() || !Files.isReadable(Path.of(cache))) {
            return List.of();
        }
        // A cache that does not fit is ignored by the virtual machine, which need not complain about it. Mapped where
        // it was written for, it
        // need not be relocated, which would cost a tenth of a second.
        return List.of(
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0",
                "-XX:AOTCache=" + cache,
                "-Xlog:aot=off");
    }

    /** The beginning of the class path: a cache is of jars alone, and fits any class path that begins with them. */
    static List<String> jars() {
        return entries().filter(ThisJava::isJar).toList();
    }

    private static Stream<String> entries() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1));
    }

    private static boolean isJar(String entry) {
        return Files.isRegularFile(Path.of(entry));
    }
}
