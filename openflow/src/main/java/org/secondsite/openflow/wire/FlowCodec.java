package org.secondsite.openflow.wire;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.action.OFAction;
import org.projectfloodlight.openflow.protocol.action.OFActionOutput;
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

    /** Removes every flow of every table. */
    public OFFlowMod removeAll(long xid) {
        return factory.buildFlowDelete()
                .setXid(xid)
                .setTableId(TableId.ALL)
                .setMatch(factory.buildMatch().build())
                .setBufferId(OFBufferId.NO_BUFFER)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .build();
    }

    /** What the parts of a flow statistics reply say together. */
    public static InstalledFlows installed(List<OFFlowStatsReply> parts) {
        List<Flow> flows = new ArrayList<>();
        int strange = 0;
        for (OFFlowStatsReply part : parts) {
            for (OFFlowStatsEntry entry : part.getEntries()) {
                Optional<Flow> flow = ours(entry);
                flow.ifPresent(flows::add);
                strange += flow.isPresent() ? 0 : 1;
            }
        }
        return new InstalledFlows(flows, strange);
    }

    private static Optional<Flow> ours(OFFlowStatsEntry entry) {
        boolean lasting = entry.getIdleTimeout() == 0 && entry.getHardTimeout() == 0;
        if (!lasting || !Cookie.isOurs(entry.getCookie().getValue())) {
            return Optional.empty();
        }
        Optional<Match> match = MatchCodec.decode(entry.getMatch());
        Optional<Outcome> outcome = outcome(entry.getInstructions());
        if (match.isEmpty() || outcome.isEmpty()) {
            return Optional.empty();
        }
        Flow.Key key = new Flow.Key(entry.getTableId().getValue(), entry.getPriority(), match.get());
        return Optional.of(new Flow(key, outcome.get()));
    }

    private List<OFInstruction> instructions(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Drop() -> List.of();
            case Outcome.Continue(int table) -> List.of(factory.instructions().gotoTable(TableId.of(table)));
            case Outcome.Output(List<Integer> ports) -> {
                List<OFAction> outputs = new ArrayList<>(ports.size());
                for (int port : ports) {
                    outputs.add(factory.actions().output(OFPort.of(port), 0));
                }
                yield List.of(factory.instructions().applyActions(outputs));
            }
        };
    }

    private static Optional<Outcome> outcome(List<OFInstruction> instructions) {
        if (instructions.isEmpty()) {
            return Optional.of(new Outcome.Drop());
        }
        if (instructions.size() > 1) {
            return Optional.empty();
        }
        return switch (instructions.getFirst()) {
            case OFInstructionGotoTable onward ->
                Optional.of(new Outcome.Continue(onward.getTableId().getValue()));
            case OFInstructionApplyActions apply -> outputs(apply.getActions());
            default -> Optional.empty();
        };
    }

    private static Optional<Outcome> outputs(List<OFAction> actions) {
        List<Integer> ports = new ArrayList<>();
        for (OFAction action : actions) {
            if (!(action instanceof OFActionOutput output)) {
                return Optional.empty();
            }
            ports.add(output.getPort().getPortNumber());
        }
        return Optional.of(ports.isEmpty() ? new Outcome.Drop() : new Outcome.Output(ports));
    }
}
