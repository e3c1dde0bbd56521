package org.secondsite.openflow.session;

import java.util.Optional;
import org.projectfloodlight.openflow.protocol.OFAggregateStatsReply;
import org.projectfloodlight.openflow.protocol.OFBarrierReply;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFRoleReply;
import org.projectfloodlight.openflow.protocol.OFRoleStatus;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;
import org.secondsite.openflow.wire.Incoming;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a connected switch to what is desired, proves it, and keeps looking.
 *
 * <pre>
 *        apply          held, or unknown      granted        differs              no error              committed
 *  IDLE ───────▶ QUERY ─────────────────▶ ROLE ────▶ READ ───────────▶ FILL ─────────────────▶ COMMIT ──────────┐
 *                  │ outranked             │ stale   ▲ │ as wanted      │ an error: DISCARD ──▶ READ            │
 *                  ▼                       ▼         │ ▼                │ no bundles: ADD ─▶ REMOVE ─▶ READ     │
 *              OUTRANKED ◀────────────── QUERY       │STEADY ⇄ COUNT    └ three writes: FAILED ─(later)─▶ READ   │
 *                                                    └──────────────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>The one loop is: compare what the switch has with what it shall have, write the difference, read again. It ends, with a
 * confirmation, only on a reading that shows no difference. Then it goes on as an audit: the role, and the number of flows,
 * are asked for all the time, and the flows themselves when the number is not right, when they are few, or when they were
 * not for a while. A new desire, or a port that comes or goes, is looked at when the step under way has ended; only gates
 * are shut at once ({@link Gates}), and what was to be committed for a former desire is discarded.
 *
 * <p>{@link Roles} goes the way to a term, {@link Writes} that of a difference, {@link Gates} knows what is to be shut, {@link Report}
 * what is news; each says by an {@link Outcome} what an answer leads to, and here is what follows from it.
 *
 * <p>Nothing has a deadline here: a switch that answers echoes and not this is slow, and told about as such.
 */
final class Programming {
    private static final Logger LOG = LoggerFactory.getLogger(Programming.class);

    private static final long RETRY_AFTER_NANOS = 1_000_000_000L;
    private static final long AUDIT_AFTER_NANOS = 400_000_000L;
    private static final long THOROUGH_AFTER_NANOS = 10_000_000_000L;

    /** So few flows are read at every audit: what altered them without a change of their number is found as soon. */
    private static final int FEW_FLOWS = 2000;

    private final SwitchSettings settings;
    private final OFFactory factory;
    private final Outbox outbox;
    private final Progress progress;
    private final Roles roles;
    private final Gates gates;
    private final Writes writes;
    private final Report report;
    private final Wanted wanted;

    private final KnownFlows actual = new KnownFlows();

    /** Whether {@link #actual} was read from the switch after the last write, grant, or change of the desire or the ports. */
    private boolean actualIsFresh;

    /** Whether the switch was confirmed to have what is wanted now; a difference is a drift then. */
    private boolean confirmed;

    private Reading reading;

    /** Whether the switch was asked while the commit is under way. */
    private boolean isAskedAhead;

    /** Whether what is being committed is confirmed by its number, and read back after that. */
    private boolean isCountedFirst;

    private Counting counting;
    private long auditedNanos;
    private long thoroughNanos;

    Programming(SwitchSettings settings, OFFactory factory, Outbox outbox, PortTable ports, Layout layout) {
        this.settings = settings;
        this.factory = factory;
        this.outbox = outbox;
        wanted = new Wanted(settings, ports, layout);
        progress = new Progress(settings.id().name());
        roles = new Roles(factory, outbox, progress, settings.foreignGeneration());
        gates = new Gates(new Fence(factory, outbox), outbox);
        writes = new Writes(factory, outbox, progress);
        report = new Report(outbox);
    }

    void apply(Desired next, long nowNanos) {
        if (progress.step() == Step.STEADY && confirmed && wanted.isDesired(next)) {
            report.confirmed(wanted.pipeline(), roles.grantedTerm());
            return;
        }
        wanted.desire(next);
        change();
        gates.ended();
        if (roles.grantedTerm() > 0 && shutGates()) {
            // The rest takes its time to be computed: it goes when the fence has done its work.
            gates.await(nowNanos);
            outbox.add(new Effect.Prepare());
        }
        gates.forget();
        if (!gates.isAwaited()) {
            advanceIfFree(nowNanos);
        }
    }

    void portsChanged(long nowNanos) {
        if (!wanted.isDesired() || progress.step() == Step.OUTRANKED || roles.grantedTerm() == 0) {
            wanted.portsChanged();
            return;
        }
        if (wanted.followsPorts() || progress.step() == Step.FAILED) {
            change();
            advanceIfFree(nowNanos);
        }
    }

    private void change() {
        isCountedFirst = false;
        actualIsFresh = false;
        confirmed = false;
        writes.supersede();
        report.wanted();
    }

    void tick(long nowNanos, long slowAfterNanos) {
        if (gates.isOverdue(nowNanos, slowAfterNanos)) {
            advanceIfFree(nowNanos);
            return;
        }
        Step step = progress.step();
        long waitedNanos = progress.waitedNanos(nowNanos);
        switch (step) {
            case FAILED, OUTRANKED -> {
                if (!gates.isAwaited()
                        && waitedNanos >= RETRY_AFTER_NANOS
                        && (step == Step.FAILED || roles.isForeign())) {
                    advance(nowNanos);
                }
            }
            case STEADY -> {
                if (nowNanos - auditedNanos >= AUDIT_AFTER_NANOS && !gates.isAwaited()) {
                    audit(nowNanos);
                }
            }
            case IDLE -> {}
            case QUERY, ROLE, READ, FILL, COMMIT, DISCARD, ADD, REMOVE, COUNT -> {
                if (waitedNanos >= slowAfterNanos) {
                    progress.tellSlow(outbox, nowNanos);
                    if (step == Step.READ && reading.skipOthers()) {
                        partRead(nowNanos);
                    } else if (step == Step.COUNT) {
                        read(Occasion.MISCOUNT, "it does not count its flows", nowNanos);
                    }
                }
            }
        }
    }

    /** Whether nothing is under way: the switch has what it shall have. */
    boolean isSteady() {
        return progress.step() == Step.STEADY;
    }

    /** What the switch shall have. */
    Pipeline wanted() {
        return wanted.pipeline();
    }

    /** Whether the message was waited for. */
    boolean received(OFMessage message, long nowNanos) {
        switch (message) {
            case OFRoleStatus status ->
                conclude(
                        roles.told(status.getRole(), status.getGenerationId().getValue(), wanted.term(), nowNanos),
                        nowNanos);
            case OFRoleReply reply -> conclude(roles.answered(reply, wanted.term(), nowNanos), nowNanos);
            case OFBundleCtrlMsg reply
            when gates.answered(reply) -> LOG.debug("{}: a fence is on its way", settings.id());
            case OFBundleCtrlMsg reply
            when writes.isEndedBy(message.getXid()) ->
                conclude(writes.bundleAnswered(reply.getBundleCtrlType(), nowNanos), nowNanos);
            case OFBarrierReply _
            when gates.answered(message.getXid()) -> {
                if (gates.ended()) {
                    advanceIfFree(nowNanos);
                }
            }
            case OFBarrierReply _
            when writes.isEndedBy(message.getXid()) -> conclude(writes.barrierAnswered(nowNanos), nowNanos);
            case OFAggregateStatsReply reply when isCounting() && counting.received(reply) -> counted(nowNanos);
            default -> {
                if (!isReading() || !reading.received(message)) {
                    return false;
                }
                partRead(nowNanos);
            }
        }
        return true;
    }

    void error(long xid, String errorName, long nowNanos) {
        if (errorName.equals("BAD_REQUEST/IS_SLAVE") && roles.grantedTerm() > 0) {
            roles.displaced(errorName, nowNanos);
        } else if (gates.refused(xid)) {
            LOG.warn("{}: a fence was refused, and goes another way: {}", settings.id(), errorName);
        } else {
            switch (progress.step()) {
                case QUERY, ROLE -> conclude(roles.refused(xid, errorName, wanted.term(), nowNanos), nowNanos);
                case READ -> {
                    if (reading.refused(xid) || (xid == 0 && reading.skipOthers())) {
                        partRead(nowNanos);
                    } else if (reading.isOf(xid)) {
                        fail(errorName + " in step " + progress.step(), nowNanos);
                    }
                }
                case FILL, COMMIT, DISCARD, ADD, REMOVE -> {
                    if (isReadingAhead() && reading.isOf(xid)) {
                        isAskedAhead = false;
                    } else if (isCounting() && counting.refused(xid)) {
                        isCountedFirst = false;
                    } else {
                        conclude(writes.refused(xid, errorName), nowNanos);
                    }
                }
                case COUNT -> {
                    if (counting.refused(xid)) {
                        read(Occasion.MISCOUNT, "it does not count its flows", nowNanos);
                    }
                }
                case IDLE, STEADY, FAILED, OUTRANKED -> {}
            }
        }
    }

    /** A message that could not be parsed may have been the one that is waited for. */
    void skipped(Incoming.Unparsable unparsable, long nowNanos) {
        Step step = progress.step();
        if (unparsable.type() == Incoming.Unparsable.ERROR) {
            error(unparsable.xid(), unparsable.reason(), nowNanos);
        } else if (isReading() && reading.lost(unparsable.xid(), unparsable.moreFollows())) {
            partRead(nowNanos);
        } else if (isCounting() && counting.refused(unparsable.xid())) {
            if (step == Step.COUNT) {
                read(Occasion.MISCOUNT, "its count could not be read", nowNanos);
            }
            isCountedFirst = false;
        } else if (step == Step.QUERY) {
            conclude(roles.lost(unparsable.xid(), wanted.term(), nowNanos), nowNanos);
        }
    }

    void part(Incoming.Part part, long nowNanos) {
        if (isReading() && reading.received(part)) {
            partRead(nowNanos);
        }
    }

    /** Whether an answer may be one of the reading: the switch is asked, or the commit before that is not answered yet. */
    private boolean isReading() {
        return progress.step() == Step.READ || isReadingAhead();
    }

    /** The same of the flows' number. */
    private boolean isCounting() {
        return progress.step() == Step.COUNT || (progress.step() == Step.COMMIT && isCountedFirst);
    }

    private boolean isReadingAhead() {
        return progress.step() == Step.COMMIT && isAskedAhead;
    }

    private void conclude(Outcome outcome, long nowNanos) {
        switch (outcome) {
            case Outcome.Waiting() -> {}
            case Outcome.Granted() -> granted(nowNanos);
            case Outcome.Committing() -> {
                // The question is on its way while the switch still works.
                isCountedFirst = settings.sharing() == Sharing.EXCLUSIVE
                        && wanted.pipeline().flows().size() > FEW_FLOWS;
                isAskedAhead = !isCountedFirst;
                if (isCountedFirst) {
                    counting = new Counting(factory, outbox, wanted.pipeline());
                } else {
                    ask(Reading.Extent.FLOWS);
                }
            }
            case Outcome.Committed() -> committed(nowNanos);
            case Outcome.Unread(String why) -> read(Occasion.WRITTEN, why, nowNanos);
            case Outcome.Failed(String reason) -> fail(reason, nowNanos);
            case Outcome.Outranked(Obstacle obstacle, String reason) -> outranked(obstacle, reason, nowNanos);
        }
    }

    private void committed(long nowNanos) {
        if (!isCountedFirst) {
            read(Occasion.WRITTEN, "the bundle is committed", nowNanos);
            return;
        }
        progress.on(Occasion.COMMITTED, "the bundle is committed", nowNanos);
        actual.given(wanted.pipeline());
        counted(nowNanos);
    }

    private void advanceIfFree(long nowNanos) {
        gates.ended();
        boolean auditing = progress.step() == Step.COUNT || (progress.step() == Step.READ && actual.isKnown());
        if (!progress.step().waits() || auditing) {
            advance(nowNanos);
        }
    }

    /** Nothing is under way: does the next thing that is missing, or confirms. */
    private void advance(long nowNanos) {
        if (wanted.term() != roles.grantedTerm()) {
            roles.seek(wanted.term(), nowNanos);
            outbox.add(new Effect.Prepare());
            return;
        }
        if (writes.tablesAreFew() && wanted.fitIntoOneTable()) {
            outbox.add(new Effect.Noticed("one table: " + wanted.layout().unchecked()));
        }
        Pipeline pipeline = wanted.pipeline();
        report.missing(pipeline.missingPorts());
        Optional<FlowDifference> difference = actual.difference(pipeline, settings.sharing());
        boolean same = difference.isPresent() && difference.get().isEmpty();
        if (same && actualIsFresh) {
            steady(nowNanos);
        } else if (same || difference.isEmpty()) {
            read(Occasion.UNKNOWN, "what it has is not known", nowNanos);
        } else if (writes.isExhausted()) {
            giveUp(difference.get(), nowNanos);
        } else {
            if (confirmed) {
                confirmed = false;
                report.drifted(pipeline, actual.flows().orElseThrow(), difference.get(), roles.grantedTerm());
            }
            write(difference.get(), nowNanos);
        }
    }

    /** Works out what will be needed as soon as the switch answers. */
    void prepare() {
        wanted.prepare(progress.step() == Step.FILL ? Wanted.Need.COMPARISON : Wanted.Need.FLOWS);
    }

    private void steady(long nowNanos) {
        boolean news = !confirmed;
        progress.on(
                Occasion.AS_WANTED,
                "has the " + wanted.pipeline().flows().size() + " flows of term " + roles.grantedTerm(),
                nowNanos);
        confirmed = true;
        writes.settle();
        gates.confirmed(wanted.pipeline());
        report.good(nowNanos);
        auditedNanos = nowNanos;
        InstalledFlows flows = actual.flows().orElseThrow();
        if (news) {
            // That is waited for. What the flows have counted is told at the next audit.
            report.good(flows);
            report.confirmed(wanted.pipeline(), roles.grantedTerm());
        } else {
            report.counted(wanted.pipeline(), flows);
        }
    }

    private void giveUp(FlowDifference difference, long nowNanos) {
        String why = difference.size() + " differences remain after " + writes.story();
        report.partial(wanted.pipeline(), roles.grantedTerm(), difference, why);
        fail(why, nowNanos);
    }

    /** Answers whether there were any to shut. */
    private boolean shutGates() {
        Gates.Shut shut = gates.shut(wanted, settings.sharing(), writes.bundling());
        actual.shut(shut, wanted.layout());
        return !shut.ports().isEmpty();
    }

    private void granted(long nowNanos) {
        LOG.debug("{}: granted master in term {}", settings.id(), roles.grantedTerm());
        if (roles.grantedTerm() == wanted.term()) {
            actualIsFresh = false;
            confirmed = false;
            if (!actual.isKnown()) {
                shutGates();
            }
        }
        advance(nowNanos);
    }

    private void read(Occasion occasion, String why, long nowNanos) {
        boolean isAsked = isReadingAhead();
        isCountedFirst = false;
        progress.on(occasion, why, nowNanos);
        if (!isAsked) {
            ask(Reading.Extent.FLOWS);
        }
        if (reading.isComplete()) {
            allRead(nowNanos);
        }
    }

    private void ask(Reading.Extent extent) {
        reading = new Reading(factory, outbox, extent, wanted.comparison());
        actual.asked();
    }

    private void partRead(long nowNanos) {
        progress.answeredInPart(nowNanos);
        if (progress.step() == Step.READ && reading.isComplete()) {
            allRead(nowNanos);
        }
    }

    private void allRead(long nowNanos) {
        actualIsFresh = actual.read(reading.flows(), reading.comparison());
        if (reading.hasOthers() && settings.sharing() == Sharing.EXCLUSIVE) {
            report.othersFound(roles.grantedTerm());
            Others.remove(factory, outbox);
        }
        advance(nowNanos);
    }

    private void audit(long nowNanos) {
        auditedNanos = nowNanos;
        roles.audit();
        if (nowNanos - thoroughNanos >= THOROUGH_AFTER_NANOS) {
            thoroughNanos = nowNanos;
            progress.on(Occasion.AUDIT, "thorough audit", nowNanos);
            ask(Reading.Extent.ALL);
        } else if (actual.flows().orElseThrow().size() <= FEW_FLOWS) {
            read(Occasion.AUDIT, "audit", nowNanos);
        } else {
            progress.on(Occasion.QUICK_AUDIT, "audit", nowNanos);
            counting = new Counting(
                    factory, outbox, wanted.pipeline(), actual.flows().orElseThrow());
        }
    }

    private void counted(long nowNanos) {
        if (progress.step() != Step.COUNT) {
            return;
        }
        if (counting.differs()) {
            read(Occasion.MISCOUNT, "it has another number of flows", nowNanos);
        } else if (counting.isComplete()) {
            progress.on(Occasion.COUNTED, "has as many flows as it should", nowNanos);
            report.good(nowNanos);
            if (isCountedFirst) {
                isCountedFirst = false;
                confirmed = true;
                gates.confirmed(wanted.pipeline());
                report.confirmed(wanted.pipeline(), roles.grantedTerm());
                // What each of them is, is read at once.
                auditedNanos = nowNanos - AUDIT_AFTER_NANOS;
                thoroughNanos = nowNanos - THOROUGH_AFTER_NANOS;
            }
        }
    }

    private void write(FlowDifference difference, long nowNanos) {
        actualIsFresh = false;
        writes.begin(difference, roles.grantedTerm(), nowNanos);
        outbox.add(new Effect.Prepare());
        // Until it is read again, nobody knows what a write that fails half way has left.
        actual.forget();
    }

    private void outranked(Obstacle obstacle, String reason, long nowNanos) {
        progress.on(Occasion.IN_THE_WAY, reason, nowNanos);
        roles.outranked();
        lose();
        outbox.add(new Effect.Outranked(wanted.term(), obstacle, reason));
    }

    private void fail(String reason, long nowNanos) {
        progress.on(Occasion.REFUSED, reason, nowNanos);
        lose();
        report.failed(wanted.term(), reason);
    }

    private void lose() {
        actual.forget();
        actualIsFresh = false;
        confirmed = false;
        writes.settle();
    }
}
