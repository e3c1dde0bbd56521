package org.secondsite.buffer.io.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BufferRunTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    fly                                                         | 'fly' is not run
                    run --mode bridge                                           | not a mode
                    run --inside                                                | misses its value
                    run --speed 9                                               | unknown option --speed
                    run --mode transparent --inside a --outside b               | --vm is missing
                    run --mode transparent --inside a --vm 02:00:00:00:00:01    | --outside is missing
                    run --inside a --vm 02:00:00:00:00:01                       | --inside-address is missing
                    run --inside a --vm 02:00:00:00:00:01 --inside-address 10.0.0.1/24 | --uplink is missing
                    run --inside a --vm 0200                                    | is not a VM
                    run --inside a --vm 02:00:00:00:00:01@4095                  | VLAN 4095
                    run --inside a --vm 02:00:00:00:00:01=1.2.3                 | is not an IP address
                    run --epoch-ms 0                                            | must be 1 to
                    run --port xdp                                              | is not a port
                    """)
    void wrongOptionsAreRefusedWithTheReason(String arguments, String reason) {
        assertEquals(2, run(arguments));
        assertTrue(err.toString(UTF_8).contains(reason), err.toString(UTF_8));
        assertTrue(err.toString(UTF_8).contains("usage:"));
    }

    @Test
    void aMissingInterfaceIsAnErrorOfOneLine() {
        String vm = "--vm 02:00:00:00:00:01";
        assertEquals(1, run("run --mode transparent --inside nosuch0 --outside nosuch1 " + vm));
        assertEquals(1, err.toString(UTF_8).lines().count(), err.toString(UTF_8));
        assertTrue(err.toString(UTF_8).contains("nosuch0"), err.toString(UTF_8));
    }

    private int run(String arguments) {
        PrintStream to = new PrintStream(err, true, UTF_8);
        return BufferRun.run(arguments.split(" +", -1), to, to);
    }
}
