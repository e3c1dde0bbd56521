package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.VmId;
import org.secondsite.net.life.io.Life;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;

/** What an agent remembers of terms, and tells every gateway, byte by byte (safety rule NoTermTwice). */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AgentTermsTest {
    private static final VmId VM = new VmId("vm1");
    private static final AgentTiming TIMING = new AgentTiming(20_000, 20, 100, 5000, 20);
    private static final int HELLO = 1;
    private static final int SEAL = 8;
    private static final int PONG = 24;
    private static final int TERM = 36;
    private static final HandMadeMessage WELCOME =
            new HandMadeMessage(2, "0004 00000004 0000000010000000 00 0100"); // with TERMS, bit 8
    private static final HandMadeMessage START_3 =
            new HandMadeMessage(4, "0000000000000003 0000000000000001 01 00002710");

    @TempDir
    private Path directory;

    private final ServerSocket gateway;
    private Socket socket;

    AgentTermsTest() throws IOException {
        gateway = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        gateway.setSoTimeout(20_000);
    }

    private static SyntheticVm booted() {
        SyntheticVm vm = new SyntheticVm(VM, 1 << 20);
        vm.boot();
        return vm;
    }

    private CheckpointAgent agent() throws IOException {
        return CheckpointAgent.open(
                new GatewayAccess((InetSocketAddress) gateway.getLocalSocketAddress(), Optional.empty()),
                List.of(booted()),
                TIMING,
                Optional.of(directory),
                Life.unwatched("agent"));
    }

    /** An agent that finds its VM only after it has called ends that connection and calls again. */
    private String greeted() throws IOException {
        String hello;
        do {
            socket = gateway.accept();
            socket.setSoTimeout(20_000);
            hello = HandMadeMessage.until(socket, HELLO);
        } while (hello == null || hello.startsWith("00040100"));
        WELCOME.write(socket);
        return HandMadeMessage.until(socket, TERM);
    }

    private void told(long term) throws IOException {
        new HandMadeMessage(TERM, String.format("%016x", term)).write(socket);
        new HandMadeMessage(23, "0000000000000777").write(socket);
        assertEquals("0000000000000777", HandMadeMessage.until(socket, PONG));
    }

    @Test
    void anAgentRemembersOverItsDeathWhichTermsItWasToldOfAndTellsTheNextGatewayFirst() throws IOException {
        try (CheckpointAgent agent = agent()) {
            assertEquals("0000000000000000", greeted());
            START_3.write(socket);
            assertNotNull(HandMadeMessage.until(socket, SEAL));
            told(9);
            socket.close();
            assertEquals("0000000000000009", greeted(), "told on every connection");
            told(4);
            assertEquals(0, agent.wrongMessages(), "a lower term is no news");
        }
        try (CheckpointAgent agent = agent()) {
            assertEquals("0000000000000009", greeted(), "remembered on the disk");
            START_3.write(socket);
            assertNotNull(HandMadeMessage.until(socket, SEAL), "what was only heard of forbids nothing");
            assertEquals(0, agent.wrongMessages());
        }
        assertTrue(Files.readString(directory.resolve("vm1.term")).contains("term 9\n"));
    }

    @Test
    void whatIsRememberedOfAVmOutlastsAChangeOfItsSettings() throws IOException {
        try (CheckpointAgent agent = agent()) {
            assertEquals("0000000000000000", greeted());
            told(9);
            agent.alterHosts(List.of(booted()));
            assertEquals("0000000000000009", greeted());
            assertEquals(0, agent.wrongMessages());
        }
    }

    /** The hostile gateway wants the agent to tell a term that no witness can get above. */
    @Test
    void aTermThatCannotBeIsNotRememberedAndEndsTheConnection() throws IOException {
        try (CheckpointAgent agent = agent()) {
            assertEquals("0000000000000000", greeted());
            new HandMadeMessage(TERM, "7fffffffffffffff").write(socket);
            assertNull(HandMadeMessage.until(socket, 0));
            assertEquals("0000000000000000", greeted());
            new HandMadeMessage(TERM, "8000000000000000").write(socket);
            assertNull(HandMadeMessage.until(socket, 0));
            assertEquals("0000000000000000", greeted());
            assertEquals(1, agent.wrongMessages(), "the second one is no number, which the codec finds");
        }
    }

    @Test
    void anAgentDoesNotStartOnADamagedMemory() throws IOException {
        Files.writeString(directory.resolve("vm1.term"), "secondsite-term 1\nterm 9\nsum 00000000\n");
        assertTrue(assertThrows(IOException.class, this::agent).getMessage().contains("vm1.term is damaged"));
    }

    /** The hostile host says it twice, to have its gateway tell the witness again and again. */
    @Test
    void aGatewayHearsItOnceFromAnAgent() throws Exception {
        try (RecordingGateway real = new RecordingGateway(VM, Set.of(Capability.TERMS));
                Socket agent =
                        new Socket(real.address().getAddress(), real.address().getPort())) {
            agent.setSoTimeout(20_000);
            new HandMadeMessage(HELLO, "00040101 0000000000100000 0000000000000000 0000000000000000 03 766d31 0000")
                    .write(agent);
            real.await("attached");
            new HandMadeMessage(TERM, "0000000000000007").write(agent);
            real.await("acted under: 7");
            real.session().inForce(8);
            assertEquals("0000000000000008", HandMadeMessage.until(agent, TERM));
            new HandMadeMessage(TERM, "0000000000000008").write(agent);
            assertNotNull(HandMadeMessage.until(agent, 3), "REFUSED");
            real.await("detached");
            assertEquals(1, real.server().wrongMessages());
        }
    }
}
