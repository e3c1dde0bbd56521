package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.Socket;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.checkpoint.Admission;
import org.secondsite.replicator.checkpoint.io.CheckpointServerSettings;

/** A gateway whose agents get another window while they are attached. */
class WindowChangesTest {
    private static final VmId VM = new VmId("vm1");
    private static final String NO_EPOCH = "0000000000000000 0000000000000000";
    private static final int WELCOME = 2;
    private static final int PONG = 24;
    private static final int WINDOW = 35;

    private static HandMadeMessage hello(String versionAndFlags) {
        return new HandMadeMessage(1, versionAndFlags + "0000000000100000" + NO_EPOCH + "03 766d31 0000");
    }

    private static Socket attached(RecordingGateway gateway, String versionAndFlags) throws Exception {
        Socket socket =
                new Socket(gateway.address().getAddress(), gateway.address().getPort());
        socket.setSoTimeout(30_000);
        hello(versionAndFlags).write(socket);
        return socket;
    }

    private static CheckpointServerSettings other(RecordingGateway gateway) {
        return new CheckpointServerSettings(
                gateway.address(), Optional.empty(), Admission.ofAnybody(Set.of(VM)), 9, 1 << 20, true, Set.of(), 200);
    }

    @Test
    void anAgentThatUnderstandsItIsToldAtOnce() throws Exception {
        try (RecordingGateway gateway = new RecordingGateway(VM, Set.of(Capability.WINDOW));
                Socket agent = attached(gateway, "00040041")) {
            assertEquals("0004 00000004 0000000010000000 00 0040", spaced(HandMadeMessage.until(agent, WELCOME)));
            gateway.server().admit(other(gateway));
            assertEquals("0000000900000000001000" + "0001", HandMadeMessage.until(agent, WINDOW));
        }
    }

    @Test
    void anotherIsToldWhenItAttachesAgain() throws Exception {
        try (RecordingGateway gateway = new RecordingGateway(VM, Set.of(Capability.WINDOW))) {
            try (Socket agent = attached(gateway, "00040001")) {
                HandMadeMessage.until(agent, WELCOME);
                gateway.server().admit(other(gateway));
                new HandMadeMessage(23, "0000000000000007").write(agent);
                assertEquals("0000000000000007", HandMadeMessage.until(agent, PONG), "its session goes on");
            }
            try (Socket agent = attached(gateway, "00040001")) {
                assertEquals("0004 00000009 0000000000100000 01 0000", spaced(HandMadeMessage.until(agent, WELCOME)));
            }
        }
    }

    private static String spaced(String welcome) {
        return String.join(
                " ",
                welcome.substring(0, 4),
                welcome.substring(4, 12),
                welcome.substring(12, 28),
                welcome.substring(28, 30),
                welcome.substring(30));
    }
}
