package org.secondsite.openflow.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.secondsite.openflow.simulated.SimulatedSite.EXCLUSIVE;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1;
import static org.secondsite.openflow.simulated.SimulatedSite.VM1_STANDBY;
import static org.secondsite.openflow.simulated.SimulatedSite.VM2;
import static org.secondsite.openflow.simulated.SimulatedSite.simulated;
import static org.secondsite.openflow.simulated.SimulatedSite.speech;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.simulated.ExecutingSwitch;
import org.secondsite.openflow.simulated.Stage;
import org.secondsite.openflow.wire.Incoming;

/**
 * Whatever a switch says, whenever, with whichever transaction id: the session does not throw, lives on, and has the switch as it
 * should be in the end.
 */
class EveryMessageTest {
    /** In so many moments of a session, chosen at random, each message is said; there are some thirty. */
    private static final int STAGES_EACH = Integer.getInteger("secondsite.messages.stages", 1);

    private static final int TYPES = 36;
    private static final int MULTIPART_REPLY = 19;
    private static final int MULTIPART_KINDS = 18;

    /** Said in answer to a question of before it is known which switch this is, these may end the session: they are the answer. */
    private static final Set<Integer> ANSWERS_THAT_END = Set.of(0, 1, 6);

    /** Those that say whose master the switch is. */
    private static final Set<Integer> OF_ROLES = Set.of(1, 25, 30);

    private enum Xid {
        AWAITED,
        ONE_BEFORE,
        NONE,
        FOREIGN
    }

    @ParameterizedTest
    @EnumSource(names = {"OF_13", "OF_14"})
    void theSessionLivesOnWhateverASwitchSays(OFVersion version) {
        Map<String, byte[]> said = everything(version);
        assertTrue(said.size() > 120, said.keySet()::toString);
        int stages = 0;
        while (!reach(version, stages).isDone()) {
            stages++;
        }
        assertTrue(stages > 20, "stages: " + stages);
        Random random = new Random(version.getWireVersion());
        for (Map.Entry<String, byte[]> one : said.entrySet()) {
            for (int i = 0; i < STAGES_EACH; i++) {
                int stage = random.nextInt(stages + 1);
                say(version, one.getKey(), one.getValue(), stage, Xid.values()[random.nextInt(Xid.values().length)]);
            }
        }
    }

    record Reached(ExecutingSwitch memory, Stage stage, boolean isDone) {}

    /** A session whose switch has worked off so many messages. */
    static Reached reach(OFVersion version, int messages) {
        ExecutingSwitch memory = simulated();
        Stage stage = new Stage(memory, EXCLUSIVE);
        stage.pause();
        stage.apply(5, VM1, VM2);
        stage.connect(version);
        for (int i = 0; i < messages; i++) {
            stage.step();
        }
        return new Reached(memory, stage, !stage.told(Effect.Confirmed.class).isEmpty());
    }

    private static void say(OFVersion version, String name, byte[] message, int after, Xid xid) {
        String when = version + ", " + name + " after " + after + " messages, xid " + xid;
        Reached reached = reach(version, after);
        Stage stage = reached.stage();
        long asked = stage.sent.getLast().getXid();
        byte[] bytes = message.clone();
        Unpooled.wrappedBuffer(bytes).setInt(4, (int)
                switch (xid) {
                    case AWAITED -> asked;
                    case ONE_BEFORE -> asked - 1;
                    case NONE -> 0;
                    case FOREIGN -> 0xfff0_0000L;
                });
        boolean isKnown = !stage.told(Effect.Connected.class).isEmpty();
        try {
            stage.receive(Incoming.read(Unpooled.wrappedBuffer(bytes)));
            stage.messagesPerTick = Integer.MAX_VALUE;
            stage.run(1500);
            stage.apply(6, VM1_STANDBY, VM2);
            stage.run(1500);
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(when, e);
        }
        int type = bytes[1] & 0xff;
        List<Effect.Close> closed = stage.told(Effect.Close.class);
        if (!closed.isEmpty() && !isKnown && ANSWERS_THAT_END.contains(type)) {
            return;
        }
        assertEquals(List.of(), closed, when);
        if (OF_ROLES.contains(type)) {
            // Somebody else may be said to be master: then a greater term settles it.
            stage.apply(1000, VM1_STANDBY, VM2);
            stage.run(1500);
        }
        // A port that is said to be gone is missed.
        Effect outcome = stage.outcome();
        if (!(outcome instanceof Effect.Partial)) {
            assertInstanceOf(Effect.Confirmed.class, outcome, when);
        }
        assertEquals(Set.of(), reached.memory().outputs(speech(11, VM1)), when);
    }

    /** Each message that the library can make, answers and questions alike, and each kind with a body of zeros, ones, and noise. */
    private static Map<String, byte[]> everything(OFVersion version) {
        Map<String, byte[]> all = new LinkedHashMap<>();
        OFFactory factory = OFFactories.getFactory(version);
        for (Object maker : List.of(factory, factory.errorMsgs())) {
            List<Method> makers = new ArrayList<>(List.of(maker.getClass().getMethods()));
            makers.sort(Comparator.comparing(Method::getName));
            for (Method method : makers) {
                if (method.getName().startsWith("build") && method.getParameterCount() == 0) {
                    made(maker, method).ifPresent(bytes -> all.put(method.getName(), bytes));
                }
            }
        }
        Random random = new Random(4);
        for (int type = 0; type < TYPES; type++) {
            all.put("type " + type + " of a header", framed(version, type, new byte[0]));
            byte[] noise = new byte[8 + random.nextInt(100)];
            random.nextBytes(noise);
            all.put("type " + type + " of noise", framed(version, type, noise));
        }
        for (int kind = 0; kind < MULTIPART_KINDS; kind++) {
            byte[] noise = new byte[8 + random.nextInt(100)];
            random.nextBytes(noise);
            noise[0] = 0;
            noise[1] = (byte) kind;
            noise[3] &= (byte) ~1;
            all.put("multipart " + kind + " of noise", framed(version, MULTIPART_REPLY, noise));
        }
        return all;
    }

    private static byte[] framed(OFVersion version, int type, byte[] body) {
        ByteBuf out = Unpooled.buffer();
        out.writeByte(version.getWireVersion()).writeByte(type).writeShort(8 + body.length);
        return ByteBufUtil.getBytes(out.writeInt(0).writeBytes(body));
    }

    /** Empty for what is no message, or has parts that have to be given. */
    private static Optional<byte[]> made(Object maker, Method method) {
        try {
            Object builder = method.invoke(maker);
            Method build = builder.getClass().getMethod("build");
            build.setAccessible(true);
            if (build.invoke(builder) instanceof OFMessage message) {
                ByteBuf out = Unpooled.buffer();
                message.writeTo(out);
                return Optional.of(ByteBufUtil.getBytes(out));
            }
            return Optional.empty();
        } catch (ReflectiveOperationException | RuntimeException e) {
            return Optional.empty();
        }
    }
}
