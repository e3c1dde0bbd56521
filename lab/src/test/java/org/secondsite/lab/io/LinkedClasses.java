package org.secondsite.lab.io;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.secondsite.appliance.packages.JavaOptions;
import org.secondsite.appliance.packages.Rehearsal;
import org.secondsite.lab.cli.Main;

/**
 * Classes that a lab's processes find loaded and linked: a lab starts seven virtual machines, and a third of what that costs is
 * this. Made once for the jars of a build, by the demo that needs neither root nor network. Where the modules are not packaged, and
 * when it fails, labs start without, slower.
 */
final class LinkedClasses {
    private static final int LIMIT_SECONDS = 180;

    private LinkedClasses() {}

    /** Has the labs that start from now on use them; makes them, if they are older than a jar. */
    static synchronized void prepare() throws IOException {
        if (System.getProperty(ThisJava.CACHE) != null) {
            return;
        }
        List<String> jars = ThisJava.jars();
        Path cache = Path.of("target", "lab.aot").toAbsolutePath();
        System.setProperty(ThisJava.CACHE, cache.toString());
        if (jars.contains(origin(Rehearsal.class)) && !isNewerThan(jars, cache)) {
            long begun = System.nanoTime();
            make(jars, cache);
            System.out.printf("classes linked after %.1f s%n", (System.nanoTime() - begun) / 1e9);
        }
    }

    private static boolean isNewerThan(List<String> jars, Path cache) throws IOException {
        if (!Files.exists(cache)) {
            return false;
        }
        for (String jar : jars) {
            if (Files.getLastModifiedTime(Path.of(jar)).compareTo(Files.getLastModifiedTime(cache)) > 0) {
                return false;
            }
        }
        return true;
    }

    private static void make(List<String> jars, Path cache) throws IOException {
        Files.deleteIfExists(cache);
        Path made = cache.resolveSibling("lab.aot.new");
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m"));
        command.addAll(JavaOptions.ofDaemons());
        command.addAll(List.of(
                "-XX:TieredStopAtLevel=1",
                "-XX:AOTCacheOutput=" + made,
                "-cp",
                String.join(File.pathSeparator, jars),
                Rehearsal.class.getName(),
                origin(Main.class),
                Main.class.getName(),
                "demo",
                "--embedded"));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Path.of("target", "linked-classes.log").toFile())
                .start();
        try {
            // Whatever the demo comes to, the classes have been seen.
            if (process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) && Files.exists(made)) {
                Files.move(made, cache);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static String origin(Class<?> type) {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath())
                .toString();
    }
}
