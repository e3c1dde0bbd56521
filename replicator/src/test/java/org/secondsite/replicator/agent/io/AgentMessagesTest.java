package org.secondsite.replicator.agent.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.config.EpochId;
import org.secondsite.config.VmId;
import org.secondsite.replicator.Epoch;
import org.secondsite.replicator.EpochHeader;
import org.secondsite.replicator.PageSet;

/**
 * Every message of an agent in every state of its session, byte by byte: one that has no place there ends the session with the reason, is
 * counted, and changes nothing.
 */
@Timeout(value = 180, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AgentMessagesTest {
    private static final VmId VM = new VmId("vm1");
    private static final int RAM_BYTES = 1 << 20;
    private static final EpochId FIRST = new EpochId(3, 1);

    private static final int REFUSED = 3;
    private static final int PING = 23;
    private static final int PONG = 24;

    /** How far a session is, and which messages are in order there. */
    enum State {
        /** The VM is here, and nothing was ordered. */
        HERE("FAILED checkpoint", "FAILED vm"),
        /** Checkpoints were ordered, from 3/1 on. */
        ORDERED("SEAL 3/1", "SEAL 3/2", "FAILED checkpoint", "FAILED vm"),
        /** 3/1 is sealed. */
        SEALED("SEAL 3/2", "BEGIN 3/1", "FAILED checkpoint", "FAILED vm"),
        /** 3/1 has come. */
        CAME("SEAL 3/2", "FAILED checkpoint", "FAILED vm"),
        /** 3/1 has come, and the VM is to be paused. */
        PAUSING("SEAL 3/2", "VM_PAUSED 3/1", "FAILED checkpoint", "FAILED vm"),
        /** The VM is here, and is to be killed. */
        STOPPING("VM_STOPPED", "FAILED stop-vm", "FAILED checkpoint", "FAILED vm"),
        /** The VM is not here. */
        ABSENT,
        /** 3/1 was sent, for the replica. */
        GIVEN("APPLIED 3/1", "FAILED apply 3/1"),
        /** The VM is to be started from 3/1. */
        ACTIVATING("ACTIVATED 3/1", "FAILED activation 3/1");

        private final String inOrder;

        State(String... inOrder) {
            this.inOrder = "|" + String.join("|", inOrder) + "|";
        }

        boolean allows(String message) {
            return inOrder.contains("|" + message + "|");
        }

        boolean hasTheVm() {
            return this != ABSENT && this != GIVEN && this != ACTIVATING;
        }
    }

    private static final String E31 = "0000000000000003 0000000000000001";
    private static final String NONE = "0000000000000000 0000000000000000";
    private static final String HELLO = "00040001 0000000000100000" + NONE + "03 766d31 0000";

    private static final Map<String, HandMadeMessage> MESSAGES = new LinkedHashMap<>();

    static {
        MESSAGES.put("HELLO", new HandMadeMessage(1, HELLO));
        MESSAGES.put("SEAL 3/1", new HandMadeMessage(8, E31));
        MESSAGES.put("SEAL 3/2", new HandMadeMessage(8, "0000000000000003 0000000000000002"));
        MESSAGES.put("SEAL of the highest term", new HandMadeMessage(8, "7fffffffffffffff 0000000000000001"));
        MESSAGES.put("SEAL of the highest number", new HandMadeMessage(8, "0000000000000003 7fffffffffffffff"));
        MESSAGES.put("SEAL of a lower term", new HandMadeMessage(8, "0000000000000002 0000000000000001"));
        MESSAGES.put("BEGIN 3/1", new HandMadeMessage(10, E31 + NONE + "0000000000100000 00000000 00000000 03 766d31"));
        MESSAGES.put(
                "BEGIN 3/1 on an epoch of nobody",
                new HandMadeMessage(
                        10, E31 + "0000000000000002 0000000000000009 0000000000100000 00000000 00000000 03 766d31"));
        MESSAGES.put("END without a beginning", new HandMadeMessage(13, E31 + "0000000000000000 0000000000000000"));
        MESSAGES.put("VM_STOPPED", new HandMadeMessage(17, ""));
        MESSAGES.put("APPLIED 3/1", new HandMadeMessage(18, E31));
        MESSAGES.put("APPLIED of what was never sent", new HandMadeMessage(18, "0000000000000009 0000000000000009"));
        MESSAGES.put("ACTIVATED 3/1", new HandMadeMessage(20, E31));
        MESSAGES.put("ACTIVATED 9/9", new HandMadeMessage(20, "0000000000000009 0000000000000009"));
        MESSAGES.put("FAILED checkpoint", new HandMadeMessage(22, "01" + NONE + "0000"));
        MESSAGES.put(
                "FAILED checkpoint of the highest term",
                new HandMadeMessage(22, "01 7fffffffffffffff 0000000000000001 0000"));
        MESSAGES.put("FAILED apply 3/1", new HandMadeMessage(22, "02" + E31 + "0000"));
        MESSAGES.put("FAILED activation 3/1", new HandMadeMessage(22, "03" + E31 + "0000"));
        MESSAGES.put("FAILED vm", new HandMadeMessage(22, "04" + NONE + "0000"));
        MESSAGES.put("FAILED stop-vm", new HandMadeMessage(22, "05" + NONE + "0000"));
        MESSAGES.put("VM_PAUSED 3/1", new HandMadeMessage(26, E31));
        MESSAGES.put("VM_PAUSED 9/9", new HandMadeMessage(26, "0000000000000009 0000000000000009"));
        MESSAGES.put("DISKS_SYNCED", new HandMadeMessage(32, ""));
        MESSAGES.put("COPY_AT", new HandMadeMessage(34, "01 00000001 0000000000000000"));
        MESSAGES.put("DEVICE_SAME that was not agreed on", new HandMadeMessage(37, "0000000000000001"));
        MESSAGES.put("TERM that was not agreed on", new HandMadeMessage(36, "0000000000000003"));
        MESSAGES.put("WELCOME", new HandMadeMessage(2, "0004 00000001 0000000000000001 00 0000"));
        MESSAGES.put("STOP_VM", new HandMadeMessage(16, "0000"));
    }

    @ParameterizedTest
    @EnumSource
    void whatHasNoPlaceEndsTheSessionAndChangesNothing(State state) throws Exception {
        for (Map.Entry<String, HandMadeMessage> each : MESSAGES.entrySet()) {
            try (RecordingGateway gateway = new RecordingGateway(VM);
                    Socket socket = new Socket(
                            gateway.address().getAddress(), gateway.address().getPort())) {
                socket.setSoTimeout(20_000);
                bring(gateway, socket, state);
                while (gateway.next(0).isPresent()) {
                    // What has led here.
                }
                each.getValue().write(socket);
                String what = each.getKey() + " while " + state;
                if (state.allows(each.getKey())) {
                    new HandMadeMessage(PING, "0000000000000777").write(socket);
                    assertEquals("0000000000000777", HandMadeMessage.until(socket, PONG), what);
                    assertEquals(0, gateway.server().wrongMessages(), what);
                } else {
                    refused(gateway, socket, what);
                }
            }
        }
    }

    /** What no agent may say at all is found by the codec; what may not be said now, by the session. */
    private static void refused(RecordingGateway gateway, Socket socket, String what) throws Exception {
        String reason = HandMadeMessage.until(socket, REFUSED);
        String told = gateway.next(10_000).orElseThrow(() -> new AssertionError("the session goes on after " + what));
        assertTrue(told.startsWith("detached "), what + " changed something: " + told);
        assertEquals(Optional.empty(), gateway.next(0), what);
        if (reason != null) {
            String text = new String(HexFormat.of().parseHex(reason.substring(4)), StandardCharsets.UTF_8);
            assertEquals("detached it does not keep to the protocol: " + text, told);
            assertEquals(1, gateway.server().wrongMessages(), what);
        }
    }

    private static void bring(RecordingGateway gateway, Socket socket, State state) throws Exception {
        new HandMadeMessage(1, state.hasTheVm() ? HELLO : HELLO.replaceFirst("00040001", "00040000")).write(socket);
        gateway.await("attached");
        gateway.sealing(true);
        switch (state) {
            case HERE, ABSENT -> {}
            case ORDERED -> order(gateway, socket);
            case SEALED -> seal(gateway, socket);
            case CAME -> come(gateway, socket);
            case PAUSING -> {
                come(gateway, socket);
                gateway.session().pauseVm();
                HandMadeMessage.until(socket, 25);
            }
            case STOPPING -> {
                gateway.session().stopVm("a test");
                HandMadeMessage.until(socket, 16);
            }
            case GIVEN -> {
                gateway.session().apply(epoch());
                HandMadeMessage.until(socket, 13);
            }
            case ACTIVATING -> {
                gateway.session().activate(FIRST);
                HandMadeMessage.until(socket, 19);
            }
        }
    }

    private static void order(RecordingGateway gateway, Socket socket) throws IOException {
        gateway.session().start(FIRST, true, 50);
        HandMadeMessage.until(socket, 4);
    }

    private static void seal(RecordingGateway gateway, Socket socket) throws IOException {
        order(gateway, socket);
        MESSAGES.get("SEAL 3/1").write(socket);
        HandMadeMessage.until(socket, 9);
    }

    private static void come(RecordingGateway gateway, Socket socket) throws Exception {
        seal(gateway, socket);
        gateway.sink(Epoch::close);
        MESSAGES.get("BEGIN 3/1").write(socket);
        try (Epoch epoch = epoch()) {
            new HandMadeMessage(13, E31 + String.format("%016x", epoch.checksum()) + "0000000000000000").write(socket);
        }
        gateway.await("epoch 3/1");
    }

    private static Epoch epoch() {
        return new Epoch(new EpochHeader(VM, FIRST, EpochId.NONE, RAM_BYTES), PageSet.empty(), new byte[0]);
    }
}
