package org.secondsite.net.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfinementTest {
    /** Makes a file as any class of a daemon might, has a child say its limit, and crashes. */
    static final class Crashing {
        private Crashing() {}

        public static void main(String[] arguments) throws Exception {
            Confinement.enter();
            Files.writeString(Path.of(arguments[0]), "RAM");
            Files.createDirectory(Path.of(arguments[0] + ".d"));
            System.out.println(Files.readAllLines(Path.of("/proc/self/limits")).stream()
                    .filter(line -> line.startsWith("Max core file size"))
                    .findFirst()
                    .orElseThrow());
            System.out.println("dumpable " + dumpable());
            new ProcessBuilder("sh", "-c", "ulimit -c; umask")
                    .inheritIO()
                    .start()
                    .waitFor();
            new ProcessBuilder(
                            "sh", "-c", "kill -SEGV " + ProcessHandle.current().pid())
                    .start()
                    .waitFor();
            Thread.sleep(60_000);
        }

        /** prctl(2), PR_GET_DUMPABLE. */
        @SuppressWarnings("restricted")
        private static int dumpable() {
            Linker linker = Linker.nativeLinker();
            try {
                return (int) linker.downcallHandle(
                                linker.defaultLookup().findOrThrow("prctl"),
                                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT),
                                Linker.Option.firstVariadicArg(1))
                        .invokeExact(3);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @TempDir
    private Path directory;

    @Test
    void whatItMakesIsItsOwnersAloneAndItLeavesNoCoreDump() throws Exception {
        Path file = directory.resolve("made");
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "umask 022; ulimit -c unlimited 2>/dev/null; exec \"$@\"",
                        "sh",
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:ErrorFile=" + directory.resolve("hs_err"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Crashing.class.getName(),
                        file.toString())
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        assertTrue(said.matches("(?s)Max core file size +0 +0 .*"), said);
        assertTrue(said.contains("dumpable 0"), said);
        assertTrue(said.contains("\n0\n0077\n"), "its children's limit and mask: " + said);
        assertEquals("rw-------", mode(file));
        assertEquals("rwx------", mode(directory.resolve("made.d")));
        assertEquals("rw-------", mode(directory.resolve("hs_err")), "it crashed, and what it wrote of that is closed");
        try (var left = Files.list(directory)) {
            assertEquals(
                    List.of(),
                    left.filter(path -> path.getFileName().toString().contains("core"))
                            .toList());
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
