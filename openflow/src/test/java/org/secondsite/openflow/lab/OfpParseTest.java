package org.secondsite.openflow.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.session.Effect;
import org.secondsite.openflow.session.Rehearsal;
import org.secondsite.openflow.session.SwitchSession;
import org.secondsite.openflow.wire.FlowCodec;
import org.secondsite.openflow.wire.Incoming;

/** What Open vSwitch's own decoder makes of every kind of message that we send. */
@Tag("lab")
class OfpParseTest {
    @TempDir
    private Path directory;

    @Test
    void everyMessageOfATakeoverMeansWhatItShould() throws IOException {
        List<OFMessage> sent = new ArrayList<>();
        new Rehearsal(1, sent::add).play(2);
        assertSame("takeover.txt", sent);
    }

    @Test
    void messagesOfSpecialCasesMeanWhatTheyShould() throws IOException {
        OFFactory factory = OFFactories.getFactory(OFVersion.OF_14);
        List<OFMessage> sent = new ArrayList<>();
        SwitchSession tooOld = new SwitchSession(Map.of(), "test", 10, 100);
        tooOld.opened(0);
        sent.addAll(messages(tooOld.received(
                new Incoming.Message(OFFactories.getFactory(OFVersion.OF_10)
                        .buildHello()
                        .setXid(1)
                        .build()),
                1)));
        SwitchSession silent = new SwitchSession(Map.of(), "test", 10, 100);
        silent.opened(0);
        sent.addAll(messages(silent.received(
                new Incoming.Message(factory.buildEchoRequest()
                        .setXid(7)
                        .setData(new byte[] {1, 2, 3})
                        .build()),
                1)));
        sent.addAll(messages(silent.tick(20)));
        sent.add(new FlowCodec(factory).removeAll(8));
        sent.add(new FlowCodec(OFFactories.getFactory(OFVersion.OF_13)).removeAll(9));
        assertSame("special.txt", sent);
    }

    private static List<OFMessage> messages(List<Effect> effects) {
        return effects.stream()
                .filter(Effect.Send.class::isInstance)
                .map(effect -> ((Effect.Send) effect).message())
                .toList();
    }

    private void assertSame(String golden, List<OFMessage> messages) throws IOException {
        Command.require("ovs-ofctl", "openvswitch-switch");
        ByteBuf bytes = Unpooled.buffer();
        messages.forEach(message -> message.writeTo(bytes));
        Path file = directory.resolve("messages");
        Files.write(file, ByteBufUtil.getBytes(bytes));
        String parsed = Command.run("ovs-ofctl", "ofp-parse", file.toString());
        try (var in = OfpParseTest.class.getResourceAsStream(golden)) {
            assertEquals(new String(in.readAllBytes(), StandardCharsets.UTF_8), parsed);
        }
    }
}
