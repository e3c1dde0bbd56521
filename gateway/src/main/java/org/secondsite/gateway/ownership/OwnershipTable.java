package org.secondsite.gateway.ownership;

import static org.secondsite.gateway.ownership.Guard.*;
import static org.secondsite.gateway.ownership.Occurrence.*;
import static org.secondsite.gateway.ownership.OwnershipState.*;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The table of transitions: for every state and occurrence one row or several, of which the first is taken whose guard holds.
 * {@code docs/ownership.md} is rendered from it, and {@code spec/ownership.pml} names the step of the model for each pair of
 * states.
 *
 * <p>A row has a text for people, a step, and the state that it leads to. The class refuses to load while a pair has no last row.
 */
final class OwnershipTable {
    /** What a row does. */
    @FunctionalInterface
    interface Step {
        void take(OwnershipSteps group, OwnershipEvent event);
    }

    /** A row: when it is taken, what it says, what it does, and where it leads. */
    record Row(Guard guard, String text, Step step, OwnershipState next) {}

    static final Set<OwnershipState> ANY = EnumSet.allOf(OwnershipState.class);
    static final Set<OwnershipState> OWNERS = EnumSet.of(PROTECTED, HANDING_OVER, SOLO, SYNCING);
    private static final Step NOTHING = (group, event) -> {};

    private static final Map<OwnershipState, Map<Occurrence, List<Row>>> ROWS = new EnumMap<>(OwnershipState.class);

    static {
        RecordRows.all();
        requestRows();
        peerRows();
        sourceRows();
        standbyRows();
        activationRows();
        switchoverRows();
        diskRows();
        switchRows();
        timeRows();
        requireComplete();
    }

    private OwnershipTable() {}

    /** The row that is taken. */
    static Row row(Occurrence what, OwnershipSteps group) {
        for (Row row : rows(group.state(), what)) {
            if (row.guard().holds(group)) {
                return row;
            }
        }
        throw new IllegalStateException("no row for " + group.state() + " and " + what);
    }

    /** All rows of a pair, in their order. */
    static List<Row> rows(OwnershipState state, Occurrence what) {
        return ROWS.get(state).getOrDefault(what, List.of());
    }

    // ---- requests -----------------------------------------------------------------------------------------------

    private static void requestRows() {
        for (OwnershipState state : EnumSet.of(UNKNOWN, STANDBY, PROTECTED, SOLO, FENCED)) {
            on(state, REFUSED, ELSE, "alarm", state, (g, e) -> g.noteRefusal(reason(e)));
        }
        on(PROMOTING, REFUSED, ELSE, "alarm; stand by", STANDBY, (g, e) -> g.enterStandby(g.noteRefusal(reason(e))));
        on(
                SYNCING,
                REFUSED,
                ELSE,
                "alarm; end the checkpoints, let output pass",
                SOLO,
                (g, e) -> g.enterSolo(g.noteRefusal(reason(e))));
        on(
                HANDING_OVER,
                REFUSED,
                ELSE,
                "alarm; let the VMs run on, announce them as before",
                PROTECTED,
                (g, e) -> g.abandonHandOver(g.noteRefusal(reason(e))));
        each(
                ANY,
                UNANSWERED,
                "remember that the request may still be granted; alarm, once in a term",
                (g, e) -> g.lostSight((OwnershipEvent.Unanswered) e));
    }

    // ---- the peer -----------------------------------------------------------------------------------------------

    private static void peerRows() {
        stay(except(PROTECTED, HANDING_OVER, SYNCING, STANDBY), PEER_LOST, "nothing");
        on(
                STANDBY,
                PEER_LOST,
                NOT_IN_SYNC,
                "alarm: it cannot take over",
                STANDBY,
                (g, e) -> g.declineNotInSync("owner lost: " + reason(e)));
        on(
                STANDBY,
                PEER_LOST,
                IMAGE_HELD,
                "acknowledge nothing more, ask for promotion",
                PROMOTING,
                (g, e) -> g.askPromotion("owner lost: " + reason(e)));
        on(
                STANDBY,
                PEER_LOST,
                ELSE,
                "alarm: it has nothing to take over with",
                STANDBY,
                (g, e) -> g.decline("owner lost: " + reason(e) + "; cannot take over: no unbroken image is held"));
        withoutStandby(PEER_LOST, "standby lost: ");
        stay(except(SOLO), PEER_BACK, "nothing");
        syncWhenPossible(PEER_BACK);
        stay(except(SOLO), STANDBY_READY, "nothing");
        syncWhenPossible(STANDBY_READY);
        stay(except(PROTECTED, HANDING_OVER, SYNCING), STANDBY_BROKEN, "nothing");
        withoutStandby(STANDBY_BROKEN, "standby broken: ");
    }

    private static void withoutStandby(Occurrence what, String why) {
        on(
                PROTECTED,
                what,
                ELSE,
                "keep holding, ask to stand alone",
                PROTECTED,
                (g, e) -> g.askSoloUnlessAsking(why + reason(e)));
        on(
                HANDING_OVER,
                what,
                ELSE,
                "let the VMs run on, announce them as before; ask to stand alone",
                PROTECTED,
                (g, e) -> {
                    g.abandonHandOver(why + reason(e));
                    g.pursueSolo();
                });
        abandonSync(what, why);
    }

    private static void abandonSync(Occurrence what, String why) {
        on(
                SYNCING,
                what,
                NOTHING_ASKED,
                "end the checkpoints, let output pass",
                SOLO,
                (g, e) -> g.enterSolo(why + reason(e)));
        on(
                SYNCING,
                what,
                ELSE,
                "keep holding, settle the admission by asking to stand alone",
                SYNCING,
                (g, e) -> g.askSolo(why + reason(e)));
    }

    private static void syncWhenPossible(Occurrence what) {
        on(SOLO, what, CHAIN_MAY_BEGIN, "begin checkpoints with a full image", SYNCING, (g, e) -> g.beginSync());
        on(SOLO, what, ELSE, "when only a fresh term is missing, ask for one", SOLO, (g, e) -> g.renewForSync());
    }

    // ---- the VMs ------------------------------------------------------------------------------------------------

    private static void sourceRows() {
        on(STANDBY, SOURCE_READY, ELSE, "alarm: a VM runs at the wrong site; stop it", STANDBY, (g, e) -> {
            g.add(new OwnershipAction.Alarm("a VM of the group runs here although the other site owns it"));
            g.add(new OwnershipAction.StopVms("this site is the standby of term " + g.term()));
        });
        stay(except(UNKNOWN, SOLO, FENCED, STANDBY), SOURCE_READY, "nothing");
        on(
                UNKNOWN,
                SOURCE_READY,
                ELSE,
                "a restarted owner asks to stand alone",
                UNKNOWN,
                (g, e) -> g.askSoloAfterRestart());
        syncWhenPossible(SOURCE_READY);
        on(FENCED, SOURCE_READY, VMS_KEPT, "nothing", FENCED, NOTHING);
        on(
                FENCED,
                SOURCE_READY,
                ELSE,
                "a VM still runs here: stop it",
                FENCED,
                (g, e) -> g.add(new OwnershipAction.StopVms("fenced in term " + g.term())));
        stay(except(PROTECTED, HANDING_OVER, SYNCING, SOLO), SOURCE_LOST, "nothing");
        on(
                SOLO,
                SOURCE_LOST,
                ELSE,
                "alarm: nobody can take over",
                SOLO,
                (g, e) -> g.add(new OwnershipAction.Alarm("VM lost while standing alone: " + reason(e))));
        for (OwnershipState owner : EnumSet.of(PROTECTED, HANDING_OVER)) {
            on(
                    owner,
                    SOURCE_LOST,
                    ELSE,
                    "fence, end the checkpoints; hand over to the standby, which holds everything released, once it knows the"
                            + " record",
                    FENCED,
                    (g, e) -> g.handOver("VM lost: " + reason(e)));
        }
        abandonSync(SOURCE_LOST, "VM lost: ");
        stay(except(FENCED), VMS_STOPPED, "nothing");
        on(FENCED, VMS_STOPPED, OWNED_THERE, "stand by", STANDBY, (g, e) -> g.enterStandby("fenced: no VM runs here"));
        on(FENCED, VMS_STOPPED, ELSE, "nothing: the other site does not own the group yet", FENCED, NOTHING);
    }

    private static void standbyRows() {
        stay(ANY, IMAGE_COMPLETE, "nothing");
        stay(ANY, IMAGE_LOST, "nothing");
        stay(except(SYNCING), IMAGE_ACKNOWLEDGED, "nothing");
        on(SYNCING, IMAGE_ACKNOWLEDGED, ELSE, "hold output from now on", SYNCING, (g, e) -> g.gate());
        stay(except(SYNCING), CAUGHT_UP, "nothing");
        on(
                SYNCING,
                CAUGHT_UP,
                ELSE,
                "ask to have the standby recorded as in sync",
                SYNCING,
                (g, e) -> g.admitStandby());
    }

    private static void activationRows() {
        stay(except(PROMOTING), ACTIVATED, "nothing");
        on(PROMOTING, ACTIVATED, OWNED_HERE, "the VMs run here", SOLO, (g, e) -> {
            g.facts().activated();
            g.enterSolo("VMs active from their last complete epoch");
        });
        on(PROMOTING, ACTIVATED, ELSE, "nothing", PROMOTING, NOTHING);
        each(except(PROMOTING), ACTIVATION_FAILED, "alarm", OwnershipTable::activationFailed);
        on(PROMOTING, ACTIVATION_FAILED, ELSE, "alarm, and try again: nobody else can", PROMOTING, (g, e) -> {
            activationFailed(g, e);
            g.add(new OwnershipAction.Activate(g.term()));
        });
    }

    private static void activationFailed(OwnershipSteps group, OwnershipEvent event) {
        group.add(new OwnershipAction.Alarm("activation failed: " + reason(event)));
    }

    // ---- a planned switchover -----------------------------------------------------------------------------------

    private static void switchoverRows() {
        on(
                PROTECTED,
                SWITCHOVER_ORDERED,
                SWITCHOVER_POSSIBLE,
                "pause the VMs after a last checkpoint; ask routers to avoid this site",
                HANDING_OVER,
                (g, e) -> g.beginHandOver(reason(e)));
        on(PROTECTED, SWITCHOVER_ORDERED, ELSE, "refuse, and say why", PROTECTED, (g, e) -> g.refuseSwitchover());
        each(
                except(PROTECTED),
                SWITCHOVER_ORDERED,
                "refuse: only a protected owner can hand over",
                (g, e) -> g.refuseSwitchover());
        stay(except(HANDING_OVER), LAST_COMMITTED, "nothing");
        on(
                HANDING_OVER,
                LAST_COMMITTED,
                ELSE,
                "ask to have the standby recorded as the owner",
                HANDING_OVER,
                (g, e) -> g.askHandOver());
        stay(except(FENCED), PEER_ACTIVE, "nothing");
        on(
                FENCED,
                PEER_ACTIVE,
                ELSE,
                "stop the VMs that were kept until then",
                FENCED,
                (g, e) -> g.peerActive(((OwnershipEvent.PeerActive) e).term()));
    }

    // ---- disks --------------------------------------------------------------------------------------------------

    private static void diskRows() {
        stay(ANY, DISKS_CARRIED, "nothing");
        EnumSet<OwnershipState> asking = EnumSet.of(PROTECTED, UNKNOWN, FENCED);
        stay(except(SOLO, PROTECTED, UNKNOWN, FENCED), DISKS_SYNCED, "nothing");
        each(asking, DISKS_SYNCED, "ask to stand alone, if that waited for it", (g, e) -> g.disks()
                .takeRequest()
                .ifPresent(g::askSolo));
        on(SOLO, DISKS_SYNCED, ELSE, "let output pass, if that waited for it", SOLO, (g, e) -> g.passIfSynced());
    }

    // ---- switches -----------------------------------------------------------------------------------------------

    private static void switchRows() {
        stay(except(PROTECTED, SOLO, SYNCING), TERM_CONTESTED, "nothing");
        on(
                PROTECTED,
                TERM_CONTESTED,
                ELSE,
                "ask for a newer term with the standby in sync as before, unless a request is open",
                PROTECTED,
                (g, e) -> g.renewProtected(reason(e)));
        on(
                SOLO,
                TERM_CONTESTED,
                ELSE,
                "ask to stand alone under a newer term, unless a request is open",
                SOLO,
                (g, e) -> g.renewAlone(reason(e)));
        on(
                SYNCING,
                TERM_CONTESTED,
                ELSE,
                "ask to stand alone under a newer term, in which checkpoints begin anew, unless output is held or a request is"
                        + " open: an admission brings one, too",
                SYNCING,
                (g, e) -> g.renewAlone(reason(e)));
    }

    // ---- time ---------------------------------------------------------------------------------------------------

    private static void timeRows() {
        on(
                HANDING_OVER,
                TICK,
                TOO_LATE,
                "let the VMs run on, announce them as before; settle an open request",
                PROTECTED,
                (g, e) -> g.abandonLateHandOver());
        for (OwnershipState state : EnumSet.of(HANDING_OVER, SYNCING, PROMOTING)) {
            on(state, TICK, ELSE, "repeat an unanswered request", state, (g, e) -> g.repeatUnanswered());
        }
        on(
                STANDBY,
                TICK,
                IN_SYNC_AND_OWNER_LOST,
                "acknowledge nothing more, ask for promotion",
                PROMOTING,
                (g, e) -> g.askPromotion("owner still lost"));
        on(STANDBY, TICK, ELSE, "nothing", STANDBY, NOTHING);
        on(SOLO, TICK, CHAIN_MAY_BEGIN, "begin checkpoints with a full image", SYNCING, (g, e) -> g.beginSync());
        on(
                SOLO,
                TICK,
                ELSE,
                "repeat an unanswered request; when only a fresh term is missing, ask for one",
                SOLO,
                (g, e) -> {
                    g.repeatUnanswered();
                    g.renewForSync();
                });
        on(
                PROTECTED,
                TICK,
                ELSE,
                "repeat an unanswered request; ask to stand alone while the standby is missing",
                PROTECTED,
                (g, e) -> {
                    g.repeatUnanswered();
                    g.pursueSolo();
                });
        timeRowsOfWhoIsShutOff();
    }

    private static void timeRowsOfWhoIsShutOff() {
        on(
                FENCED,
                TICK,
                ELSE,
                "repeat an unanswered request; hand over if that waited for the standby to know the record",
                FENCED,
                (g, e) -> {
                    g.repeatUnanswered();
                    g.askWaitingHandOver();
                });
        on(
                UNKNOWN,
                TICK,
                NO_VM_APPEARED,
                "fence; hand over to the standby once it knows the record",
                FENCED,
                (g, e) -> g.handOver("no running VM at the restarted owner"));
        on(UNKNOWN, TICK, ELSE, "repeat a request; a restarted owner asks to stand alone", UNKNOWN, (g, e) -> {
            g.repeatUnanswered();
            g.askSoloAfterRestart();
        });
    }

    // ---- how rows are made --------------------------------------------------------------------------------------

    private static String reason(OwnershipEvent event) {
        return switch (event) {
            case OwnershipEvent.PeerLost lost -> lost.reason();
            case OwnershipEvent.StandbyBroken broken -> broken.reason();
            case OwnershipEvent.SourceLost lost -> lost.reason();
            case OwnershipEvent.ActivationFailed failed -> failed.reason();
            case OwnershipEvent.SwitchoverOrdered ordered -> ordered.reason();
            case OwnershipEvent.Refused refused -> refused.reason();
            case OwnershipEvent.TermContested contested -> contested.reason();
            default -> throw new IllegalArgumentException(event + " bears no reason");
        };
    }

    static void stay(Set<OwnershipState> states, Occurrence what, String text) {
        each(states, what, text, NOTHING);
    }

    /** Rows that lead back to the state that they start from. */
    static void each(Set<OwnershipState> states, Occurrence what, String text, Step step) {
        states.forEach(state -> on(state, what, ELSE, text, state, step));
    }

    static void on(OwnershipState state, Occurrence what, Guard guard, String text, OwnershipState next, Step step) {
        List<Row> rows = ROWS.computeIfAbsent(state, s -> new EnumMap<>(Occurrence.class))
                .computeIfAbsent(what, w -> new ArrayList<>());
        if (!rows.isEmpty() && rows.getLast().guard() == ELSE) {
            throw new IllegalStateException("a row after the last one for " + state + " and " + what);
        }
        rows.add(new Row(guard, text, step, next));
    }

    private static Set<OwnershipState> except(OwnershipState first, OwnershipState... others) {
        return EnumSet.complementOf(EnumSet.of(first, others));
    }

    private static void requireComplete() {
        for (OwnershipState state : ANY) {
            for (Occurrence what : Occurrence.values()) {
                List<Row> rows = rows(state, what);
                if (rows.isEmpty() || rows.getLast().guard() != ELSE) {
                    throw new IllegalStateException("no last row for " + state + " and " + what);
                }
            }
        }
    }
}
