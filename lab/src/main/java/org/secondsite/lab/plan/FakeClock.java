package org.secondsite.lab.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A wall clock of its own for one process: libfaketime, loaded before the C library, adds what stands in a file to every
 * {@code CLOCK_REALTIME} that the process reads. The monotonic clock, and the times of files, stay the kernel's: a jump of the
 * wall clock is all that happens.
 */
public final class FakeClock {
    /** The Debian package. */
    public static final String PACKAGE = "libfaketime";

    /** The library's file name, for several threads. */
    public static final String LIBRARY = "libfaketimeMT.so.1";

    /** Taken out of the environment of a process that a process with such a clock starts. */
    static final List<String> REMOVED = List.of("env", "-u", "LD_PRELOAD");

    private FakeClock() {}

    /** Where a process's offset stands. */
    public static Path file(LabPaths paths, String process) {
        return paths.file("clocks/" + process);
    }

    /** The process with such a clock. */
    static ProcessPlan given(LabPaths paths, ProcessPlan process) {
        List<String> command = new ArrayList<>(List.of(
                "env",
                // ld.so(8): $LIB is where this machine keeps libraries of the program's own architecture.
                "LD_PRELOAD=/usr/$LIB/faketime/" + LIBRARY,
                "FAKETIME_TIMESTAMP_FILE=" + file(paths, process.name()),
                "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1",
                // Its cure for an old glibc makes every timed wait of a JVM return at once.
                "FAKETIME_FORCE_MONOTONIC_FIX=0",
                "NO_FAKE_STAT=1"));
        command.addAll(process.command());
        return new ProcessPlan(
                process.role(), process.site(), process.name(), process.namespace(), process.niceness(), command);
    }

    /** Whether processes of the role get one: those that run the product. */
    static boolean isFor(Role role) {
        return role == Role.GATEWAY || role == Role.AGENT || role == Role.WITNESS;
    }
}
