package org.secondsite.openflow.session;

import java.util.stream.Stream;
import org.projectfloodlight.openflow.protocol.OFAggregateStatsReply;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.types.OFGroup;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Pipeline;

/** Asks a switch how many flows it has, and how many of them lead to the gateway, and compares. */
final class Counting {
    private static final long ANSWERED = 0;

    private final OFFactory factory;
    private final Outbox outbox;
    private final long expected;
    private final long expectedToGateway;
    private long allXid;
    private long toGatewayXid = ANSWERED;
    private boolean differs;

    /** Whether the switch still has as many as it had when it was as wanted. */
    Counting(OFFactory factory, Outbox outbox, Pipeline wanted, InstalledFlows actual) {
        this(
                factory,
                outbox,
                wanted,
                actual.size(),
                actual.strange().isEmpty() ? actual.flows().stream().map(InstalledFlows.Known::flow) : Stream.empty());
    }

    /** Whether the switch has as many as are wanted, and nothing else. */
    Counting(OFFactory factory, Outbox outbox, Pipeline wanted) {
        this(factory, outbox, wanted, wanted.flows().size(), wanted.flows().stream());
    }

    private Counting(OFFactory factory, Outbox outbox, Pipeline wanted, long all, Stream<Flow> flows) {
        this.factory = factory;
        this.outbox = outbox;
        expected = all;
        allXid = ask(OFPort.ANY);
        expectedToGateway =
                wanted.gateway().isPresent() ? toGateway(flows, wanted.gateway().getAsInt()) : 0;
        if (expectedToGateway > 0) {
            toGatewayXid = ask(OFPort.of(wanted.gateway().getAsInt()));
        }
    }

    /** Takes an answer; whether it is one. */
    boolean received(OFAggregateStatsReply reply) {
        long xid = reply.getXid();
        if (xid == ANSWERED) {
            return false;
        }
        if (xid == allXid) {
            differs |= reply.getFlowCount() != expected;
            allXid = ANSWERED;
            return true;
        }
        if (xid == toGatewayXid) {
            differs |= reply.getFlowCount() != expectedToGateway;
            toGatewayXid = ANSWERED;
            return true;
        }
        return false;
    }

    /** Whether the switch does not answer one of the questions. */
    boolean refused(long xid) {
        return xid != ANSWERED && (xid == allXid || xid == toGatewayXid);
    }

    boolean differs() {
        return differs;
    }

    boolean isComplete() {
        return allXid == ANSWERED && toGatewayXid == ANSWERED;
    }

    private long ask(OFPort outPort) {
        long xid = outbox.nextXid();
        outbox.send(factory.buildAggregateStatsRequest()
                .setXid(xid)
                .setTableId(TableId.ALL)
                .setOutPort(outPort)
                .setOutGroup(OFGroup.ANY)
                .setMatch(factory.buildMatch().build())
                .build());
        return xid;
    }

    private static long toGateway(Stream<Flow> flows, int gateway) {
        return flows.filter(flow -> flow.outcome() instanceof Flow.Outcome.Output output
                        && output.ports().contains(gateway))
                .count();
    }
}
