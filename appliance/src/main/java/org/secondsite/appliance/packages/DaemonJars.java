package org.secondsite.appliance.packages;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * Gathers the jars of each daemon: its own modules with what they need, and nothing else. The build leaves the class path of each
 * module in {@code MODULE/target/runtime.classpath}.
 */
public final class DaemonJars {
    /** A daemon, and the modules that it is made of. */
    public enum Daemon {
        GATEWAY,
        WITNESS,
        AGENT;

        private List<String> modules() {
            return switch (this) {
                case GATEWAY -> List.of("gateway", "metrics");
                case WITNESS -> List.of("witness", "metrics");
                case AGENT -> List.of("replicator");
            };
        }

        /** As in {@code secondsite gateway}. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What the program itself needs to read a command line and to write a log. */
    private static final Pattern PROGRAM =
            Pattern.compile("(picocli|logback-classic|logback-core|slf4j-api)-[0-9].*\\.jar");

    private static final Pattern NATIVE = Pattern.compile(".*\\.(so|dll|dylib|jnilib|a)");
    private static final Pattern OTHER_SYSTEM =
            Pattern.compile("(?i).*(win|darwin|osx|macos|freebsd|openbsd|sunos|aix|kqueue).*");
    private static final Pattern THIS_PROCESSOR = Pattern.compile("(?i).*(x86[-_]64|amd64).*");

    private DaemonJars() {}

    /**
     * Gathers all of them below {@code appliance/target/daemons}: the jars in {@code lib}, without libraries of other platforms,
     * and the class path of each daemon in {@code NAME.classpath}.
     *
     * @param arguments the directory of the repository, built
     */
    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]).toAbsolutePath();
        Path target = root.resolve("appliance/target/daemons");
        Path lib = Files.createDirectories(target.resolve("lib"));
        for (Daemon daemon : Daemon.values()) {
            List<String> gathered = new ArrayList<>();
            for (Path jar : classPath(root, daemon)) {
                Path copy = lib.resolve(jar.getFileName());
                if (!Files.exists(copy)
                        || Files.getLastModifiedTime(jar).compareTo(Files.getLastModifiedTime(copy)) > 0) {
                    copyForThisPlatform(jar, copy);
                }
                gathered.add(copy.toString());
            }
            Files.writeString(
                    target.resolve(daemon.word() + ".classpath"), String.join(File.pathSeparator, gathered) + "\n");
        }
    }

    /** The jars (or, before they are packed, the directories of classes) that a daemon needs. */
    public static List<Path> classPath(Path root, Daemon daemon) throws IOException {
        Set<Path> all = new LinkedHashSet<>();
        all.add(built(root, "appliance"));
        for (String module : daemon.modules()) {
            all.add(built(root, module));
            all.addAll(needs(root, module));
        }
        needs(root, "appliance").stream()
                .filter(jar -> PROGRAM.matcher(jar.getFileName().toString()).matches())
                .forEach(all::add);
        return List.copyOf(all);
    }

    private static List<Path> needs(Path root, String module) throws IOException {
        String text = Files.readString(root.resolve(module).resolve("target/runtime.classpath"));
        return Arrays.stream(text.strip().split(File.pathSeparator, -1))
                .filter(entry -> !entry.isEmpty())
                .map(Path::of)
                .toList();
    }

    private static Path built(Path root, String module) throws IOException {
        Path target = root.resolve(module).resolve("target");
        try (var files = Files.newDirectoryStream(target, module + "-*.jar")) {
            for (Path jar : files) {
                return jar;
            }
        }
        return target.resolve("classes");
    }

    /** Whether this entry of a jar is a library for another system or processor than this product's: Linux on x86-64. */
    static boolean isForeign(String entry) {
        return NATIVE.matcher(entry).matches()
                && (OTHER_SYSTEM.matcher(entry).matches()
                        || !THIS_PROCESSOR.matcher(entry).matches());
    }

    private static void copyForThisPlatform(Path jar, Path to) throws IOException {
        Path part = to.resolveSibling(to.getFileName() + ".part");
        try (ZipInputStream in = new ZipInputStream(Files.newInputStream(jar));
                OutputStream file = Files.newOutputStream(part);
                ZipOutputStream out = new ZipOutputStream(file)) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (!isForeign(entry.getName())) {
                    out.putNextEntry(new ZipEntry(entry.getName()));
                    in.transferTo(out);
                }
            }
        }
        Files.move(part, to, StandardCopyOption.REPLACE_EXISTING);
    }

    /** As {@code java -cp} takes it. */
    public static String joined(List<Path> classPath) {
        return classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
}
