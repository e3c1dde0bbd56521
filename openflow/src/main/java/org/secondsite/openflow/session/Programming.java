package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.projectfloodlight.openflow.protocol.OFBarrierReply;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlMsg;
import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFBundleFlags;
import org.projectfloodlight.openflow.protocol.OFControllerRole;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFFlowMod;
import org.projectfloodlight.openflow.protocol.OFFlowStatsReply;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFRoleReply;
import org.projectfloodlight.openflow.protocol.OFRoleStatus;
import org.projectfloodlight.openflow.protocol.OFStatsReplyFlags;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.BundleId;
import org.projectfloodlight.openflow.types.OFGroup;
import org.projectfloodlight.openflow.types.OFPort;
import org.projectfloodlight.openflow.types.TableId;
import org.projectfloodlight.openflow.types.U64;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.pipeline.Flow;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.wire.FlowCodec;
import org.secondsite.openflow.wire.Incoming;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a connected switch to what is desired, and proves it.
 *
 * <pre>
 *            apply            granted          differs                no add error
 *  IDLE ───────────▶ ROLE ───────────▶ READ ───────────▶ FILL ─────────────────────▶ COMMIT ──┐
 *                      │                ▲ │ as wanted      │ an add error                      │
 *                      │ stale          │ ▼                ▼                                   │
 *                      ▼                │STEADY ─▶        DISCARD ─▶ FAILED ─(later)─▶ READ    │
 *                  OUTRANKED            └─────────────────────────────────────────────────────┘
 * </pre>
 *
 * <p>The one loop is: compare what the switch has with what it shall have, write the difference, read again. It ends,
 * with a confirmation, only on a reading that shows no difference. A new desire, or a port that comes or goes, is looked at
 * when the step under way has ended.
 *
 * <p>A bundle is closed before it is committed, because its commit succeeds without the messages that were refused when
 * they were added: the answer to the closing comes after all such refusals. A 1.3 switch has no bundles; there the messages
 * go one by one and a barrier follows.
 */
final class Programming {
    private static final Logger LOG = LoggerFactory.getLogger(Programming.class);

    private static final int MAXIMUM_WRITES = 3;
    private static final long RETRY_AFTER_NANOS = 5_000_000_000L;

    /** ORDERED: what goes must go before what comes. ATOMIC: a frame meets the old flows or the new ones. */
    private static final Set<OFBundleFlags> BUNDLE_FLAGS = Set.of(OFBundleFlags.ATOMIC, OFBundleFlags.ORDERED);

    private enum Step {
        IDLE,
        ROLE,
        READ,
        FILL,
        COMMIT,
        DISCARD,
        BARRIER,
        STEADY,
        FAILED,
        OUTRANKED
    }

    private final SwitchSettings settings;
    private final OFFactory factory;
    private final FlowCodec codec;
    private final Outbox outbox;
    private final Map<String, Integer> ports;

    private Step step = Step.IDLE;
    private long enteredNanos;
    private Desired desired;
    private Pipeline wanted;
    private long requestedTerm;
    private long grantedTerm;

    /** The first and last transaction id of the step under way. */
    private long firstXid;

    private long lastXid;

    private long outrankedTerm;

    /** What the switch has as far as is known; empty: it has to be asked. */
    private Optional<InstalledFlows> actual = Optional.empty();

    /** Whether {@link #actual} was read from the switch after the last write, grant, or change of the desire or the ports. */
    private boolean actualIsFresh;

    private final List<OFFlowStatsReply> readParts = new ArrayList<>();
    private int lostParts;
    private int writes;
    private int bundle;
    private int addErrors;
    private String firstAddError;
    private Set<String> reportedMissing = Set.of();

    Programming(SwitchSettings settings, OFFactory factory, Outbox outbox, Map<String, Integer> ports) {
        this.settings = settings;
        this.factory = factory;
        this.codec = new FlowCodec(factory);
        this.outbox = outbox;
        this.ports = ports;
    }

    void apply(Desired next, long nowNanos) {
        desired = next;
        actualIsFresh = false;
        writes = 0;
        if (next.term() > outrankedTerm) {
            advanceIfFree(nowNanos);
        }
    }

    void portsChanged(long nowNanos) {
        if (desired == null || step == Step.OUTRANKED) {
            return;
        }
        Pipeline next = Pipeline.of(settings.gatewayPort(), desired.vms(), ports);
        if (wanted == null || !next.flows().equals(wanted.flows()) || step == Step.FAILED) {
            actualIsFresh = false;
            writes = 0;
            advanceIfFree(nowNanos);
        }
    }

    /** Answers why the session must end, if it must. */
    Optional<String> tick(long nowNanos, long deadAfterNanos) {
        long waitedNanos = nowNanos - enteredNanos;
        return switch (step) {
            case IDLE, STEADY, OUTRANKED -> Optional.empty();
            case FAILED -> {
                if (waitedNanos >= RETRY_AFTER_NANOS) {
                    writes = 0;
                    advance(nowNanos);
                }
                yield Optional.empty();
            }
            case ROLE, READ, FILL, COMMIT, DISCARD, BARRIER ->
                waitedNanos >= deadAfterNanos ? Optional.of("no answer in step " + step) : Optional.empty();
        };
    }

    /** Whether the message was waited for. */
    boolean received(OFMessage message, long nowNanos) {
        boolean answers = message.getXid() == lastXid;
        switch (message) {
            case OFRoleStatus status -> roleChanged(status, nowNanos);
            case OFRoleReply reply when answers && step == Step.ROLE -> granted(reply, nowNanos);
            case OFFlowStatsReply part
            when answers && step == Step.READ -> {
                readParts.add(part);
                readOn(part.getFlags().contains(OFStatsReplyFlags.REPLY_MORE), nowNanos);
            }
            case OFBundleCtrlMsg reply when answers -> bundleAnswered(reply.getBundleCtrlType(), nowNanos);
            case OFBarrierReply _
            when answers && step == Step.BARRIER -> {
                if (addErrors > 0) {
                    fail(addErrors + " messages were refused, the first with " + firstAddError, nowNanos);
                } else {
                    read("the switch has worked all messages off", nowNanos);
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    void error(long xid, String errorName, long nowNanos) {
        boolean waiting =
                switch (step) {
                    case ROLE, READ, FILL, COMMIT, DISCARD, BARRIER -> true;
                    case IDLE, STEADY, FAILED, OUTRANKED -> false;
                };
        if (!waiting || xid < firstXid || xid > lastXid) {
            return;
        }
        if (errorName.equals("ROLE_REQUEST_FAILED/STALE")) {
            outranked("stale: the switch has seen a later term (" + errorName + ")", nowNanos);
        } else if (errorName.equals("BAD_REQUEST/IS_SLAVE")) {
            outranked("another controller is master now (" + errorName + ")", nowNanos);
        } else if ((step == Step.FILL || step == Step.BARRIER) && xid < lastXid) {
            addErrors++;
            firstAddError = addErrors == 1 ? errorName : firstAddError;
        } else {
            fail(errorName + " in step " + step, nowNanos);
        }
    }

    /** A message that could not be parsed may have been the one that is waited for. */
    void skipped(Incoming.Unparsable unparsable, long nowNanos) {
        if (unparsable.type() == Incoming.Unparsable.ERROR) {
            error(unparsable.xid(), "an unknown error", nowNanos);
        } else if (unparsable.type() == Incoming.Unparsable.MULTIPART_REPLY
                && step == Step.READ
                && unparsable.xid() == lastXid) {
            lostParts++;
            readOn(unparsable.moreFollows(), nowNanos);
        }
    }

    private void advanceIfFree(long nowNanos) {
        switch (step) {
            case IDLE, STEADY, FAILED, OUTRANKED -> advance(nowNanos);
            case ROLE, READ, FILL, COMMIT, DISCARD, BARRIER -> {
                // The answer that is under way comes back to advance.
            }
        }
    }

    /** Nothing is under way: does the next thing that is missing, or confirms. */
    private void advance(long nowNanos) {
        if (desired.term() != grantedTerm) {
            requestedTerm = desired.term();
            begin(Step.ROLE, "to be master in term " + requestedTerm, nowNanos);
            outbox.send(factory.buildRoleRequest()
                    .setXid(oneXid())
                    .setRole(OFControllerRole.ROLE_MASTER)
                    .setGenerationId(U64.of(requestedTerm))
                    .build());
            return;
        }
        wanted = Pipeline.of(settings.gatewayPort(), desired.vms(), ports);
        if (!wanted.missingPorts().equals(reportedMissing)) {
            reportedMissing = wanted.missingPorts();
            outbox.add(new Effect.PortsMissing(reportedMissing));
        }
        Optional<FlowDifference> difference = actual.map(flows -> FlowDifference.between(wanted.flows(), flows));
        boolean same = difference.isPresent() && difference.get().isEmpty();
        if (same && actualIsFresh) {
            begin(Step.STEADY, "has the " + wanted.flows().size() + " flows of term " + grantedTerm, nowNanos);
            outbox.add(new Effect.Confirmed(grantedTerm, wanted.flows().size()));
        } else if (same || difference.isEmpty()) {
            read("what it has is not known", nowNanos);
        } else if (writes == MAXIMUM_WRITES) {
            fail(difference.get().size() + " differences remain after " + writes + " writes", nowNanos);
        } else {
            write(difference.get(), nowNanos);
        }
    }

    private void granted(OFRoleReply reply, long nowNanos) {
        long generation = reply.getGenerationId().getValue();
        if (reply.getRole() != OFControllerRole.ROLE_MASTER || generation != requestedTerm) {
            fail(
                    "asked to be master in term " + requestedTerm + ", got " + reply.getRole() + " in " + generation,
                    nowNanos);
            return;
        }
        grantedTerm = requestedTerm;
        actualIsFresh = false;
        LOG.debug("{}: granted master in term {}", settings.id(), grantedTerm);
        advance(nowNanos);
    }

    private void read(String why, long nowNanos) {
        begin(Step.READ, why, nowNanos);
        readParts.clear();
        lostParts = 0;
        outbox.send(factory.buildFlowStatsRequest()
                .setXid(oneXid())
                .setTableId(TableId.ALL)
                .setOutPort(OFPort.ANY)
                .setOutGroup(OFGroup.ANY)
                .setMatch(factory.buildMatch().build())
                .build());
    }

    private void readOn(boolean moreFollows, long nowNanos) {
        enteredNanos = nowNanos;
        if (moreFollows) {
            return;
        }
        InstalledFlows understood = FlowCodec.installed(readParts);
        readParts.clear();
        if (understood.strange() + lostParts > 0) {
            LOG.warn(
                    "{}: {} flows are not of a gateway, {} messages of the reading could not be parsed: all will be replaced",
                    settings.id(),
                    understood.strange(),
                    lostParts);
        }
        actual = Optional.of(new InstalledFlows(understood.flows(), understood.strange() + lostParts));
        actualIsFresh = true;
        advance(nowNanos);
    }

    private void write(FlowDifference difference, long nowNanos) {
        writes++;
        addErrors = 0;
        firstAddError = null;
        actualIsFresh = false;
        boolean bundled = factory.getVersion().compareTo(OFVersion.OF_14) >= 0;
        begin(bundled ? Step.FILL : Step.BARRIER, difference.size() + " changes", nowNanos);
        firstXid = outbox.nextXid();
        bundle++;
        if (bundled) {
            outbox.send(bundleControl(OFBundleCtrlType.OPEN_REQUEST, firstXid));
        }
        if (difference.replaceAll()) {
            change(codec.removeAll(outbox.nextXid()), bundled);
        }
        for (Flow.Key key : difference.removed()) {
            change(codec.remove(key, outbox.nextXid()), bundled);
        }
        for (Flow flow : difference.added()) {
            change(codec.add(flow, grantedTerm, outbox.nextXid()), bundled);
        }
        lastXid = outbox.nextXid();
        outbox.send(
                bundled
                        ? bundleControl(OFBundleCtrlType.CLOSE_REQUEST, lastXid)
                        : factory.buildBarrierRequest().setXid(lastXid).build());
        // Until it is read again, nobody knows what a write that fails half way has left.
        actual = Optional.empty();
    }

    private void change(OFFlowMod flowMod, boolean bundled) {
        if (!bundled) {
            outbox.send(flowMod);
            return;
        }
        // OpenFlow 1.4.1 §7.3.9.6: the message inside bears the same transaction id.
        outbox.send(factory.buildBundleAddMsg()
                .setXid(flowMod.getXid())
                .setBundleId(BundleId.of(bundle))
                .setFlags(BUNDLE_FLAGS)
                .setData(flowMod)
                .build());
    }

    private OFBundleCtrlMsg bundleControl(OFBundleCtrlType type, long xid) {
        return factory.buildBundleCtrlMsg()
                .setXid(xid)
                .setBundleId(BundleId.of(bundle))
                .setBundleCtrlType(type)
                .setFlags(BUNDLE_FLAGS)
                .build();
    }

    private void bundleAnswered(OFBundleCtrlType type, long nowNanos) {
        if (step == Step.FILL && type == OFBundleCtrlType.CLOSE_REPLY) {
            boolean good = addErrors == 0;
            begin(good ? Step.COMMIT : Step.DISCARD, addErrors + " messages were refused", nowNanos);
            outbox.send(
                    bundleControl(good ? OFBundleCtrlType.COMMIT_REQUEST : OFBundleCtrlType.DISCARD_REQUEST, oneXid()));
        } else if (step == Step.COMMIT && type == OFBundleCtrlType.COMMIT_REPLY) {
            read("the bundle is committed", nowNanos);
        } else if (step == Step.DISCARD && type == OFBundleCtrlType.DISCARD_REPLY) {
            fail(addErrors + " messages were refused, the first with " + firstAddError, nowNanos);
        }
    }

    private void roleChanged(OFRoleStatus status, long nowNanos) {
        // While a role is asked for, the answer decides: this message is about the one before.
        if (status.getRole() != OFControllerRole.ROLE_MASTER && grantedTerm > 0 && step != Step.ROLE) {
            outranked(
                    "another controller is master now, generation "
                            + status.getGenerationId().getValue(),
                    nowNanos);
        }
    }

    private void outranked(String reason, long nowNanos) {
        if (step != Step.OUTRANKED) {
            begin(Step.OUTRANKED, reason, nowNanos);
            grantedTerm = 0;
            outrankedTerm = desired.term();
            actual = Optional.empty();
            outbox.add(new Effect.Outranked(desired.term(), reason));
        }
    }

    private void fail(String reason, long nowNanos) {
        begin(Step.FAILED, reason, nowNanos);
        actual = Optional.empty();
        actualIsFresh = false;
        outbox.add(new Effect.Failed(desired.term(), reason));
    }

    private long oneXid() {
        firstXid = outbox.nextXid();
        lastXid = firstXid;
        return lastXid;
    }

    private void begin(Step next, String reason, long nowNanos) {
        LOG.debug("{}: {} -> {}: {}", settings.id(), step, next, reason);
        step = next;
        enteredNanos = nowNanos;
    }
}
