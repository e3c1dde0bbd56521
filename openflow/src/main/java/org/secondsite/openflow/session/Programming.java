package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.projectfloodlight.openflow.protocol.OFAggregateStatsReply;
import org.projectfloodlight.openflow.protocol.OFBarrierReply;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFRoleReply;
import org.projectfloodlight.openflow.protocol.OFRoleStatus;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.ForeignGeneration;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmTraffic;
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
 * are shut at once ({@link Fence}), and what was to be committed for a former desire is discarded.
 *
 * <p>Nothing has a deadline here: a switch that answers echoes and not this is slow, and told about as such.
 */
final class Programming {
    private static final Logger LOG = LoggerFactory.getLogger(Programming.class);

    private static final int MAX_WRITES = 3;
    private static final long RETRY_AFTER_NANOS = 1_000_000_000L;
    private static final long AUDIT_AFTER_NANOS = 400_000_000L;
    private static final long THOROUGH_AFTER_NANOS = 10_000_000_000L;

    /** So few flows are read at every audit: what altered them without a change of their number is found as soon. */
    private static final int FEW_FLOWS = 2000;

    private final SwitchSettings settings;
    private final OFFactory factory;
    private final Outbox outbox;
    private final PortTable ports;
    private Layout layout;
    private final Fence fence;
    private final Roles roles;

    private Step step = Step.IDLE;
    private long enteredNanos;
    private boolean slowTold;
    private Desired desired;
    private Pipeline wanted;
    private long grantedTerm;

    /** Whether the desire or the ports have changed since the write under way was begun. */
    private boolean superseded;

    /** What the switch has as far as is known; empty: it has to be asked. */
    private Optional<InstalledFlows> actual = Optional.empty();

    /** Whether {@link #actual} was read from the switch after the last write, grant, or change of the desire or the ports. */
    private boolean actualIsFresh;

    private Reading reading;
    private Writing writing;
    private Counting counting;
    private int writes;
    private int bundle;
    private boolean bundles;
    private boolean roomIsShort;
    private boolean tablesAreFew;

    /** Whether the switch was confirmed to have what is wanted now; a difference is a drift then. */
    private boolean confirmed;

    /** Whether the next thing is only done when a fence has been answered, and since when. */
    private boolean waitsForFence;

    private long fencedNanos;

    /** By port, what the switch was last confirmed to take its VM for; forgotten when something else is begun. */
    private final Map<Integer, Role> knownRoles = new HashMap<>();

    private long goodNanos;
    private long auditedNanos;
    private long thoroughNanos;
    private List<VmTraffic> traffic = List.of();
    private Set<String> reportedMissing = Set.of();

    /** Why it failed last; the same again is no news. */
    private String failure = "";

    Programming(SwitchSettings settings, OFFactory factory, Outbox outbox, PortTable ports, Layout layout) {
        this.settings = settings;
        this.factory = factory;
        this.outbox = outbox;
        this.ports = ports;
        this.layout = layout;
        this.fence = new Fence(factory, outbox);
        this.roles = new Roles(factory, outbox);
        this.bundles = factory.getVersion().compareTo(OFVersion.OF_14) >= 0;
    }

    void apply(Desired next, long nowNanos) {
        if (step == Step.STEADY && confirmed && next.equals(desired)) {
            outbox.add(confirmation());
            return;
        }
        desired = next;
        changed();
        // The rest takes its time to be computed: it goes when the fence has done its work.
        waitsForFence = grantedTerm > 0 && shutGates();
        fencedNanos = nowNanos;
        knownRoles.clear();
        if (!waitsForFence) {
            advanceIfFree(nowNanos);
        }
    }

    void portsChanged(long nowNanos) {
        if (desired == null || step == Step.OUTRANKED || grantedTerm == 0) {
            return;
        }
        Pipeline next = Pipeline.of(layout, settings.gatewayPort(), desired.vms(), ports);
        if (wanted == null || !next.equals(wanted) || step == Step.FAILED) {
            changed();
            advanceIfFree(nowNanos);
        }
    }

    private void changed() {
        superseded = true;
        actualIsFresh = false;
        confirmed = false;
        roomIsShort = false;
        writes = 0;
        failure = "";
    }

    private void fenceEnded(long nowNanos) {
        if (waitsForFence) {
            waitsForFence = false;
            advanceIfFree(nowNanos);
        }
    }

    void tick(long nowNanos, long slowAfterNanos) {
        long waitedNanos = nowNanos - enteredNanos;
        if (waitsForFence && nowNanos - fencedNanos >= slowAfterNanos) {
            outbox.add(new Effect.Noticed("slow: a fence is not answered"));
            fenceEnded(nowNanos);
            return;
        }
        switch (step) {
            case FAILED, OUTRANKED -> {
                if (!waitsForFence && waitedNanos >= RETRY_AFTER_NANOS && (step == Step.FAILED || roles.isForeign())) {
                    writes = 0;
                    advance(nowNanos);
                }
            }
            case STEADY -> {
                if (nowNanos - auditedNanos >= AUDIT_AFTER_NANOS && !waitsForFence) {
                    audit(nowNanos);
                }
            }
            case IDLE -> {}
            case QUERY, ROLE, READ, FILL, COMMIT, DISCARD, ADD, REMOVE, COUNT -> {
                if (waitedNanos >= slowAfterNanos && !slowTold) {
                    slowTold = true;
                    outbox.add(new Effect.Noticed(
                            "slow: no answer in step " + step + " for " + waitedNanos / 1_000_000 + " ms"));
                }
                if (waitedNanos >= slowAfterNanos && step == Step.READ && reading.skipOthers()) {
                    readOn(nowNanos);
                } else if (waitedNanos >= slowAfterNanos && step == Step.COUNT) {
                    read("it does not count its flows", nowNanos, false);
                }
            }
        }
    }

    /** Whether the message was waited for. */
    boolean received(OFMessage message, long nowNanos) {
        switch (message) {
            case OFRoleStatus status ->
                role(status.getRole(), status.getGenerationId().getValue(), nowNanos);
            case OFRoleReply reply -> roleAnswered(reply, nowNanos);
            case OFBundleCtrlMsg reply
            when writing != null && writing.isEndedBy(message.getXid()) ->
                bundleAnswered(reply.getBundleCtrlType(), nowNanos);
            case OFBarrierReply _ when fence.answered(message.getXid()) -> fenceEnded(nowNanos);
            case OFBarrierReply _
            when writing != null && writing.isEndedBy(message.getXid()) -> barrierAnswered(nowNanos);
            case OFAggregateStatsReply reply when step == Step.COUNT && counting.received(reply) -> counted(nowNanos);
            default -> {
                if (step != Step.READ || !reading.received(message)) {
                    return false;
                }
                readOn(nowNanos);
            }
        }
        return true;
    }

    void error(long xid, String errorName, long nowNanos) {
        if (errorName.equals("BAD_REQUEST/IS_SLAVE") && grantedTerm > 0) {
            grantedTerm = 0;
            roles.displaced();
            query("another controller is master (" + errorName + ")", nowNanos);
        } else if (fence.refused(xid)) {
            LOG.warn("{}: a gate was not shut: {}", settings.id(), errorName);
        } else {
            switch (step) {
                case QUERY -> {
                    if (isOfRole(xid, errorName)) {
                        roles.unknown();
                        queried(nowNanos);
                    }
                }
                case ROLE -> {
                    if (isOfRole(xid, errorName)) {
                        roleRefused(errorName, nowNanos);
                    }
                }
                case READ -> {
                    if (reading.refused(xid) || (xid == 0 && reading.skipOthers())) {
                        readOn(nowNanos);
                    } else if (reading.isOf(xid)) {
                        fail(errorName + " in step " + step, nowNanos);
                    }
                }
                case FILL, COMMIT, DISCARD, ADD, REMOVE -> {
                    if (writing.refused(xid, errorName)) {
                        tablesAreFew |= errorName.equals("FLOW_MOD_FAILED/BAD_TABLE_ID");
                        writeRefused(xid, errorName, nowNanos);
                    }
                }
                case COUNT -> {
                    if (counting.refused(xid)) {
                        read("it does not count its flows", nowNanos, false);
                    }
                }
                case IDLE, STEADY, FAILED, OUTRANKED -> {}
            }
        }
    }

    /** Some switches' errors bear no transaction id; then their kind has to do. */
    private boolean isOfRole(long xid, String errorName) {
        return roles.isAnsweredBy(xid) || (xid == 0 && errorName.startsWith("ROLE_REQUEST_FAILED"));
    }

    /** A message that could not be parsed may have been the one that is waited for. */
    void skipped(Incoming.Unparsable unparsable, long nowNanos) {
        if (unparsable.type() == Incoming.Unparsable.ERROR) {
            error(unparsable.xid(), unparsable.reason(), nowNanos);
        } else if (step == Step.READ && reading.lost(unparsable.xid(), unparsable.moreFollows())) {
            readOn(nowNanos);
        } else if (step == Step.COUNT && counting.refused(unparsable.xid())) {
            read("its count could not be read", nowNanos, false);
        } else if (step == Step.QUERY && roles.isAnsweredBy(unparsable.xid())) {
            roles.unknown();
            queried(nowNanos);
        }
    }

    void part(Incoming.Part part, long nowNanos) {
        if (step == Step.READ && reading.received(part)) {
            readOn(nowNanos);
        }
    }

    private void advanceIfFree(long nowNanos) {
        waitsForFence = false;
        boolean auditing = step == Step.COUNT || (step == Step.READ && actual.isPresent());
        if (!step.waits() || auditing) {
            advance(nowNanos);
        }
    }

    /** Nothing is under way: does the next thing that is missing, or confirms. */
    private void advance(long nowNanos) {
        if (desired.term() != grantedTerm) {
            if (roles.isKnown() && !roles.isForeign()) {
                ask(nowNanos);
            } else {
                query("which generation it holds", nowNanos);
            }
            return;
        }
        superseded = false;
        if (tablesAreFew && layout == Layout.TABLES) {
            layout = Layout.ONE_TABLE;
            outbox.add(new Effect.Noticed("one table: " + layout.unchecked()));
        }
        wanted = Pipeline.of(layout, settings.gatewayPort(), desired.vms(), ports);
        if (!wanted.missingPorts().equals(reportedMissing)) {
            reportedMissing = wanted.missingPorts();
            outbox.add(new Effect.PortsMissing(reportedMissing));
        }
        Optional<FlowDifference> difference =
                actual.map(flows -> FlowDifference.between(wanted, flows, settings.sharing()));
        boolean same = difference.isPresent() && difference.get().isEmpty();
        if (same && actualIsFresh) {
            steady(nowNanos);
        } else if (same || difference.isEmpty()) {
            read("what it has is not known", nowNanos, false);
        } else if (writes == MAX_WRITES) {
            giveUp(difference.get(), nowNanos);
        } else {
            if (confirmed) {
                drifted(difference.get());
            }
            write(difference.get(), nowNanos);
        }
    }

    private void steady(long nowNanos) {
        boolean news = !confirmed;
        begin(Step.STEADY, "has the " + wanted.flows().size() + " flows of term " + grantedTerm, nowNanos);
        confirmed = true;
        roomIsShort = false;
        failure = "";
        writes = 0;
        knownRoles.clear();
        wanted.places().forEach(place -> knownRoles.put(place.port(), place.vm().role()));
        goodNanos = nowNanos;
        auditedNanos = nowNanos;
        if (news) {
            outbox.add(confirmation());
        }
        List<VmTraffic> counted = Traffic.of(wanted, actual.orElseThrow());
        if (!counted.equals(traffic)) {
            traffic = counted;
            outbox.add(new Effect.Counted(traffic));
        }
    }

    private Effect confirmation() {
        int flows = wanted.flows().size();
        return wanted.missingPorts().isEmpty()
                ? new Effect.Confirmed(grantedTerm, flows)
                : new Effect.Partial(grantedTerm, flows, wanted.missingPorts());
    }

    private void drifted(FlowDifference difference) {
        confirmed = false;
        outbox.add(new Effect.Drifted(
                grantedTerm,
                difference.toString(),
                goodNanos,
                difference.foreign().packets()));
    }

    private void giveUp(FlowDifference difference, long nowNanos) {
        String why = difference.size() + " differences remain after " + writes + " writes"
                + (writing.errorCount() > 0 ? ": " + writing.errors() : "");
        if (difference.isOnlyMissing() && !why.equals(failure)) {
            SortedSet<String> without = new TreeSet<>(wanted.missingPorts());
            wanted.vmsOf(difference.missing().stream().map(flow -> flow.key()).toList())
                    .forEach(vm -> without.add(vm + " (no room)"));
            outbox.add(new Effect.Partial(
                    grantedTerm, wanted.flows().size() - difference.missing().size(), without));
        }
        fail(why, nowNanos);
    }

    /** Answers whether there were any to shut. */
    private boolean shutGates() {
        List<Integer> shut = new ArrayList<>();
        int silent = 0;
        // A VM that is no longer named has its flows removed, which is as good as silence and takes longer.
        Set<Integer> left = new HashSet<>(knownRoles.keySet());
        for (Pipeline.Place place : Pipeline.places(settings.gatewayPort(), desired.vms(), ports)) {
            left.remove(place.port());
            Optional<Role> before = confirmedRole(place);
            Role role = place.vm().role();
            if (role.isSilent() && !before.map(Role::isSilent).orElse(false)) {
                silent++;
                shut.add(place.port());
            } else if (before.isPresent() && (before.get() == Role.DRILL) != (role == Role.DRILL)) {
                // Between the gateway and the bubble nothing may pass while only a part is written.
                shut.add(place.port());
            }
        }
        shut.addAll(left);
        if (shut.isEmpty()) {
            return false;
        }
        fence.shut(layout, shut, desired.term(), silent);
        // In one table several flows of unknown number were shut.
        actual = layout == Layout.TABLES ? actual.map(flows -> flows.shut(new HashSet<>(shut))) : Optional.empty();
        return true;
    }

    /** What the switch is known to take the VM for. */
    private Optional<Role> confirmedRole(Pipeline.Place place) {
        return Optional.ofNullable(knownRoles.get(place.port()));
    }

    private void query(String why, long nowNanos) {
        begin(Step.QUERY, why, nowNanos);
        roles.query();
    }

    private void roleAnswered(OFRoleReply reply, long nowNanos) {
        if (!roles.isAnsweredBy(reply.getXid())) {
            return;
        }
        long generation = reply.getGenerationId().getValue();
        switch (step) {
            case QUERY -> {
                roles.holds(generation);
                queried(nowNanos);
            }
            case ROLE -> granted(reply, generation, nowNanos);
            default -> role(reply.getRole(), generation, nowNanos);
        }
    }

    private void queried(long nowNanos) {
        Optional<String> obstacle =
                roles.obstacle(desired.term(), settings.foreignGeneration() == ForeignGeneration.RESET);
        if (obstacle.isPresent()) {
            outranked(obstacle.get(), nowNanos);
        } else {
            ask(nowNanos);
        }
    }

    private void ask(long nowNanos) {
        begin(Step.ROLE, "to be master in term " + desired.term(), nowNanos);
        roles.ask(desired.term());
    }

    private void roleRefused(String errorName, long nowNanos) {
        if (!errorName.equals("ROLE_REQUEST_FAILED/STALE")) {
            fail(errorName + " in step " + step, nowNanos);
        } else if (roles.isStaleTwice()) {
            outranked("stale: the switch has seen a later term (" + errorName + ")", nowNanos);
        } else {
            query("it has seen a later generation", nowNanos);
        }
    }

    private void granted(OFRoleReply reply, long generation, long nowNanos) {
        if (reply.getRole() != OFControllerRole.ROLE_MASTER || generation != roles.requested()) {
            fail(
                    "asked to be master in term " + roles.requested() + ", got " + reply.getRole() + " in "
                            + generation,
                    nowNanos);
            return;
        }
        roles.granted(generation, desired.term());
        if (generation != desired.term() && Generation.outranks(generation, desired.term())) {
            ask(nowNanos);
            return;
        }
        grantedTerm = generation;
        LOG.debug("{}: granted master in term {}", settings.id(), grantedTerm);
        if (grantedTerm != desired.term()) {
            advance(nowNanos);
            return;
        }
        actualIsFresh = false;
        confirmed = false;
        if (actual.isEmpty()) {
            shutGates();
        }
        advance(nowNanos);
    }

    /** The role as the switch has told it unasked, or at an audit. */
    private void role(OFControllerRole role, long generation, long nowNanos) {
        // While a role is asked for, the answer decides: this message is about the one before.
        if (role == OFControllerRole.ROLE_MASTER || grantedTerm == 0 || step == Step.ROLE || step == Step.QUERY) {
            return;
        }
        grantedTerm = 0;
        roles.displaced();
        roles.holds(generation);
        queried(nowNanos);
    }

    private void read(String why, long nowNanos, boolean isThorough) {
        begin(Step.READ, why, nowNanos);
        reading = new Reading(factory, outbox, isThorough);
        if (isThorough) {
            thoroughNanos = nowNanos;
        }
    }

    private void readOn(long nowNanos) {
        enteredNanos = nowNanos;
        if (!reading.isComplete()) {
            return;
        }
        InstalledFlows flows = reading.flows();
        actual = Optional.of(flows);
        actualIsFresh = true;
        if (reading.hasOthers() && settings.sharing() == Sharing.EXCLUSIVE) {
            outbox.add(new Effect.Drifted(grantedTerm, "groups or meters of others", goodNanos, 0));
            Others.remove(factory, outbox);
        }
        advance(nowNanos);
    }

    private void audit(long nowNanos) {
        auditedNanos = nowNanos;
        roles.query();
        boolean thorough = nowNanos - thoroughNanos >= THOROUGH_AFTER_NANOS;
        int flows = actual.orElseThrow().size();
        if (thorough || flows <= FEW_FLOWS) {
            read("audit", nowNanos, thorough);
        } else {
            begin(Step.COUNT, "audit", nowNanos);
            counting = new Counting(factory, outbox, wanted, actual.orElseThrow());
        }
    }

    private void counted(long nowNanos) {
        if (counting.differs()) {
            read("it has another number of flows", nowNanos, false);
        } else if (counting.isComplete()) {
            begin(Step.STEADY, "has as many flows as it should", nowNanos);
            goodNanos = nowNanos;
        }
    }

    private void write(FlowDifference difference, long nowNanos) {
        writes++;
        actualIsFresh = false;
        boolean bundled = bundles && !roomIsShort;
        bundle++;
        begin(bundled ? Step.FILL : Step.ADD, difference.size() + " changes", nowNanos);
        writing = new Writing(factory, outbox, difference, grantedTerm, bundle);
        if (bundled) {
            writing.fill();
        } else {
            writing.add();
        }
        // Until it is read again, nobody knows what a write that fails half way has left.
        actual = Optional.empty();
    }

    private void writeRefused(long xid, String errorName, long nowNanos) {
        boolean ofBundle = errorName.startsWith("BUNDLE_FAILED") || errorName.equals("BAD_REQUEST/BAD_TYPE");
        boolean ends = writing.isEndedBy(xid) || (xid == 0 && ofBundle);
        if (step == Step.FILL && (ends || writing.isOpeningRefusedBy(xid))) {
            // The bundle itself: BAD_TYPE, BAD_FLAGS, UNSUPPORTED and whatever else a switch may say to it.
            bundles = false;
            outbox.add(new Effect.Noticed("not atomic: the switch refuses bundles: " + writing.firstError()));
            retry("no bundles", nowNanos);
        } else if (step == Step.COMMIT && ends) {
            roomIsShort = true;
            outbox.add(new Effect.Noticed("not atomic: the switch does not commit the bundle: " + writing.errors()));
            retry(errorName, nowNanos);
        } else if (step == Step.DISCARD && ends) {
            retry(errorName, nowNanos);
        } else if ((step == Step.ADD || step == Step.REMOVE) && ends) {
            fail(errorName + " in step " + step, nowNanos);
        }
    }

    private void retry(String why, long nowNanos) {
        if (writes >= MAX_WRITES) {
            fail(writing.errors(), nowNanos);
        } else {
            read(why, nowNanos, false);
        }
    }

    private void bundleAnswered(OFBundleCtrlType type, long nowNanos) {
        if (step == Step.FILL && type == OFBundleCtrlType.CLOSE_REPLY) {
            if (writing.errorCount() == 0 && !superseded) {
                begin(Step.COMMIT, "the bundle is whole", nowNanos);
                writing.commit();
            } else {
                begin(Step.DISCARD, superseded ? "something else is wanted" : writing.errors(), nowNanos);
                writing.discard();
            }
        } else if (step == Step.COMMIT && type == OFBundleCtrlType.COMMIT_REPLY) {
            read("the bundle is committed", nowNanos, false);
        } else if (step == Step.DISCARD && type == OFBundleCtrlType.DISCARD_REPLY) {
            if (writing.errorCount() > 0) {
                roomIsShort = true;
                outbox.add(new Effect.Noticed("not atomic: the bundle is discarded: " + writing.errors()));
            }
            retry("the bundle is discarded", nowNanos);
        }
    }

    private void barrierAnswered(long nowNanos) {
        if (step == Step.ADD && writing.hasMore() && !superseded) {
            begin(Step.REMOVE, "what comes is written", nowNanos);
            writing.remove();
        } else if (step == Step.ADD || step == Step.REMOVE) {
            read("the switch has worked all messages off", nowNanos, false);
        }
    }

    private void outranked(String reason, long nowNanos) {
        begin(Step.OUTRANKED, reason, nowNanos);
        grantedTerm = 0;
        actual = Optional.empty();
        confirmed = false;
        outbox.add(new Effect.Outranked(desired.term(), roles.isForeign(), reason));
    }

    private void fail(String reason, long nowNanos) {
        begin(Step.FAILED, reason, nowNanos);
        actual = Optional.empty();
        actualIsFresh = false;
        confirmed = false;
        roomIsShort = false;
        if (!reason.equals(failure)) {
            failure = reason;
            outbox.add(new Effect.Failed(desired.term(), reason));
        }
    }

    private void begin(Step next, String reason, long nowNanos) {
        assert step.next().contains(next.name()) : step + " -> " + next;
        LOG.debug("{}: {} -> {}: {}", settings.id(), step, next, reason);
        step = next;
        enteredNanos = nowNanos;
        slowTold = false;
    }
}
