package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Match;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.wire.Bundle;
import org.secondsite.openflow.wire.FlowCodec;

/**
 * Shuts the gates of VMs, whatever else is under way.
 *
 * <p>It only modifies flows that stand, which a full table does not refuse: of each VM its gate, or, where nobody is to be
 * heard, the whole first table by one message, which takes the flows of others with it; where few are, the whole first table
 * but for their flows, in one bundle. Many gates go in one bundle too, which takes a switch a third of the time; should it not be committed, they go one by one; should a switch refuse even that,
 * everything of those ports is deleted instead.
 */
final class Fence {
    /** So few gates are shut one by one sooner than by a bundle. */
    private static final int FEW_GATES = 16;

    /** Above all that {@link Writes} uses. */
    private static final int FIRST_BUNDLE = 0x4000_0000;

    /** Whether many gates may go together. */
    enum Bundling {
        /** In a bundle. */
        POSSIBLE,

        /** The switch takes none, or another one is under way. */
        IMPOSSIBLE
    }

    /** What is tried; if it is refused, the next. */
    private enum Attempt {
        BUNDLE,
        ONE_BY_ONE,
        DELETION,
        GIVEN_UP
    }

    private final OFFactory factory;
    private final FlowCodec codec;
    private final Outbox outbox;

    private Layout layout = Layout.TABLES;
    private List<Integer> ports = List.of();
    private int silentCount;
    private long term;
    private long firstXid;
    private long barrierXid;
    private long commitXid;
    private Attempt attempt = Attempt.GIVEN_UP;
    private boolean isCommitted;
    private int bundles;

    Fence(OFFactory factory, Outbox outbox) {
        this.factory = factory;
        this.codec = new FlowCodec(factory.getVersion());
        this.outbox = outbox;
    }

    /**
     * Shuts the gates of VMs at these ports.
     *
     * @param silent of how many of them it is to be told that they are silent
     */
    void shut(Layout spread, List<Integer> gates, long underTerm, int silent, Bundling bundling) {
        begin(gates, underTerm, silent);
        layout = spread;
        if (bundling == Bundling.POSSIBLE && ports.size() > FEW_GATES) {
            inBundle(() -> ports.stream().map(this::shutting).toList());
        } else {
            oneByOne();
        }
    }

    /**
     * Makes every flow of the first table a drop.
     *
     * @param gates the ports of VMs, of which everything is deleted should the switch refuse that
     * @param silent of how many of them it is to be told that they are silent
     */
    void shutAll(List<Integer> gates, long underTerm, int silent) {
        begin(gates, underTerm, silent);
        attempt = Attempt.ONE_BY_ONE;
        firstXid = outbox.nextXid();
        outbox.send(codec.silence(Pipeline.GATE_TABLE, Match.ANY, outbox.nextXid()));
        barrier();
    }

    /**
     * Makes every flow of the first table a drop but for some, in one bundle; if it is not committed, shuts the gates one by one.
     *
     * @param remaining which of them stay as they are
     */
    void shutAllBut(List<Flow> remaining, List<Integer> gates, long underTerm, int silent) {
        begin(gates, underTerm, silent);
        layout = Layout.TABLES;
        inBundle(() -> {
            List<OFMessage> messages = new ArrayList<>();
            messages.add(codec.silence(Pipeline.GATE_TABLE, Match.ANY, outbox.nextXid()));
            remaining.forEach(flow -> messages.add(codec.modify(flow, outbox.nextXid())));
            return messages;
        });
    }

    private void begin(List<Integer> gates, long underTerm, int silent) {
        ports = List.copyOf(gates);
        silentCount = silent;
        term = underTerm;
    }

    /** All of it goes at once: what is refused shows in an answer before the barrier's. */
    private void inBundle(Supplier<List<OFMessage>> messages) {
        attempt = Attempt.BUNDLE;
        isCommitted = false;
        Bundle bundle = new Bundle(factory, FIRST_BUNDLE + bundles);
        bundles++;
        firstXid = outbox.nextXid();
        outbox.send(bundle.control(OFBundleCtrlType.OPEN_REQUEST, firstXid));
        messages.get().forEach(message -> outbox.send(bundle.add(message)));
        outbox.send(bundle.control(OFBundleCtrlType.CLOSE_REQUEST, outbox.nextXid()));
        commitXid = outbox.nextXid();
        outbox.send(bundle.control(OFBundleCtrlType.COMMIT_REQUEST, commitXid));
        barrier();
    }

    private void oneByOne() {
        attempt = Attempt.ONE_BY_ONE;
        firstXid = outbox.nextXid();
        ports.forEach(port -> outbox.send(shutting(port)));
        barrier();
    }

    private OFMessage shutting(int port) {
        return layout == Layout.TABLES
                ? codec.modify(new Flow(Pipeline.gate(port), new Flow.Outcome.Drop()), outbox.nextXid())
                : codec.silence(Pipeline.GATE_TABLE, Pipeline.from(port), outbox.nextXid());
    }

    private void byDeletion() {
        attempt = Attempt.DELETION;
        firstXid = outbox.nextXid();
        ports.forEach(port -> outbox.send(codec.removeAll(Pipeline.from(port), outbox.nextXid())));
        barrier();
    }

    /** Whether the error is about a fence under way. */
    boolean refused(long xid) {
        if (barrierXid == 0 || xid < firstXid || xid > barrierXid) {
            return false;
        }
        switch (attempt) {
            case BUNDLE -> oneByOne();
            case ONE_BY_ONE -> byDeletion();
            case DELETION, GIVEN_UP -> attempt = Attempt.GIVEN_UP;
        }
        return true;
    }

    /** Whether the answer is about a fence's bundle. */
    boolean answered(OFBundleCtrlMsg reply) {
        if (barrierXid == 0 || attempt != Attempt.BUNDLE || reply.getXid() < firstXid || reply.getXid() > barrierXid) {
            return false;
        }
        isCommitted |= reply.getXid() == commitXid && reply.getBundleCtrlType() == OFBundleCtrlType.COMMIT_REPLY;
        return true;
    }

    /** Whether a barrier's answer is the one that ends a fence; then it is told. */
    boolean answered(long xid) {
        if (barrierXid == 0 || xid != barrierXid) {
            return false;
        }
        if (attempt == Attempt.BUNDLE && !isCommitted) {
            // Some switches' errors bear no transaction id, so this one may have been overlooked.
            oneByOne();
            return false;
        }
        barrierXid = 0;
        if (attempt != Attempt.GIVEN_UP && silentCount > 0) {
            outbox.add(new Effect.Fenced(term, silentCount));
        }
        return true;
    }

    private void barrier() {
        barrierXid = outbox.nextXid();
        outbox.send(factory.buildBarrierRequest().setXid(barrierXid).build());
    }
}
