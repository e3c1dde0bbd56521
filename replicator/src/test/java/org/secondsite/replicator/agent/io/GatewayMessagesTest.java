package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;
import org.secondsite.replicator.agent.AgentTiming;
import org.secondsite.replicator.agent.GatewayAccess;
import org.secondsite.replicator.agent.SyntheticVm;

/**
 * Every message of a gateway in every state of its session, byte by byte, from one that lies: what has no place there ends the connection,
 * is counted, and changes nothing; the VM runs on.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GatewayMessagesTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_BYTES = 1 << 20;
    private static final AgentTiming TIMING = new AgentTiming(20_000, 20, 100, 5000, 20);

    private static final int HELLO = 1;
    private static final int SEAL = 8;
    private static final int PING = 23;
    private static final int PONG = 24;

    /** How far a session is, and which messages are in order there. */
    enum State {
        /** HELLO was said. */
        GREETED("WELCOME", "REFUSED"),
        /** The VM is here, and nothing was ordered. */
        WELCOMED(
                "REFUSED",
                "START 3/1",
                "RETITLE 3/1",
                "RETITLE 2/1",
                "START 2/1",
                "CREDIT 9/9",
                "PAUSE_VM",
                "STOP_VM",
                "BEGIN 3/1"),
        /** Checkpoints were ordered, from 3/1 on, and its SEAL was said. */
        SEALING("REFUSED", "START 3/1", "RETITLE 3/1", "SEALED 3/1", "PAUSE_VM", "STOP_VM", "BEGIN 3/1"),
        /** The VM is not here. */
        ABSENT(
                "REFUSED",
                "START 3/1",
                "RETITLE 3/1",
                "RETITLE 2/1",
                "START 2/1",
                "CREDIT 9/9",
                "PAUSE_VM",
                "STOP_VM",
                "BEGIN 3/1"),
        /** 3/1 was sent for the replica, and APPLIED. */
        APPLIED(
                "REFUSED",
                "START 3/1",
                "RETITLE 3/1",
                "CREDIT 9/9",
                "PAUSE_VM",
                "STOP_VM",
                "ACTIVATE 3/1",
                "ACTIVATE 9/9",
                "BEGIN 3/1");

        private final String inOrder;

        State(String... inOrder) {
            this.inOrder = "|" + String.join("|", inOrder) + "|";
        }

        boolean allows(String message) {
            return inOrder.contains("|" + message + "|");
        }

        boolean hasTheVm() {
            return this != ABSENT && this != APPLIED;
        }
    }

    private static final String E31 = "0000000000000003 0000000000000001";
    private static final String E21 = "0000000000000002 0000000000000001";
    private static final String E99 = "0000000000000009 0000000000000009";
    private static final String HIGHEST = "7fffffffffffffff 0000000000000001";
    private static final String NONE = "0000000000000000 0000000000000000";
    private static final String HEAD = NONE + "0000000000100000 00000000 00000000 03 766d31";

    private static final Map<String, HandMadeMessage> MESSAGES = new LinkedHashMap<>();

    static {
        MESSAGES.put("WELCOME", new HandMadeMessage(2, "0004 00000004 0000000010000000 00 0000"));
        MESSAGES.put("REFUSED", new HandMadeMessage(3, "0000"));
        MESSAGES.put("START 3/1", new HandMadeMessage(4, E31 + "01 00002710"));
        MESSAGES.put("START 2/1", new HandMadeMessage(4, E21 + "01 00002710"));
        MESSAGES.put("START of no term", new HandMadeMessage(4, NONE + "01 00002710"));
        MESSAGES.put("START of the highest term", new HandMadeMessage(4, HIGHEST + "01 00002710"));
        MESSAGES.put("RETITLE 3/1", new HandMadeMessage(7, E31));
        MESSAGES.put("RETITLE 2/1", new HandMadeMessage(7, E21));
        MESSAGES.put("RETITLE of the highest term", new HandMadeMessage(7, HIGHEST));
        MESSAGES.put("SEALED 3/1", new HandMadeMessage(9, E31));
        MESSAGES.put("SEALED 9/9", new HandMadeMessage(9, E99));
        MESSAGES.put("BEGIN 3/1", new HandMadeMessage(10, E31 + HEAD));
        MESSAGES.put("BEGIN of the highest term", new HandMadeMessage(10, HIGHEST + HEAD));
        MESSAGES.put("CREDIT 9/9", new HandMadeMessage(14, E99));
        MESSAGES.put("STOP_VM", new HandMadeMessage(16, "0000"));
        MESSAGES.put("ACTIVATE 3/1", new HandMadeMessage(19, E31));
        MESSAGES.put("ACTIVATE 9/9", new HandMadeMessage(19, E99));
        MESSAGES.put("ACTIVATE of nothing", new HandMadeMessage(19, NONE));
        MESSAGES.put("PAUSE_VM", new HandMadeMessage(25, ""));
        MESSAGES.put("FLUSH_AT_ONCE", new HandMadeMessage(30, ""));
        MESSAGES.put("SYNC_DISKS", new HandMadeMessage(31, ""));
        MESSAGES.put("OF_DISKS", new HandMadeMessage(33, "03" + E31));
        MESSAGES.put("DEVICE_SAME that was not agreed on", new HandMadeMessage(37, "0000000000000001"));
        MESSAGES.put("TERM that was not agreed on", new HandMadeMessage(36, "0000000000000003"));
        MESSAGES.put("HELLO", new HandMadeMessage(1, "00040001 0000000000100000" + NONE + "03 766d31 0000"));
        MESSAGES.put("APPLIED", new HandMadeMessage(18, E31));
    }

    /** A lying gateway, and an agent that calls it. */
    private static final class Scene implements AutoCloseable {
        private final ServerSocket liar = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        private final SyntheticVm vm = new SyntheticVm(VM, RAM_BYTES);
        private final CheckpointAgent agent;
        private Socket socket;

        private Scene(State state) throws Exception {
            liar.setSoTimeout(20_000);
            if (state.hasTheVm()) {
                vm.boot();
            }
            agent = CheckpointAgent.open(
                    new GatewayAccess((InetSocketAddress) liar.getLocalSocketAddress(), Optional.empty()),
                    List.of(vm),
                    TIMING);
            accept();
            if (state != State.GREETED) {
                write("WELCOME");
            }
            switch (state) {
                case GREETED, WELCOMED, ABSENT -> {}
                case SEALING -> {
                    write("START 3/1");
                    assertNotNull(until(SEAL));
                }
                case APPLIED -> {
                    write("BEGIN 3/1");
                    write(new HandMadeMessage(13, E31 + CHECKSUM + "0000000000000000"));
                    assertNotNull(until(18), "APPLIED");
                }
            }
        }

        /** An agent that finds its VM only after it has called ends that connection and calls again. */
        private void accept() throws IOException {
            do {
                socket = liar.accept();
                socket.setSoTimeout(20_000);
            } while (until(HELLO) == null);
        }

        private void write(String message) throws IOException {
            write(MESSAGES.get(message));
        }

        private void write(HandMadeMessage message) throws IOException {
            message.write(socket);
        }

        private String until(int type) throws IOException {
            return HandMadeMessage.until(socket, type);
        }

        @Override
        public void close() throws IOException {
            agent.close();
            liar.close();
            if (socket != null) {
                socket.close();
            }
        }
    }

    private static final String CHECKSUM = checksum();

    private static String checksum() {
        try (Epoch epoch = new Epoch(
                new EpochHeader(VM, new EpochId(3, 1), EpochId.NONE, RAM_BYTES), PageSet.empty(), new byte[0])) {
            return String.format("%016x", epoch.checksum());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatHasNoPlaceEndsTheConnectionAndChangesNothing(State state) throws Exception {
        for (String message : MESSAGES.keySet()) {
            String what = message + " while " + state;
            try (Scene scene = new Scene(state)) {
                scene.write(message);
                if (state.allows(message)) {
                    scene.write(new HandMadeMessage(PING, "0000000000000777"));
                    assertEquals("0000000000000777", scene.until(PONG), what);
                    assertEquals(0, scene.agent.wrongMessages(), what);
                } else {
                    assertNull(scene.until(0), what);
                    // It calls again, as what it was.
                    scene.accept();
                    assertEquals(state.hasTheVm(), scene.vm.isExecuting(), what);
                    // What no gateway may say at all is found by the codec.
                    assertTrue(
                            scene.agent.wrongMessages() == 1
                                    || List.of("HELLO", "APPLIED").contains(message),
                            what);
                }
            }
        }
    }

    /** The hostile gateway's best: it kills the VM as soon as it is called. */
    @Test
    void aGatewayThatSpeaksOutOfTurnKillsNoVmAlsoNotByWhatFollows() throws Exception {
        try (Scene scene = new Scene(State.GREETED)) {
            scene.write("STOP_VM");
            scene.write("WELCOME");
            scene.write("STOP_VM");
            assertNull(scene.until(0));
            scene.accept();
            assertTrue(scene.vm.isExecuting());
            scene.write("WELCOME");
            scene.write("START 3/1");
            assertNotNull(scene.until(SEAL), "the VM is checkpointed: nothing of the order to stop is left");
            assertEquals(1, scene.agent.wrongMessages());
        }
    }

    @Test
    void aTermBelowOneThatWasActedUnderIsRefusedOnALaterConnectionToo() throws Exception {
        try (Scene scene = new Scene(State.SEALING)) {
            scene.socket.close();
            scene.accept();
            scene.write("WELCOME");
            scene.write("START 2/1");
            assertNull(scene.until(0));
            scene.accept();
            scene.write("WELCOME");
            scene.write("START 3/1");
            assertNotNull(scene.until(SEAL));
        }
    }
}
