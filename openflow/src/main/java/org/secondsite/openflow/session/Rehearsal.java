package org.secondsite.openflow.session;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.projectfloodlight.openflow.protocol.OFBarrierRequest;
import org.projectfloodlight.openflow.protocol.OFBundleAddMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFeaturesRequest;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFHello;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFPortDesc;
import org.projectfloodlight.openflow.protocol.OFPortDescStatsRequest;
import org.projectfloodlight.openflow.protocol.OFRoleRequest;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.Match;
import org.projectfloodlight.openflow.types.DatapathId;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.U64;
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
    private static final OFFactory SWITCH = OFFactories.getFactory(OFVersion.OF_14);

    /** As many as surely fit into a message of 65,535 bytes. */
    private static final int ENTRIES_PER_PART = 200;

    private record Place(int table, int priority, Match match) {}

    private final Consumer<OFMessage> sent;
    private final int vmCount;
    private final SwitchSession session =
            new SwitchSession(Map.of(SETTINGS.datapathId(), SETTINGS), "rehearsal", Long.MAX_VALUE, Long.MAX_VALUE);
    private final Map<Place, OFFlowMod> flows = new LinkedHashMap<>();
    private final Deque<OFMessage> answers = new ArrayDeque<>();
    private U64 generation = U64.of(Generation.UNDEFINED);
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
            perform(session.apply(new Desired(term, vms(term % 2 == 1 ? Role.OWNER : Role.STANDBY)), 0));
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
                        answer(overTheWire(message));
                    }
                    case Effect.Confirmed _ -> confirmed++;
                    case Effect.Connected _,
                            Effect.PortsMissing _,
                            Effect.Fenced _,
                            Effect.Counted _,
                            Effect.Alive _ -> {}
                    case Effect.Close _,
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

    private void answer(OFMessage message) {
        long xid = message.getXid();
        switch (message) {
            case OFHello _ -> answers.add(SWITCH.hello(List.of()));
            case OFFeaturesRequest _ ->
                answers.add(SWITCH.buildFeaturesReply()
                        .setXid(xid)
                        .setDatapathId(DatapathId.of(SETTINGS.datapathId()))
                        .setNTables((short) 254)
                        .build());
            case OFPortDescStatsRequest _ ->
                answers.add(SWITCH.buildPortDescStatsReply()
                        .setXid(xid)
                        .setEntries(ports())
                        .build());
            case OFRoleRequest role -> {
                generation = role.getRole() == OFControllerRole.ROLE_NOCHANGE ? generation : role.getGenerationId();
                answers.add(SWITCH.buildRoleReply()
                        .setXid(xid)
                        .setRole(OFControllerRole.ROLE_MASTER)
                        .setGenerationId(generation)
                        .build());
            }
            case OFFlowMod flowMod -> change(flowMod);
            case OFBarrierRequest _ ->
                answers.add(SWITCH.buildBarrierReply().setXid(xid).build());
            case OFFlowStatsRequest _ -> answerFlows(xid);
            case OFBundleAddMsg add when add.getData() instanceof OFFlowMod flowMod -> change(flowMod);
            case OFBundleCtrlMsg control ->
                reply(control.getBundleCtrlType())
                        .ifPresent(type -> answers.add(
                                control.createBuilder().setBundleCtrlType(type).build()));
            default -> throw new IllegalStateException("the rehearsal has no answer to " + message);
        }
    }

    private static Optional<OFBundleCtrlType> reply(OFBundleCtrlType request) {
        return switch (request) {
            case OPEN_REQUEST -> Optional.of(OFBundleCtrlType.OPEN_REPLY);
            case CLOSE_REQUEST -> Optional.of(OFBundleCtrlType.CLOSE_REPLY);
            case COMMIT_REQUEST -> Optional.of(OFBundleCtrlType.COMMIT_REPLY);
            case DISCARD_REQUEST -> Optional.of(OFBundleCtrlType.DISCARD_REPLY);
            default -> Optional.empty();
        };
    }

    private void change(OFFlowMod flowMod) {
        Place place = new Place(flowMod.getTableId().getValue(), flowMod.getPriority(), flowMod.getMatch());
        switch (flowMod.getCommand()) {
            case DELETE_STRICT -> flows.remove(place);
            case MODIFY_STRICT ->
                flows.computeIfPresent(place, (_, before) -> flowMod.createBuilder()
                        .setCookie(before.getCookie())
                        .build());
            default -> flows.put(place, flowMod);
        }
    }

    private void answerFlows(long xid) {
        List<OFFlowStatsEntry> entries = entries();
        for (int from = 0; from < entries.size() || from == 0; from += ENTRIES_PER_PART) {
            int to = Math.min(entries.size(), from + ENTRIES_PER_PART);
            OFFlowStatsReply.Builder part =
                    SWITCH.buildFlowStatsReply().setXid(xid).setEntries(entries.subList(from, to));
            answers.add(
                    to < entries.size()
                            ? part.setFlags(Set.of(OFStatsReplyFlags.REPLY_MORE))
                                    .build()
                            : part.build());
        }
    }

    private List<OFFlowStatsEntry> entries() {
        List<OFFlowStatsEntry> entries = new ArrayList<>();
        for (OFFlowMod flow : flows.values()) {
            entries.add(SWITCH.buildFlowStatsEntry()
                    .setCookie(flow.getCookie())
                    .setTableId(flow.getTableId())
                    .setPriority(flow.getPriority())
                    .setMatch(flow.getMatch())
                    .setInstructions(flow.getInstructions())
                    .build());
        }
        return entries;
    }

    private List<OFPortDesc> ports() {
        List<OFPortDesc> ports = new ArrayList<>();
        for (int i = 0; i <= vmCount; i++) {
            ports.add(SWITCH.buildPortDesc()
                    .setName(i == 0 ? SETTINGS.gatewayPort() : "vm" + i)
                    .setPortNo(OFPort.of(i + 1))
                    .build());
        }
        return ports;
    }

    private List<VmAttachment> vms(Role role) {
        List<VmAttachment> vms = new ArrayList<>();
        for (int i = 1; i <= vmCount; i++) {
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
