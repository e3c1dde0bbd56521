package org.secondsite.lab.io;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.lab.plan.JavaRuntime;

/** The Java and the class path that run this process: the lab's processes get the same. */
public final class ThisJava {
    private ThisJava() {}

    /**
     * How to start another one. The launcher tells in {@code secondsite.cache} where it keeps classes linked ahead of time. Tests
     * say {@code secondsite.lab.quick}: processes that live for a minute compile quickly rather than well, which is half of their
     * start.
     */
    public static JavaRuntime runtime() {
        String cache = System.getProperty("secondsite.cache", "");
        // A cache that does not fit is ignored by the virtual machine, which need not complain about it. Mapped where
        // it was
        // written for, it need not be relocated, which would cost a tenth of a second.
        List<String> options = new ArrayList<>();
        if (!cache.isEmpty() && Files.isReadable(Path.of(cache))) {
            options.addAll(List.of(
                    "-XX:+UnlockDiagnosticVMOptions",
                    "-XX:ArchiveRelocationMode=0",
                    "-XX:AOTCache=" + cache,
                    "-Xlog:aot=off"));
        }
        if (Boolean.getBoolean("secondsite.lab.quick")) {
            options.add("-XX:TieredStopAtLevel=1");
        }
        return new JavaRuntime(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                System.getProperty("java.class.path"),
                options);
    }
}
