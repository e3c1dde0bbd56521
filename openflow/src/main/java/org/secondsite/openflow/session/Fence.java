package org.secondsite.openflow.session;

import java.util.List;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Match;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.wire.FlowCodec;

/**
 * Shuts the gates of VMs, whatever else is under way.
 *
 * <p>It only modifies flows that stand, which a full table does not refuse: of each VM its gate, or, where nobody is to be
 * heard, the whole first table by one message, which takes the flows of others with it. Should a switch refuse even that,
 * everything of those ports is deleted instead.
 */
final class Fence {
    private final OFFactory factory;
    private final FlowCodec codec;
    private final Outbox outbox;

    private List<Integer> ports = List.of();
    private int silentCount;
    private long term;
    private long firstXid;
    private long barrierXid;
    private boolean deletes;
    private boolean failed;

    Fence(OFFactory factory, Outbox outbox) {
        this.factory = factory;
        this.codec = new FlowCodec(factory);
        this.outbox = outbox;
    }

    /**
     * Shuts the gates of VMs at these ports.
     *
     * @param silent of how many of them it is to be told that they are silent
     */
    void shut(Layout layout, List<Integer> gates, long underTerm, int silent) {
        begin(gates, underTerm, silent);
        for (int port : ports) {
            outbox.send(
                    layout == Layout.TABLES
                            ? codec.modify(new Flow(Pipeline.gate(port), new Flow.Outcome.Drop()), outbox.nextXid())
                            : codec.silence(Pipeline.GATE_TABLE, Pipeline.from(port), outbox.nextXid()));
        }
        barrier();
    }

    /**
     * Makes every flow of the first table a drop.
     *
     * @param gates the ports of VMs, of which everything is deleted should the switch refuse that
     * @param silent of how many of them it is to be told that they are silent
     */
    void shutAll(List<Integer> gates, long underTerm, int silent) {
        begin(gates, underTerm, silent);
        outbox.send(codec.silence(Pipeline.GATE_TABLE, Match.ANY, outbox.nextXid()));
        barrier();
    }

    private void begin(List<Integer> gates, long underTerm, int silent) {
        ports = List.copyOf(gates);
        silentCount = silent;
        term = underTerm;
        deletes = false;
        failed = false;
        firstXid = outbox.nextXid();
    }

    /** Whether the error is about a fence under way. */
    boolean refused(long xid) {
        if (barrierXid == 0 || xid < firstXid || xid > barrierXid) {
            return false;
        }
        if (deletes) {
            failed = true;
        } else {
            deletes = true;
            firstXid = outbox.nextXid();
            ports.forEach(port -> outbox.send(codec.removeAll(Pipeline.from(port), outbox.nextXid())));
            barrier();
        }
        return true;
    }

    /** Whether a barrier's answer is the one that ends a fence; then it is told. */
    boolean answered(long xid) {
        if (barrierXid == 0 || xid != barrierXid) {
            return false;
        }
        barrierXid = 0;
        if (!failed && silentCount > 0) {
            outbox.add(new Effect.Fenced(term, silentCount));
        }
        return true;
    }

    private void barrier() {
        barrierXid = outbox.nextXid();
        outbox.send(factory.buildBarrierRequest().setXid(barrierXid).build());
    }
}
