package org.secondsite.appliance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class VmsCommandTest {
    @Test
    void everyVmHasItsLineAndBelowItWhatAgentsSayAndWhatStandsAgainstIt() throws IOException {
        String answer = """
                {"site": "a", "vms": [
                  {"name": "vm1", "group": "web", "membership": "MEMBER", "mac": "52:54:00:c0:10:01", "why": [],
                   "agents": [{"host": "h1", "running": true, "ramMiB": 128, "calledSecondsAgo": 4, "words": "QEMU 7.2.22"}]},
                  {"name": "vm9", "group": "", "membership": "", "mac": "", "agents": [],
                   "why": ["it is in no group of this gateway's file"]}]}
                """;
        assertEquals(
                List.of(
                        "vm1                  web          MEMBER     52:54:00:c0:10:01",
                        "    h1: runs, 128 MiB, called 4 s ago: QEMU 7.2.22",
                        "vm9                  -            unticked   ",
                        "    why: it is in no group of this gateway's file"),
                VmsCommand.text(new ObjectMapper().readTree(answer)).lines().toList());
    }
}
