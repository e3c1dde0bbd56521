package org.secondsite.gateway.ownership;

import static org.secondsite.gateway.ownership.OwnershipState.FENCED;
import static org.secondsite.gateway.ownership.OwnershipState.HANDING_OVER;
import static org.secondsite.gateway.ownership.OwnershipState.PROMOTING;
import static org.secondsite.gateway.ownership.OwnershipState.PROTECTED;
import static org.secondsite.gateway.ownership.OwnershipState.SOLO;
import static org.secondsite.gateway.ownership.OwnershipState.STANDBY;
import static org.secondsite.gateway.ownership.OwnershipState.SYNCING;
import static org.secondsite.gateway.ownership.OwnershipState.UNKNOWN;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.secondsite.gateway.ownership.OwnershipAction.Activate;
import org.secondsite.gateway.ownership.OwnershipAction.Alarm;
import org.secondsite.gateway.ownership.OwnershipAction.StopVms;
import org.secondsite.gateway.ownership.OwnershipEvent.Activated;
import org.secondsite.gateway.ownership.OwnershipEvent.ActivationFailed;
import org.secondsite.gateway.ownership.OwnershipEvent.CaughtUp;
import org.secondsite.gateway.ownership.OwnershipEvent.Granted;
import org.secondsite.gateway.ownership.OwnershipEvent.ImageAcknowledged;
import org.secondsite.gateway.ownership.OwnershipEvent.ImageHeld;
import org.secondsite.gateway.ownership.OwnershipEvent.ImageLost;
import org.secondsite.gateway.ownership.OwnershipEvent.LastCommitted;
import org.secondsite.gateway.ownership.OwnershipEvent.PeerActive;
import org.secondsite.gateway.ownership.OwnershipEvent.PeerBack;
import org.secondsite.gateway.ownership.OwnershipEvent.PeerLost;
import org.secondsite.gateway.ownership.OwnershipEvent.RecordLearnt;
import org.secondsite.gateway.ownership.OwnershipEvent.RecordPassedOn;
import org.secondsite.gateway.ownership.OwnershipEvent.Refused;
import org.secondsite.gateway.ownership.OwnershipEvent.SourceLost;
import org.secondsite.gateway.ownership.OwnershipEvent.SourceReady;
import org.secondsite.gateway.ownership.OwnershipEvent.StandbyBroken;
import org.secondsite.gateway.ownership.OwnershipEvent.StandbyReady;
import org.secondsite.gateway.ownership.OwnershipEvent.SwitchoverOrdered;
import org.secondsite.gateway.ownership.OwnershipEvent.Tick;
import org.secondsite.gateway.ownership.OwnershipEvent.Unanswered;
import org.secondsite.gateway.ownership.OwnershipEvent.VmsStopped;

/**
 * The table of transitions: one row for every state and event. {@code docs/ownership.md} is rendered from it.
 *
 * <p>A row has a text for people and a step for {@link Ownership}. The class refuses to load while a pair is missing or is
 * given twice.
 */
final class OwnershipTable {
    /** What a row does. */
    @FunctionalInterface
    interface Step {
        void take(Ownership group, OwnershipEvent event);
    }

    /** A row: what it says and what it does. */
    record Row(String text, Step step) {}

    private static final Set<OwnershipState> ANY = EnumSet.allOf(OwnershipState.class);

    private static final List<Class<? extends OwnershipEvent>> EVENTS = events();
    private static final Map<OwnershipState, Map<Class<? extends OwnershipEvent>, Row>> ROWS =
            new EnumMap<>(OwnershipState.class);

    static {
        recordRows();
        passedOnRows();
        requestRows();
        peerRows();
        sourceRows();
        standbyRows();
        activationRows();
        switchoverRows();
        timeRows();
        requireComplete();
    }

    private OwnershipTable() {}

    static Row row(OwnershipState state, OwnershipEvent event) {
        return ROWS.get(state).get(event.getClass());
    }

    static Row row(OwnershipState state, Class<? extends OwnershipEvent> event) {
        return ROWS.get(state).get(event);
    }

    /** The event types in the order in which the rendered table shows them. */
    static List<Class<? extends OwnershipEvent>> eventTypes() {
        return EVENTS;
    }

    private static void recordRows() {
        on(
                ANY,
                RecordLearnt.class,
                "a newer record decides the role; others are ignored",
                (g, e) -> g.learn(e.record(), "record of term " + e.record().term()));
    }

    private static void passedOnRows() {
        on(UNKNOWN, RecordPassedOn.class, "nothing: only the witness can say what is in force", (g, e) -> {});
        on(
                except(UNKNOWN),
                RecordPassedOn.class,
                "a newer record decides the role; others are ignored",
                (g, e) -> g.learn(e.record(), "record of term " + e.record().term() + " by the peer"));
    }

    private static void requestRows() {
        on(ANY, Granted.class, "the granted record decides the role", (g, e) -> g.granted(e.attempt(), e.record()));
        on(
                ANY,
                Refused.class,
                "a newer record decides the role; without one: back to STANDBY or SOLO, alarm",
                (g, e) -> g.refused(e.attempt(), e.current(), e.reason()));
        on(
                ANY,
                Unanswered.class,
                "remember that the request may still be granted; alarm, once in a term",
                (g, e) -> g.lostSight(e));
    }

    private static void peerRows() {
        on(except(PROTECTED, HANDING_OVER, SYNCING, STANDBY), PeerLost.class, "note it", (g, e) -> g.notePeer(false));
        on(STANDBY, PeerLost.class, "stop acknowledging, ask for promotion; if not in sync, say why not", (g, e) -> {
            g.notePeer(false);
            g.askPromotion("owner lost: " + e.reason());
        });
        on(PROTECTED, PeerLost.class, "keep holding, ask to stand alone", (g, e) -> {
            g.notePeer(false);
            if (!g.asking()) {
                g.askSolo("standby lost: " + e.reason());
            }
        });
        on(HANDING_OVER, PeerLost.class, "let the VMs run on, PROTECTED; ask to stand alone", (g, e) -> {
            g.notePeer(false);
            g.abandonHandOver("standby lost: " + e.reason());
            g.pursueSolo();
        });
        on(SYNCING, PeerLost.class, "back to SOLO; through the witness if admission was asked for", (g, e) -> {
            g.notePeer(false);
            g.abandonSync("standby lost: " + e.reason());
        });
        on(except(SOLO), PeerBack.class, "note it", (g, e) -> g.notePeer(true));
        on(SOLO, PeerBack.class, "note it; begin to sync when standby and VM are ready", (g, e) -> {
            g.notePeer(true);
            g.syncWhenPossible();
        });
        on(except(SOLO), StandbyReady.class, "note it", (g, e) -> g.noteStandby(true));
        on(SOLO, StandbyReady.class, "note it; begin to sync when the VM is ready", (g, e) -> {
            g.noteStandby(true);
            g.syncWhenPossible();
        });
        on(except(PROTECTED, HANDING_OVER, SYNCING), StandbyBroken.class, "note it", (g, e) -> g.noteStandby(false));
        on(PROTECTED, StandbyBroken.class, "keep holding, ask to stand alone", (g, e) -> {
            g.noteStandby(false);
            if (!g.asking()) {
                g.askSolo("standby broken: " + e.reason());
            }
        });
        on(HANDING_OVER, StandbyBroken.class, "let the VMs run on, PROTECTED; ask to stand alone", (g, e) -> {
            g.noteStandby(false);
            g.abandonHandOver("standby broken: " + e.reason());
            g.pursueSolo();
        });
        on(SYNCING, StandbyBroken.class, "back to SOLO; through the witness if admission was asked for", (g, e) -> {
            g.noteStandby(false);
            g.abandonSync("standby broken: " + e.reason());
        });
    }

    private static void sourceRows() {
        on(STANDBY, SourceReady.class, "a VM runs at the wrong site: alarm, stop it", (g, e) -> {
            g.noteSource(true);
            g.add(new Alarm("a VM of the group runs here although the other site owns it"));
            g.add(new StopVms("this site is the standby of term " + g.term()));
        });
        on(except(UNKNOWN, SOLO, FENCED, STANDBY), SourceReady.class, "note it", (g, e) -> g.noteSource(true));
        on(UNKNOWN, SourceReady.class, "note it; a restarted owner asks to stand alone", (g, e) -> {
            g.noteSource(true);
            g.askSoloAfterRestart();
        });
        on(SOLO, SourceReady.class, "note it; begin to sync when the standby is ready", (g, e) -> {
            g.noteSource(true);
            g.syncWhenPossible();
        });
        on(FENCED, SourceReady.class, "a VM still runs here: stop it if the other site runs it", (g, e) -> {
            g.noteSource(true);
            if (!g.keepsVms()) {
                g.add(new StopVms("fenced in term " + g.term()));
            }
        });
        on(except(PROTECTED, HANDING_OVER, SYNCING, SOLO), SourceLost.class, "note it", (g, e) -> g.noteSource(false));
        on(SOLO, SourceLost.class, "note it, alarm: nobody can take over", (g, e) -> {
            g.noteSource(false);
            g.add(new Alarm("VM lost while standing alone: " + e.reason()));
        });
        on(
                EnumSet.of(PROTECTED, HANDING_OVER),
                SourceLost.class,
                "fence, hand over to the standby, which holds everything released",
                (g, e) -> {
                    g.noteSource(false);
                    g.handOver("VM lost: " + e.reason());
                });
        on(SYNCING, SourceLost.class, "back to SOLO; through the witness if admission was asked for", (g, e) -> {
            g.noteSource(false);
            g.abandonSync("VM lost: " + e.reason());
        });
        on(except(FENCED), VmsStopped.class, "note it", (g, e) -> g.noteVmsStopped());
        on(FENCED, VmsStopped.class, "STANDBY once the other site owns the group", (g, e) -> {
            g.noteVmsStopped();
            g.leaveFenceWhenStopped();
        });
    }

    private static void standbyRows() {
        on(ANY, ImageHeld.class, "note it", (g, e) -> g.noteImage(true));
        on(ANY, ImageLost.class, "note it: nothing to offer", (g, e) -> g.noteImage(false));
        on(except(SYNCING), ImageAcknowledged.class, "nothing: not syncing", (g, e) -> {});
        on(SYNCING, ImageAcknowledged.class, "hold output from now on", (g, e) -> g.gate());
        on(except(SYNCING), CaughtUp.class, "nothing: not syncing", (g, e) -> {});
        on(SYNCING, CaughtUp.class, "ask to have the standby recorded as in sync", (g, e) -> g.admitStandby());
    }

    private static void activationRows() {
        on(except(PROMOTING), Activated.class, "nothing: not promoting", (g, e) -> {});
        on(PROMOTING, Activated.class, "SOLO: the VMs run here", (g, e) -> {
            if (g.owns()) {
                g.noteSource(true);
                g.noteImage(false);
                g.enterSolo("VMs active from their last complete epoch");
            }
        });
        on(
                except(PROMOTING),
                ActivationFailed.class,
                "alarm",
                (g, e) -> g.add(new Alarm("activation failed: " + e.reason())));
        on(PROMOTING, ActivationFailed.class, "alarm, and try again: nobody else can", (g, e) -> {
            g.add(new Alarm("activation failed: " + e.reason()));
            g.add(new Activate(g.term()));
        });
    }

    private static void switchoverRows() {
        on(
                PROTECTED,
                SwitchoverOrdered.class,
                "HANDING_OVER: pause the VMs after a last checkpoint; if the standby is not ready, say so",
                (g, e) -> g.beginHandOver(e.reason()));
        on(
                except(PROTECTED),
                SwitchoverOrdered.class,
                "refuse: only a protected owner can hand over",
                (g, e) -> g.refuseSwitchover());
        on(except(HANDING_OVER), LastCommitted.class, "nothing: not handing over", (g, e) -> {});
        on(
                HANDING_OVER,
                LastCommitted.class,
                "ask to have the standby recorded as the owner",
                (g, e) -> g.askHandOver());
        on(except(FENCED), PeerActive.class, "nothing: no VM is kept here for that", (g, e) -> {});
        on(FENCED, PeerActive.class, "stop the VMs that were kept until then", (g, e) -> g.peerActive(e.term()));
    }

    private static void timeRows() {
        on(
                HANDING_OVER,
                Tick.class,
                "repeat an unanswered request; when it takes too long, let the VMs run on, PROTECTED",
                (g, e) -> {
                    g.repeatUnanswered();
                    g.abandonHandOverWhenLate();
                });
        on(
                except(UNKNOWN, STANDBY, PROTECTED, HANDING_OVER, SOLO),
                Tick.class,
                "repeat an unanswered request",
                (g, e) -> g.repeatUnanswered());
        on(STANDBY, Tick.class, "in sync and the owner still lost: ask for promotion", (g, e) -> g.pursuePromotion());
        on(SOLO, Tick.class, "repeat an unanswered request; begin to sync when standby and VM are ready", (g, e) -> {
            g.repeatUnanswered();
            g.syncWhenPossible();
        });
        on(
                PROTECTED,
                Tick.class,
                "repeat an unanswered request; ask to stand alone while the standby is missing",
                (g, e) -> {
                    g.repeatUnanswered();
                    g.pursueSolo();
                });
        on(UNKNOWN, Tick.class, "repeat a request; hand over when no VM appears and a standby is in sync", (g, e) -> {
            g.repeatUnanswered();
            g.askSoloAfterRestart();
            g.handOverWhenSourceStaysAway();
        });
    }

    /** A typed step, so that a row sees its own event. */
    @FunctionalInterface
    private interface TypedStep<E> {
        void take(Ownership group, E event);
    }

    private static <E extends OwnershipEvent> void on(
            OwnershipState state, Class<E> event, String text, TypedStep<E> step) {
        on(EnumSet.of(state), event, text, step);
    }

    private static <E extends OwnershipEvent> void on(
            Set<OwnershipState> states, Class<E> event, String text, TypedStep<E> step) {
        for (OwnershipState state : states) {
            Row row = new Row(text, (group, any) -> step.take(group, event.cast(any)));
            if (ROWS.computeIfAbsent(state, s -> new LinkedHashMap<>()).put(event, row) != null) {
                throw new IllegalStateException("two rows for " + state + " and " + event.getSimpleName());
            }
        }
    }

    private static Set<OwnershipState> except(OwnershipState first, OwnershipState... others) {
        return EnumSet.complementOf(EnumSet.of(first, others));
    }

    private static void requireComplete() {
        for (OwnershipState state : ANY) {
            for (Class<? extends OwnershipEvent> event : EVENTS) {
                if (!ROWS.get(state).containsKey(event)) {
                    throw new IllegalStateException("no row for " + state + " and " + event.getSimpleName());
                }
            }
        }
    }

    private static List<Class<? extends OwnershipEvent>> events() {
        List<Class<? extends OwnershipEvent>> types = new ArrayList<>();
        for (Class<?> type : OwnershipEvent.class.getPermittedSubclasses()) {
            types.add(type.asSubclass(OwnershipEvent.class));
        }
        return List.copyOf(types);
    }
}
