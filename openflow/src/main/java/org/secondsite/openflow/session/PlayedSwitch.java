package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFBadRequestCode;
import org.projectfloodlight.openflow.protocol.OFBarrierRequest;
import org.projectfloodlight.openflow.protocol.OFBundleAddMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFEchoRequest;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFeaturesRequest;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsEntry;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.OFFlowStatsRequest;
import org.projectfloodlight.openflow.protocol.OFGroupDescStatsRequest;
import org.projectfloodlight.openflow.protocol.OFHello;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFMeterConfigStatsRequest;
import org.projectfloodlight.openflow.protocol.OFPortDesc;
import org.projectfloodlight.openflow.protocol.OFPortDescStatsRequest;
import org.projectfloodlight.openflow.protocol.OFRoleRequest;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.protocol.match.Match;
import org.projectfloodlight.openflow.protocol.match.MatchField;
import org.projectfloodlight.openflow.types.DatapathId;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.U64;

/** A willing switch in memory that speaks OpenFlow 1.4: for rehearsals and measurements. It has one controller, and refuses nothing. */
public final class PlayedSwitch {
    private static final OFFactory SWITCH = OFFactories.getFactory(OFVersion.OF_14);

    /** As many as surely fit into a message of 65,535 bytes. */
    private static final int ENTRIES_PER_PART = 200;

    private record Place(int table, int priority, Match match) {}

    private final long datapathId;
    private final List<String> ports;
    private final Map<Place, OFFlowMod> flows = new LinkedHashMap<>();
    private U64 generation = U64.of(Generation.UNDEFINED);

    /**
     * A switch without flows.
     *
     * @param datapathId what it calls itself
     * @param ports the names of its ports, which have the numbers from 1 on
     */
    public PlayedSwitch(long datapathId, List<String> ports) {
        this.datapathId = datapathId;
        this.ports = List.copyOf(ports);
    }

    /** Takes a message of the controller; its answers. */
    public List<OFMessage> answer(OFMessage message) {
        List<OFMessage> answers = new ArrayList<>();
        long xid = message.getXid();
        switch (message) {
            case OFHello _ -> answers.add(SWITCH.hello(List.of()));
            case OFEchoRequest echo ->
                answers.add(SWITCH.buildEchoReply()
                        .setXid(xid)
                        .setData(echo.getData())
                        .build());
            case OFFeaturesRequest _ ->
                answers.add(SWITCH.buildFeaturesReply()
                        .setXid(xid)
                        .setDatapathId(DatapathId.of(datapathId))
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
            case OFFlowStatsRequest _ -> answerFlows(xid, answers);
            case OFGroupDescStatsRequest _ ->
                answers.add(SWITCH.buildGroupDescStatsReply().setXid(xid).build());
            case OFMeterConfigStatsRequest _ ->
                answers.add(SWITCH.buildMeterConfigStatsReply().setXid(xid).build());
            case OFBundleAddMsg add when add.getData() instanceof OFFlowMod flowMod -> change(flowMod);
            case OFBundleCtrlMsg control ->
                reply(control.getBundleCtrlType())
                        .ifPresent(type -> answers.add(
                                control.createBuilder().setBundleCtrlType(type).build()));
            default ->
                answers.add(SWITCH.errorMsgs()
                        .buildBadRequestErrorMsg()
                        .setXid(xid)
                        .setCode(OFBadRequestCode.BAD_TYPE)
                        .build());
        }
        return answers;
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
            case MODIFY ->
                flows.replaceAll((at, before) -> at.table() == place.table() && covers(place.match(), at.match())
                        ? before.createBuilder()
                                .setInstructions(flowMod.getInstructions())
                                .build()
                        : before);
            default -> flows.put(place, flowMod);
        }
    }

    /** Of the fields only equality is looked at. */
    private static boolean covers(Match wide, Match narrow) {
        boolean covers = true;
        for (MatchField<?> field : wide.getMatchFields()) {
            covers &=
                    narrow.supports(field) && String.valueOf(wide.get(field)).equals(String.valueOf(narrow.get(field)));
        }
        return covers;
    }

    private void answerFlows(long xid, List<OFMessage> answers) {
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
        List<OFPortDesc> descriptions = new ArrayList<>();
        for (String port : ports) {
            descriptions.add(SWITCH.buildPortDesc()
                    .setName(port)
                    .setPortNo(OFPort.of(descriptions.size() + 1))
                    .build());
        }
        return descriptions;
    }
}
