package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1_STANDBY;
import static org.secondsite.openflow.simulated.SimulatedSite.VM2;
import static org.secondsite.openflow.simulated.SimulatedSite.speech;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.provider.MethodSource;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.simulated.Stage;
import org.secondsite.openflow.wire.Incoming;

/**
 * Whatever a switch says in whichever moment of a session, message after message: nothing is thrown, and once it says what is so
 * again, the session has it as it has to be.
 *
 * <pre>
 *   0        1        2        3        4              input
 *  ┌────────┬────────┬────────┬────────┬──────┄
 *  │ moment │ type   │ xid    │ length │ body ┄       from type on over and over; lengths and versions are put right
 *  └────────┴────────┴────────┴────────┴──────┄
 * </pre>
 */
class SessionFuzzTest {
    private static final int MOMENTS = 64;
    private static final int MAX_MESSAGES = 30;
    private static final int TYPES = 36;
    private static final int HEADER_BYTES = 8;
    private static final int LATER_MS = 1500;
    private static final long GREATER_TERM = 1000;

    static List<byte[]> seeds() {
        return List.of(
                new byte[] {},
                // A barrier's answer, a role, a port that goes, an error, a part of the flows, in different moments.
                HexFormat.of().parseHex("0a15000000"),
                HexFormat.of().parseHex("4819001000000002000000000000000000000064"),
                HexFormat.of().parseHex("1e0c0208020000000000000b"),
                HexFormat.of().parseHex("2101000400010005"),
                HexFormat.of().parseHex("0c1300080001000000000000"),
                HexFormat.of().parseHex("511300200001000100000000001800000000000000000000000000000000000000000000"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void anyMessagesInAnyMomentAreSurvived(byte[] in) {
        ByteBuf input = Unpooled.wrappedBuffer(in);
        int moment = input.isReadable() ? input.readUnsignedByte() : 0;
        OFVersion version = moment < 2 * MOMENTS ? OFVersion.OF_14 : OFVersion.OF_13;
        EveryMessageTest.Reached reached = EveryMessageTest.reach(version, moment % MOMENTS);
        Stage stage = reached.stage();
        for (int i = 0;
                i < MAX_MESSAGES
                        && input.readableBytes() >= 3
                        && stage.told(Effect.Close.class).isEmpty();
                i++) {
            stage.receive(message(version, input, stage.sent.getLast().getXid()));
        }
        stage.messagesPerTick = Integer.MAX_VALUE;
        if (!stage.told(Effect.Close.class).isEmpty()
                || stage.told(Effect.Connected.class).isEmpty()) {
            return;
        }
        stage.run(LATER_MS);
        stage.apply(GREATER_TERM, VM1_STANDBY, VM2);
        stage.run(LATER_MS);
        if (stage.outcome() instanceof Effect.Confirmed confirmed && confirmed.term() == GREATER_TERM) {
            assertEquals(Set.of(), reached.memory().outputs(speech(11, VM1)));
        }
        assertTrue(stage.sent.size() < 5000, () -> stage.sent.size() + " messages sent");
    }

    private static Incoming message(OFVersion version, ByteBuf input, long asked) {
        int type = input.readUnsignedByte() % TYPES;
        int xid = input.readUnsignedByte();
        int length = Math.min(input.readUnsignedByte(), input.readableBytes());
        ByteBuf frame = Unpooled.buffer(HEADER_BYTES + length);
        frame.writeByte(version.getWireVersion()).writeByte(type).writeShort(HEADER_BYTES + length);
        // Mostly that of a question that was asked of late.
        frame.writeInt(xid < 0xf0 ? (int) (asked - xid % 8) : xid - 0xf0).writeBytes(input, length);
        return Incoming.read(frame);
    }
}
