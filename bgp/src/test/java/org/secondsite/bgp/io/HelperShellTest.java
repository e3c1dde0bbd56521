package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What signals a helper ignores that was started by a process which ignores some. */
@Timeout(120)
class HelperShellTest {
    private static final int HUP = 1;
    private static final int INT = 2;
    private static final int TERM = 15;

    @Test
    void nothingIsPutBeforeACommandIfNothingIsIgnored() {
        assertEquals(List.of(), HelperShell.prefix(List.of("SigBlk:\t0000000000004002", "SigIgn:\t0000000000000000")));
        assertEquals(List.of(), HelperShell.prefix(List.of("SigIgn:\t0000000000001001")), "SIGHUP and SIGPIPE");
        assertEquals(List.of(), HelperShell.prefix(List.of()));
    }

    @Test
    void whatIsIgnoredOfTheSignalsThatEndIsNamed() {
        assertEquals(
                List.of("setsid", "env", "--default-signal=INT"),
                HelperShell.prefix(List.of("SigIgn:\t0000000000000002")));
        assertEquals(
                List.of("setsid", "env", "--default-signal=INT,QUIT,TERM"),
                HelperShell.prefix(List.of("Name:\tjava", "SigIgn:\tffffffffffffffff")));
    }

    /** As by {@code &} in a script, and by {@code nohup}. */
    @Test
    void aHelperOfAProcessThatIgnoresSignalsDoesNot() throws Exception {
        Process process = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "trap '' HUP INT TERM; exec \"$@\"",
                        "sh",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Ignoring.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        List<String> said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertEquals(0, process.waitFor());
        assertEquals(2, said.size(), said::toString);
        assertEquals(bit(HUP) | bit(INT) | bit(TERM), among(said.getFirst()), "or else the test shows nothing");
        assertEquals(bit(HUP), among(said.getLast()));
    }

    private static long among(String hex) {
        return Long.parseUnsignedLong(hex, 16) & (bit(HUP) | bit(INT) | bit(TERM));
    }

    private static long bit(int signal) {
        return 1L << (signal - 1);
    }

    /** Says what it ignores, and what a helper of it does. */
    static final class Ignoring {
        private static final String ASK = "sed -n 's/SigIgn:\t//p' /proc/self/status";

        private Ignoring() {}

        public static void main(String[] arguments) throws Exception {
            run(List.of("/bin/sh", "-c", ASK));
            run(HelperShell.ours().command(ASK));
        }

        private static void run(List<String> command) throws Exception {
            new ProcessBuilder(command).inheritIO().start().waitFor();
        }
    }
}
