package org.secondsite.lab.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;

@Tag("lab")
@Timeout(180)
class LabTopologyTest {
    private final String lab = TestNames.lab();

    @AfterEach
    void leaveNothing() throws IOException {
        LabTopology.down(lab);
    }

    @Test
    void upMakesAllOfItAndDownLeavesNothing() throws Exception {
        LabTopology.up(Topology.of(lab));
        assertEquals(10, LabTopology.existing(lab).size());
        // One wire tells of names, addresses and state.
        try (ServerSocket server = NetworkNamespace.call(
                        Topology.router(lab, Site.A), () -> new ServerSocket(7, 1, address(Site.A.routerAddress())));
                Socket client = NetworkNamespace.call(
                        Topology.gateway(lab, Site.A), () -> new Socket(Site.A.routerAddress(), 7))) {
            assertEquals(new InetSocketAddress("10.1.0.2", client.getLocalPort()), client.getLocalSocketAddress());
            assertTrue(server.isBound());
        }
        LabTopology.down(lab);
        assertEquals(List.of(), LabTopology.existing(lab));
    }

    @Test
    void downEndsWhatRunsInside() throws Exception {
        LabTopology.up(Topology.of(lab));
        Process sleeper = new ProcessBuilder("ip", "netns", "exec", Topology.core(lab), "sleep", "1000").start();
        Waiting.until("the process to be inside", 5, () -> !Commands.run("ip", "netns", "pids", Topology.core(lab))
                .isEmpty());
        LabTopology.down(lab);
        assertEquals(137, sleeper.waitFor(), "128 + SIGKILL");
    }

    @Test
    void aFailureNamesTheCommandItsInputAndItsComplaint() throws Exception {
        LabTopology.up(Topology.of(lab));
        IOException failure = assertThrows(IOException.class, () -> LabTopology.up(Topology.of(lab)));
        assertTrue(failure.getMessage().contains("ip -batch -"), failure.getMessage());
        assertTrue(failure.getMessage().contains("netns add " + lab + "-client"), failure.getMessage());
        assertTrue(failure.getMessage().contains("File exists"), failure.getMessage());
    }

    private static InetAddress address(String text) throws IOException {
        return InetAddress.getByName(text);
    }
}
