package org.secondsite.buffer.io.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.buffer.io.Exchange;
import org.secondsite.buffer.io.PlaneThreads;
import org.secondsite.buffer.io.TransparentSite;

@Tag("lab")
@Timeout(180)
class BufferRunLabTest {
    private static final String OPTIONS =
            " --mode transparent --inside in0 --outside out0 --vm 52:54:00:c0:10:01=192.0.2.10";

    @Test
    void runsForItsTimeThenVerifiesAndResets() throws Exception {
        try (TransparentSite site = new TransparentSite()) {
            assertTrue(run(site, "verify" + OPTIONS, 1).contains("secondsite_in0"));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Thread traffic = Thread.ofPlatform().name("traffic").start(() -> {
                try {
                    // Until it holds nobody is answered, and what it does not hold it drops.
                    while (!out.toString(UTF_8).startsWith("ready\n")) {
                        Thread.sleep(5);
                    }
                    Exchange.run(site.namespaces, TransparentSite.VM_ADDRESS, 100_000);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            String printed = run(site, "run" + OPTIONS + " --epoch-ms 10 --commit-delay-ms 5 --seconds 6", 0, out);
            assertTrue(PlaneThreads.ended(traffic));
            assertTrue(printed.startsWith("ready\n{\"released\":"), printed);
            assertTrue(printed.contains("\"dropped\":0,"), printed);
            assertTrue(printed.matches("(?s).*\"commitToWireMicros\":\\{\"count\":[1-9].*"), printed);
            assertTrue(run(site, "verify" + OPTIONS, 0).startsWith("closed"));
            run(site, "reset" + OPTIONS, 0);
            run(site, "verify" + OPTIONS, 1);
        }
    }

    private static String run(TransparentSite site, String arguments, int expected) throws Exception {
        return run(site, arguments, expected, new ByteArrayOutputStream());
    }

    private static String run(TransparentSite site, String arguments, int expected, ByteArrayOutputStream out)
            throws Exception {
        PrintStream to = new PrintStream(out, true, UTF_8);
        int code = site.namespaces.in("gw", () -> BufferRun.run(arguments.split(" +", -1), to, to));
        assertEquals(expected, code, out.toString(UTF_8));
        return out.toString(UTF_8);
    }
}
