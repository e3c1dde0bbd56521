package org.secondsite.openflow.session;

import java.util.Optional;
import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFGroupDescStatsReply;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFMeterConfigStatsReply;
import org.projectfloodlight.openflow.protocol.OFStatsReply;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.types.OFGroup;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.secondsite.openflow.pipeline.Comparison;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.wire.FlowReading;
import org.secondsite.openflow.wire.Incoming;

/** One reading of what a switch has: its flows, and on demand whether it has groups and meters, which the pipeline never uses. */
final class Reading {
    private static final long ANSWERED = 0;
    private static final long ALL_METERS = 0xffff_ffffL;

    private final long flowsXid;
    private long groupsXid;
    private long metersXid;
    private final FlowReading flows;
    private final Optional<Comparison> comparison;
    private boolean hasAllFlows;
    private boolean others;

    /** What is asked for. */
    enum Extent {
        /** The flows. */
        FLOWS,

        /** Groups and meters too. */
        ALL
    }

    /**
     * Asks.
     *
     * @param comparison with what is wanted, made as the answer comes; empty: that is not known yet
     */
    Reading(OFFactory factory, Outbox outbox, Extent extent, Optional<Comparison> comparison) {
        this.comparison = comparison;
        flows = new FlowReading(comparison);
        flowsXid = outbox.nextXid();
        outbox.send(factory.buildFlowStatsRequest()
                .setXid(flowsXid)
                .setTableId(TableId.ALL)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .setMatch(factory.buildMatch().build())
                .build());
        if (extent == Extent.ALL) {
            groupsXid = outbox.nextXid();
            outbox.send(factory.buildGroupDescStatsRequest().setXid(groupsXid).build());
            metersXid = outbox.nextXid();
            outbox.send(factory.buildMeterConfigStatsRequest()
                    .setXid(metersXid)
                    .setMeterId(ALL_METERS)
                    .build());
        }
    }

    /** Takes an answer about groups or meters; whether it is one. */
    boolean received(OFMessage message) {
        long xid = message.getXid();
        switch (message) {
            case OFGroupDescStatsReply part
            when xid == groupsXid -> {
                others |= !part.getEntries().isEmpty();
                groupsXid = isLast(part) ? ANSWERED : groupsXid;
            }
            case OFMeterConfigStatsReply part
            when xid == metersXid -> {
                others |= !part.getEntries().isEmpty();
                metersXid = isLast(part) ? ANSWERED : metersXid;
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Takes a part of the flows; whether it is one of this reading. */
    boolean received(Incoming.Part part) {
        if (part.xid() != flowsXid || part.kind() != Incoming.Part.FLOW) {
            return false;
        }
        flows.add(part);
        hasAllFlows = !part.moreFollows();
        return true;
    }

    /** An answer could not be read at all; whether it is one of this reading. */
    boolean lost(long xid, boolean moreFollows) {
        if (xid == flowsXid) {
            flows.lost();
            hasAllFlows = !moreFollows;
            return true;
        }
        others |= isOfOthers(xid);
        return refused(xid);
    }

    /** The switch does not answer the question about groups or meters: it has none. */
    boolean refused(long xid) {
        if (!isOfOthers(xid)) {
            return false;
        }
        groupsXid = xid == groupsXid ? ANSWERED : groupsXid;
        metersXid = xid == metersXid ? ANSWERED : metersXid;
        return true;
    }

    /** Waits no longer for groups and meters, if they are all that is waited for; whether that is so. */
    boolean skipOthers() {
        if (!hasAllFlows) {
            return false;
        }
        groupsXid = ANSWERED;
        metersXid = ANSWERED;
        return true;
    }

    /** Whether the question for the flows has this transaction id. */
    boolean isOf(long xid) {
        return xid == flowsXid;
    }

    boolean isComplete() {
        return hasAllFlows && groupsXid == ANSWERED && metersXid == ANSWERED;
    }

    InstalledFlows flows() {
        return flows.flows();
    }

    /** What of that is not as it was wanted when it was asked for. */
    Optional<Comparison> comparison() {
        return comparison;
    }

    /** Whether it has groups or meters. */
    boolean hasOthers() {
        return others;
    }

    private boolean isOfOthers(long xid) {
        return xid != ANSWERED && (xid == groupsXid || xid == metersXid);
    }

    private static boolean isLast(OFStatsReply part) {
        Set<OFStatsReplyFlags> flags = part.getFlags();
        return !flags.contains(OFStatsReplyFlags.REPLY_MORE);
    }
}
