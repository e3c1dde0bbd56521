package org.secondsite.openflow.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.config.IpPrefix;
import org.secondsite.config.MacAddress;
import org.secondsite.config.SwitchId;
import org.secondsite.config.VmId;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.wire.Incoming;

/**
 * Plays takeovers with a switch that exists in memory only, through the very classes and bytes of real ones.
 *
 * <p>A takeover comes once in a long while, and then every millisecond counts: code that has never run takes several times
 * as long. A gateway rehearses when it starts.
 */
public final class Rehearsal {
    private static final SwitchSettings SETTINGS = new SwitchSettings(new SwitchId("rehearsal"), 1, "gw");
    private final Consumer<OFMessage> sent;
    private final int vmCount;
    private final SwitchSession session = new SwitchSession(
            Map.of(SETTINGS.datapathId(), SETTINGS), Peer.unproved("rehearsal"), Long.MAX_VALUE, Long.MAX_VALUE);
    private final PlayedSwitch played;
    private final Deque<OFMessage> answers = new ArrayDeque<>();
    private int confirmed;

    /**
     * Sets the stage.
     *
     * @param vmCount how many VMs the switch has
     * @param sent sees every message that the controller's side sends
     */
    public Rehearsal(int vmCount, Consumer<OFMessage> sent) {
        this.vmCount = vmCount;
        this.sent = sent;
        List<String> ports = new ArrayList<>(List.of(SETTINGS.gatewayPort()));
        for (int i = 1; i <= vmCount; i++) {
            ports.add("vm" + i);
        }
        played = new PlayedSwitch(SETTINGS.datapathId(), ports);
    }

    /**
     * Plays: connects, and moves all VMs to and fro between the sites.
     *
     * @param takeovers how often they move
     * @return how many confirmations came: one per takeover when all is well
     */
    public int play(int takeovers) {
        perform(session.opened(0));
        for (int term = 1; term <= takeovers; term++) {
            perform(session.apply(new Desired(term, vms(term)), 0));
        }
        return confirmed;
    }

    private void perform(List<Effect> first) {
        List<Effect> effects = first;
        while (true) {
            for (Effect effect : effects) {
                switch (effect) {
                    case Effect.Send(OFMessage message) -> {
                        sent.accept(message);
                        answers.addAll(played.answer(overTheWire(message)));
                    }
                    case Effect.Prepare() -> session.prepare();
                    case Effect.Confirmed _ -> confirmed++;
                    case Effect.Connected _,
                            Effect.PortsMissing _,
                            Effect.Fenced _,
                            Effect.Counted _,
                            Effect.Probed _,
                            Effect.Alive _ -> {}
                    case Effect.Close _,
                            Effect.Impostor _,
                            Effect.Outranked _,
                            Effect.Failed _,
                            Effect.Partial _,
                            Effect.Drifted _,
                            Effect.Noticed _ -> throw new IllegalStateException("the rehearsal ends with " + effect);
                }
            }
            if (answers.isEmpty()) {
                return;
            }
            effects = session.received(read(answers.remove()), 0);
        }
    }

    /** Every second time they are owned; in between all of them are fenced, or all but the first. */
    private List<VmAttachment> vms(int term) {
        List<VmAttachment> vms = new ArrayList<>();
        for (int i = 1; i <= vmCount; i++) {
            Role role = term % 2 == 1 || (term % 4 == 0 && i == 1) ? Role.OWNER : Role.FENCED;
            List<InetAddress> addresses =
                    List.of(IpPrefix.parseAddress("192.0.2." + i), IpPrefix.parseAddress("2001:db8::" + i));
            MacAddress mac = new MacAddress(0x5254_0000_0000L + i);
            vms.add(new VmAttachment(new VmId("vm" + i), "vm" + i, mac, addresses, role));
        }
        return vms;
    }

    private static OFMessage overTheWire(OFMessage message) {
        return switch (read(message)) {
            case Incoming.Message(OFMessage same) -> same;
            case Incoming.Part part -> throw new IllegalStateException(part.reason());
            case Incoming.Unparsable unparsable -> throw new IllegalStateException(unparsable.reason());
        };
    }

    private static Incoming read(OFMessage message) {
        ByteBuf buffer = Unpooled.buffer();
        message.writeTo(buffer);
        return Incoming.read(buffer);
    }
}
