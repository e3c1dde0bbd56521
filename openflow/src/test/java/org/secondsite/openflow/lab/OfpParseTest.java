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
import org.secondsite.openflow.Vlan;
import org.secondsite.openflow.pipeline.Field;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Match;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.session.Effect;
import org.secondsite.openflow.session.Peer;
import org.secondsite.openflow.session.Rehearsal;
import org.secondsite.openflow.session.SwitchSession;
import org.secondsite.openflow.wire.FlowCodec;
import org.secondsite.openflow.wire.Incoming;

/** What Open vSwitch's own decoder makes of every kind of message that we send. */
@Tag("lab")
class OfpParseTest {
    /** Written with {@code SECONDSITE_RENDER=true}. */
    private static final Path RESOURCES = Path.of("src/test/resources/org/secondsite/openflow/lab");

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
        SwitchSession tooOld = new SwitchSession(Map.of(), Peer.unproved("test"), 10, 100);
        tooOld.opened(0);
        sent.addAll(messages(tooOld.received(
                new Incoming.Message(OFFactories.getFactory(OFVersion.OF_10)
                        .buildHello()
                        .setXid(1)
                        .build()),
                1)));
        SwitchSession silent = new SwitchSession(Map.of(), Peer.unproved("test"), 10, 100);
        silent.opened(0);
        sent.addAll(messages(silent.received(
                new Incoming.Message(factory.buildEchoRequest()
                        .setXid(7)
                        .setData(new byte[] {1, 2, 3})
                        .build()),
                1)));
        sent.addAll(messages(silent.tick(20)));
        for (OFVersion version : List.of(OFVersion.OF_14, OFVersion.OF_13)) {
            FlowCodec codec = new FlowCodec(version);
            sent.add(codec.removeAll(Match.ANY, 8));
            sent.add(codec.removeAll(Pipeline.from(7), 9));
            sent.add(codec.silence(0, Pipeline.from(7), 10));
            sent.add(codec.modify(new Flow(Pipeline.gate(7), new Flow.Outcome.Drop()), 11));
            for (Flow.Outcome outcome :
                    List.of(new Flow.Outcome.Output(100, List.of(1), List.of()), new Flow.Outcome.Continue(3, 100))) {
                sent.add(codec.add(new Flow(Pipeline.gate(7), outcome), 5, 13));
            }
            Match tagged = Pipeline.from(7).with(Field.VLAN_VID, Vlan.match(100));
            Flow.Outcome untagging = new Flow.Outcome.Output(0, List.of(2), List.of(3));
            sent.add(codec.add(new Flow(new Flow.Key(0, 200, tagged), untagging), 5, 14));
            // 802.1Q tag control information by Nicira's extension, which the library does not know.
            sent.add(codec.remove(new InstalledFlows.RawPlace(3, 9, "0001000a00000802000a000000000000"), 12));
        }
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
        if (Boolean.parseBoolean(System.getenv("SECONDSITE_RENDER"))) {
            Files.writeString(RESOURCES.resolve(golden), parsed);
            return;
        }
        try (var in = OfpParseTest.class.getResourceAsStream(golden)) {
            assertEquals(new String(in.readAllBytes(), StandardCharsets.UTF_8), parsed);
        }
    }
}
