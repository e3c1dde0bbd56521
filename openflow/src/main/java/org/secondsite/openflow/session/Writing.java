package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Match;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.wire.Bundle;
import org.secondsite.openflow.wire.FlowCodec;

/**
 * One write of a difference: what is sent, and which errors came back for it.
 *
 * <p>In a bundle everything goes at once. One by one it goes in an order in which no frame finds a way that it has neither
 * before nor after: what drops first, then what admits in the pipeline's own order; after a barrier what is obsolete, the
 * lowest priorities first, so that nothing comes to light that was hidden; and last the gates open.
 */
final class Writing {
    private final OFFactory factory;
    private final FlowCodec codec;
    private final Outbox outbox;
    private final FlowDifference difference;
    private final long term;
    private final Bundle bundle;

    private long firstXid;

    /** Of the message whose answer ends the phase under way. */
    private long lastXid;

    private int errorCount;
    private String firstError;

    Writing(OFFactory factory, Outbox outbox, FlowDifference difference, long term, int bundle) {
        this.factory = factory;
        this.codec = new FlowCodec(factory.getVersion());
        this.outbox = outbox;
        this.difference = difference;
        this.term = term;
        this.bundle = new Bundle(factory, bundle);
    }

    /** Opens a bundle, fills it and closes it; its commit would succeed without what was refused, so that waits. */
    void fill() {
        firstXid = outbox.nextXid();
        outbox.send(bundle.control(OFBundleCtrlType.OPEN_REQUEST, firstXid));
        if (difference.replaceAll()) {
            outbox.send(bundle.add(codec.removeAll(Match.ANY, outbox.nextXid())));
        }
        for (OFMessage message : removals()) {
            outbox.send(bundle.add(message));
        }
        for (OFMessage message : additions(false)) {
            outbox.send(bundle.add(message));
        }
        end(OFBundleCtrlType.CLOSE_REQUEST);
    }

    /** Commits; whatever is asked behind it is answered of the time after. */
    void commit() {
        end(OFBundleCtrlType.COMMIT_REQUEST);
        outbox.send(factory.buildBarrierRequest().setXid(outbox.nextXid()).build());
    }

    void discard() {
        end(OFBundleCtrlType.DISCARD_REQUEST);
    }

    /** Writes what comes, one by one, but for the gates that open. */
    void add() {
        firstXid = outbox.nextXid();
        additions(true).forEach(outbox::send);
        barrier();
    }

    /** Writes what goes, one by one, and opens the gates. */
    void remove() {
        removals().forEach(outbox::send);
        if (difference.replaceAll()) {
            // What stands in the way cannot be named. What is removed with it is written again at once.
            outbox.send(codec.removeAll(Match.ANY, outbox.nextXid()));
            additions(true).forEach(outbox::send);
        }
        openings().forEach(gate -> outbox.send(codec.modify(gate, outbox.nextXid())));
        barrier();
    }

    /** Whether there is something that goes, or a gate that opens. */
    boolean hasMore() {
        return difference.replaceAll()
                || !difference.obsolete().isEmpty()
                || difference.foreign().size() > 0
                || !openings().isEmpty();
    }

    /** The answer with this transaction id ends the phase under way. */
    boolean isEndedBy(long xid) {
        return xid == lastXid;
    }

    /** Whether the error is about this write; one that names no message may be. */
    boolean refused(long xid, String errorName) {
        if (xid != 0 && (xid < firstXid || xid > lastXid)) {
            return false;
        }
        errorCount++;
        firstError = errorCount == 1 ? errorName : firstError;
        return true;
    }

    /** Whether the bundle itself was refused, not something in it. */
    boolean isOpeningRefusedBy(long xid) {
        return xid == firstXid;
    }

    int errorCount() {
        return errorCount;
    }

    String errors() {
        return errorCount + " messages were refused, the first with " + firstError;
    }

    String firstError() {
        return firstError;
    }

    /** With the gates shut, what is written for a gate that opens keeps its room. */
    private List<OFMessage> additions(boolean gatesShut) {
        List<OFMessage> drops = new ArrayList<>();
        List<OFMessage> others = new ArrayList<>();
        for (Flow flow : difference.altered()) {
            if (!gatesShut || !isOpening(flow)) {
                (isDrop(flow) ? drops : others).add(codec.modify(flow, outbox.nextXid()));
            }
        }
        for (List<Flow> flows : List.of(difference.overwritten(), difference.missing())) {
            for (Flow flow : flows) {
                Flow written = gatesShut && isOpening(flow) ? new Flow(flow.key(), new Flow.Outcome.Drop()) : flow;
                (isDrop(flow) ? drops : others).add(codec.add(written, term, outbox.nextXid()));
            }
        }
        drops.addAll(others);
        return drops;
    }

    private List<Flow> openings() {
        return Stream.of(difference.altered(), difference.overwritten(), difference.missing())
                .flatMap(List::stream)
                .filter(Writing::isOpening)
                .toList();
    }

    private List<OFMessage> removals() {
        record Removal(int priority, OFMessage message) {}
        List<Removal> removals = new ArrayList<>();
        for (List<Flow.Key> keys :
                List.of(difference.obsolete(), difference.foreign().known())) {
            for (Flow.Key key : keys) {
                removals.add(new Removal(key.priority(), codec.remove(key, outbox.nextXid())));
            }
        }
        for (InstalledFlows.RawPlace place : difference.foreign().strange()) {
            removals.add(new Removal(place.priority(), codec.remove(place, outbox.nextXid())));
        }
        return removals.stream()
                .sorted(Comparator.comparingInt(Removal::priority))
                .map(Removal::message)
                .toList();
    }

    /** The gates lead on; in one table there are none. */
    private static boolean isOpening(Flow flow) {
        return flow.key().table() == Pipeline.GATE_TABLE && flow.outcome() instanceof Flow.Outcome.Continue;
    }

    private static boolean isDrop(Flow flow) {
        return flow.outcome() instanceof Flow.Outcome.Drop;
    }

    private void end(OFBundleCtrlType type) {
        lastXid = outbox.nextXid();
        outbox.send(bundle.control(type, lastXid));
    }

    private void barrier() {
        lastXid = outbox.nextXid();
        outbox.send(factory.buildBarrierRequest().setXid(lastXid).build());
    }
}
