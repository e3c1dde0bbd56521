package org.secondsite.openflow.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFType;
import org.projectfloodlight.openflow.protocol.instruction.OFInstruction;
import org.projectfloodlight.openflow.protocol.instruction.OFInstructionApplyActions;
import org.projectfloodlight.openflow.protocol.instruction.OFInstructionGotoTable;
import org.projectfloodlight.openflow.types.OFBufferId;
import org.projectfloodlight.openflow.types.OFGroup;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.openflow.pipeline.Cookie;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Flow.Outcome;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Match;

/** Flows to FLOW_MOD messages, and flow statistics back to flows. */
public final class FlowCodec {
    private static final int FLOW_MOD_BYTES = 48;
    private static final int FLOW_MOD = 14;
    private static final int DELETE_STRICT = 4;
    private static final int NO_BUFFER = -1;
    private static final int ANY = -1;

    private final OFFactory factory;

    /** For messages of the factory's version. */
    public FlowCodec(OFFactory factory) {
        this.factory = factory;
    }

    /** Adds the flow, or writes over the one that stands at its key. */
    public OFFlowMod add(Flow flow, long term, long xid) {
        return factory.buildFlowAdd()
                .setXid(xid)
                .setCookie(U64.of(Cookie.of(term)))
                .setTableId(TableId.of(flow.key().table()))
                .setPriority(flow.key().priority())
                .setMatch(MatchCodec.encode(factory, flow.key().match()))
                .setInstructions(instructions(flow.outcome()))
                .setBufferId(OFBufferId.NO_BUFFER)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .build();
    }

    /** Removes the flow at exactly this key, whatever its cookie is. */
    public OFFlowMod remove(Flow.Key key, long xid) {
        return factory.buildFlowDeleteStrict()
                .setXid(xid)
                .setTableId(TableId.of(key.table()))
                .setPriority(key.priority())
                .setMatch(MatchCodec.encode(factory, key.match()))
                .setBufferId(OFBufferId.NO_BUFFER)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .build();
    }

    /** Gives the flow that stands at this key its outcome; does nothing, and needs no room, when none stands there. */
    public OFFlowMod modify(Flow flow, long xid) {
        return factory.buildFlowModifyStrict()
                .setXid(xid)
                .setTableId(TableId.of(flow.key().table()))
                .setPriority(flow.key().priority())
                .setMatch(MatchCodec.encode(factory, flow.key().match()))
                .setInstructions(instructions(flow.outcome()))
                .setBufferId(OFBufferId.NO_BUFFER)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .build();
    }

    /** Makes every flow of the table that is for these frames, or for a part of them, a drop. */
    public OFFlowMod silence(int table, Match match, long xid) {
        return factory.buildFlowModify()
                .setXid(xid)
                .setTableId(TableId.of(table))
                .setMatch(MatchCodec.encode(factory, match))
                .setInstructions(List.of())
                .setBufferId(OFBufferId.NO_BUFFER)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .build();
    }

    /** Removes every flow of every table that is for these frames, or for a part of them. */
    public OFFlowMod removeAll(Match match, long xid) {
        return factory.buildFlowDelete()
                .setXid(xid)
                .setTableId(TableId.ALL)
                .setMatch(MatchCodec.encode(factory, match))
                .setBufferId(OFBufferId.NO_BUFFER)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .build();
    }

    /**
     * Removes the flow at exactly this place, whose match nobody here understands.
     *
     * <pre>
     *   0         8         16        24     25       26       28     30        32        36      40      44      46
     *  ┌─────────┬─────────┬─────────┬──────┬────────┬────────┬──────┬─────────┬─────────┬───────┬───────┬───────┬────┬──────┄
     *  │ header  │ cookie  │ mask    │table │command │ idle   │ hard │priority │ buffer  │ port  │ group │ flags │ -  │match ┄
     *  └─────────┴─────────┴─────────┴──────┴────────┴────────┴──────┴─────────┴─────────┴───────┴───────┴───────┴────┴──────┄
     *                                                                                        OpenFlow 1.4.1 §7.3.4.1
     * </pre>
     */
    public OFMessage remove(InstalledFlows.RawPlace place, long xid) {
        byte[] match = ByteBufUtil.decodeHexDump(place.match());
        ByteBuf out = Unpooled.buffer(FLOW_MOD_BYTES + match.length);
        out.writeByte(factory.getVersion().getWireVersion()).writeByte(FLOW_MOD);
        out.writeShort(FLOW_MOD_BYTES + match.length).writeInt((int) xid);
        out.writeLong(0).writeLong(0);
        out.writeByte(place.table()).writeByte(DELETE_STRICT);
        out.writeShort(0).writeShort(0).writeShort(place.priority());
        out.writeInt(NO_BUFFER).writeInt(ANY).writeInt(ANY);
        out.writeShort(0).writeShort(0).writeBytes(match);
        return new RawMessage(factory.getVersion(), OFType.FLOW_MOD, xid, ByteBufUtil.getBytes(out));
    }

    private List<OFInstruction> instructions(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Drop() -> List.of();
            case Outcome.Continue(int table, int tag) -> {
                OFInstruction onward = factory.instructions().gotoTable(TableId.of(table));
                yield tag == 0
                        ? List.of(onward)
                        : List.of(factory.instructions().applyActions(VlanActions.push(factory, tag)), onward);
            }
            case Outcome.Output output -> List.of(factory.instructions().applyActions(VlanActions.of(factory, output)));
        };
    }

    static Optional<Outcome> outcome(List<OFInstruction> instructions) {
        if (instructions.isEmpty()) {
            return Optional.of(new Outcome.Drop());
        }
        if (instructions.size() == 1) {
            return switch (instructions.getFirst()) {
                case OFInstructionGotoTable onward ->
                    Optional.of(new Outcome.Continue(onward.getTableId().getValue()));
                case OFInstructionApplyActions apply -> VlanActions.outcome(apply.getActions());
                default -> Optional.empty();
            };
        }
        return instructions.size() == 2
                        && instructions.get(0) instanceof OFInstructionApplyActions apply
                        && instructions.get(1) instanceof OFInstructionGotoTable onward
                ? VlanActions.pushed(apply.getActions())
                        .map(tag -> new Outcome.Continue(onward.getTableId().getValue(), tag))
                : Optional.empty();
    }
}
