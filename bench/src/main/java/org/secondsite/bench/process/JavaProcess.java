package org.secondsite.bench.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.appliance.Main;
import org.secondsite.appliance.packages.JavaOptions;

/** Another process of this program, with the Java and the class path of this one, started as the launcher does. */
public final class JavaProcess implements AutoCloseable {
    /** How a gateway is started in a measurement. */
    public static final List<String> GATEWAY_OPTIONS =
            with(JavaOptions.ofDaemons(), "-Xmx64m", "-XX:TieredStopAtLevel=1");

    /** The launcher tells in this property which jars a witness has; without it, those of this process. */
    private static final String WITNESS_CLASS_PATH = "secondsite.witness.classpath";

    private static final long TICK_NANOS = 10_000_000;

    private final Process process;

    /** Where the classes come from: linked ahead of time into a file, or, in a training run, to be linked into one at the end. */
    public record Classes(List<String> options) {
        /** The launcher tells in this property where it keeps what it has linked for gateways and tools. */
        public static final String LINKED = "secondsite.cache";

        /** And here, what it has linked for witnesses, which are to stay small. */
        public static final String LINKED_FOR_WITNESS = "secondsite.witness.cache";

        public Classes {
            options = List.copyOf(options);
        }

        /** Those of the file that a property names; if there is none, they are loaded as ever. */
        public static Classes of(String property) {
            String file = System.getProperty(property, "");
            // One that does not fit is ignored by the virtual machine, which need not complain about it. Mapped where
            // it was
            // written for, it need not be relocated, which would write to every page of it.
            return new Classes(
                    file.isEmpty() || !Files.isRegularFile(Path.of(file))
                            ? List.of()
                            : List.of(
                                    "-XX:+UnlockDiagnosticVMOptions",
                                    "-XX:ArchiveRelocationMode=0",
                                    "-XX:AOTCache=" + file,
                                    "-Xlog:aot=off"));
        }

        public static Classes linkedAtTheEndInto(Path file) {
            return new Classes(List.of("-XX:AOTCacheOutput=" + file));
        }
    }

    private JavaProcess(Process process) {
        this.process = process;
    }

    /** Starts a main class of this process's own class path. */
    public static JavaProcess start(List<String> options, Classes classes, Path log, Class<?> main, String... arguments)
            throws IOException {
        return start(
                with(options, "-cp", System.getProperty("java.class.path")), classes, log, main.getName(), arguments);
    }

    /** Starts a witness as the launcher does. */
    public static JavaProcess startWitness(Classes classes, Path log, String... arguments) throws IOException {
        String classPath = System.getProperty(WITNESS_CLASS_PATH, System.getProperty("java.class.path"));
        return start(with(JavaOptions.ofWitness(), "-cp", classPath), classes, log, Main.class.getName(), arguments);
    }

    private static List<String> with(List<String> options, String... more) {
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of(more));
        return all;
    }

    private static JavaProcess start(List<String> options, Classes classes, Path log, String main, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(classes.options());
        command.add(main);
        command.addAll(List.of(arguments));
        File file = log.toFile();
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(file));
        // The C library's own caches for each thread are not needed here; the launcher says the same of a witness.
        builder.environment().put("MALLOC_ARENA_MAX", "1");
        return new JavaProcess(builder.start());
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Resident memory in KiB, from {@code /proc}: {@code VmRSS} for now, {@code VmHWM} for the most it ever was. */
    public long residentKib(String which) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.startsWith(which + ":")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        throw new IOException("no " + which + " of process " + process.pid());
    }

    /** The processor time that it has taken, by all of its threads, in steps of 10 ms ({@code /proc/PID/stat}). */
    public long processorNanos() throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        // Behind the name, which may have blanks: field 3 is the state, 14 and 15 are user's and system's time.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * TICK_NANOS;
    }

    /** Kills it at once, and answers when: just before the signal. */
    public long kill() {
        long now = System.nanoTime();
        process.destroyForcibly();
        return now;
    }

    public long pid() {
        return process.pid();
    }

    /** Asks it to end, and waits until it has: SIGTERM. */
    public void end() throws InterruptedException {
        process.destroy();
        process.waitFor();
    }

    public void awaitEnd() throws InterruptedException {
        process.waitFor();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
