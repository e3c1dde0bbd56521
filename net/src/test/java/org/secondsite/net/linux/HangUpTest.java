package org.secondsite.net.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class HangUpTest {
    /** Says how often it was hung up. */
    static final class Listener {
        private static int times;

        private Listener() {}

        public static void main(String[] arguments) throws Exception {
            HangUp.then(() -> System.out.println("hung up " + ++times));
            System.out.println("ready");
            Thread.sleep(TimeUnit.MINUTES.toMillis(2));
        }
    }

    /** As nohup(1) begins one: with SIGHUP ignored, which a virtual machine leaves alone by itself. */
    @Test
    void aProcessIsToldAndLivesOn() throws Exception {
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "trap '' HUP; exec \"$@\"",
                        "sh",
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Listener.class.getName())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader out = process.inputReader()) {
            assertEquals("ready", out.readLine());
            for (int i = 1; i <= 3; i++) {
                hangUp(process.pid());
                assertEquals("hung up " + i, out.readLine());
            }
            assertTrue(process.isAlive());
        } finally {
            process.destroyForcibly();
        }
    }

    private static void hangUp(long pid) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder(List.of("kill", "-HUP", Long.toString(pid)))
                        .start()
                        .waitFor());
    }
}
