package org.secondsite.openflow.session;

import org.projectfloodlight.openflow.protocol.OFBundleCtrlType;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.secondsite.openflow.pipeline.FlowDifference;

/**
 * Writes differences, a few times in a row at most: each in a bundle while the switch takes bundles, otherwise one by one in
 * order.
 */
final class Writes {
    private static final int MAX_IN_A_ROW = 3;

    private final OFFactory factory;
    private final Outbox outbox;
    private final Progress progress;

    private Writing writing;
    private int inARow;
    private int bundle;
    private boolean takesBundles;
    private boolean roomIsShort;
    private boolean tablesAreFew;

    /** Whether the desire or the ports have changed since the write under way was begun. */
    private boolean isSuperseded;

    Writes(OFFactory factory, Outbox outbox, Progress progress) {
        this.factory = factory;
        this.outbox = outbox;
        this.progress = progress;
        this.takesBundles = factory.getVersion().compareTo(OFVersion.OF_14) >= 0;
    }

    /** Something else is wanted: what is under way ends without effect where it can, and room may be enough again. */
    void supersede() {
        isSuperseded = true;
        settle();
    }

    /** What was written is there, or it is given up for a while: the next difference is a new one. */
    void settle() {
        roomIsShort = false;
        inARow = 0;
    }

    /** Whether the switch has refused a table. */
    boolean tablesAreFew() {
        return tablesAreFew;
    }

    /** Whether a bundle can be opened now beside what is under way. */
    Fence.Bundling bundling() {
        return switch (progress.step()) {
            case FILL, COMMIT, DISCARD -> Fence.Bundling.IMPOSSIBLE;
            default -> takesBundles ? Fence.Bundling.POSSIBLE : Fence.Bundling.IMPOSSIBLE;
        };
    }

    boolean isExhausted() {
        return inARow == MAX_IN_A_ROW;
    }

    /** How many writes there were, and what was refused. */
    String story() {
        return inARow + " writes" + (writing.errorCount() > 0 ? ": " + writing.errors() : "");
    }

    void begin(FlowDifference difference, long term, long nowNanos) {
        inARow++;
        bundle++;
        isSuperseded = false;
        boolean bundled = takesBundles && !roomIsShort;
        progress.on(bundled ? Occasion.DIFFERS : Occasion.DIFFERS_IN_ORDER, difference.size() + " changes", nowNanos);
        writing = new Writing(factory, outbox, difference, term, bundle);
        if (bundled) {
            writing.fill();
        } else {
            writing.add();
        }
    }

    /** The answer with this transaction id ends the step under way. */
    boolean isEndedBy(long xid) {
        return writing != null && writing.isEndedBy(xid);
    }

    Outcome bundleAnswered(OFBundleCtrlType type, long nowNanos) {
        Step step = progress.step();
        if (step == Step.FILL && type == OFBundleCtrlType.CLOSE_REPLY) {
            if (writing.errorCount() == 0 && !isSuperseded) {
                progress.on(Occasion.WHOLE, "the bundle is whole", nowNanos);
                writing.commit();
                return Outcome.COMMITTING;
            } else {
                progress.on(Occasion.FAULTY, isSuperseded ? "something else is wanted" : writing.errors(), nowNanos);
                writing.discard();
            }
        } else if (step == Step.COMMIT && type == OFBundleCtrlType.COMMIT_REPLY) {
            return Outcome.COMMITTED;
        } else if (step == Step.DISCARD && type == OFBundleCtrlType.DISCARD_REPLY) {
            if (writing.errorCount() > 0) {
                roomIsShort = true;
                outbox.add(new Effect.Noticed("not atomic: the bundle is discarded: " + writing.errors()));
            }
            return again("the bundle is discarded");
        }
        return Outcome.WAITING;
    }

    Outcome barrierAnswered(long nowNanos) {
        Step step = progress.step();
        if (step == Step.ADD && writing.hasMore() && !isSuperseded) {
            progress.on(Occasion.ADDED, "what comes is written", nowNanos);
            writing.remove();
        } else if (step == Step.ADD || step == Step.REMOVE) {
            return new Outcome.Unread("the switch has worked all messages off");
        }
        return Outcome.WAITING;
    }

    Outcome refused(long xid, String errorName) {
        if (!writing.refused(xid, errorName)) {
            return Outcome.WAITING;
        }
        tablesAreFew |= errorName.equals("FLOW_MOD_FAILED/BAD_TABLE_ID");
        Step step = progress.step();
        boolean ofBundle = errorName.startsWith("BUNDLE_FAILED") || errorName.equals("BAD_REQUEST/BAD_TYPE");
        boolean ends = writing.isEndedBy(xid) || (xid == 0 && ofBundle);
        if (step == Step.FILL && (ends || writing.isOpeningRefusedBy(xid))) {
            // The bundle itself: BAD_TYPE, BAD_FLAGS, UNSUPPORTED and whatever else a switch may say to it.
            takesBundles = false;
            outbox.add(new Effect.Noticed("not atomic: the switch refuses bundles: " + writing.firstError()));
            return again("no bundles");
        }
        if (step == Step.COMMIT && ends) {
            roomIsShort = true;
            outbox.add(new Effect.Noticed("not atomic: the switch does not commit the bundle: " + writing.errors()));
            return again(errorName);
        }
        if (step == Step.DISCARD && ends) {
            return again(errorName);
        }
        if ((step == Step.ADD || step == Step.REMOVE) && ends) {
            return new Outcome.Failed(errorName + " in step " + step);
        }
        return Outcome.WAITING;
    }

    private Outcome again(String why) {
        return inARow >= MAX_IN_A_ROW ? new Outcome.Failed(writing.errors()) : new Outcome.Unread(why);
    }
}
