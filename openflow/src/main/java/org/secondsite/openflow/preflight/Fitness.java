package org.secondsite.openflow.preflight;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.secondsite.openflow.Preflight;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.ovsdb.Bridge;
import org.secondsite.openflow.ovsdb.Remedy;

/**
 * How one switch stands.
 *
 * <pre>
 *            nothing unsafe                      something unsafe, not mended for a second
 *   FIT ◀─────────────────────── connected ─────────────────────────────────────────────▶ REFUSED
 *    │                               ▲                                                      │
 *    └─ something unsafe: told, mended, used until it connects again     nothing unsafe ────┘──▶ FIT
 * </pre>
 *
 * <p>A switch that was found fit, as far as it or its database could be asked, stays in use until it connects anew: that an
 * operator errs is no reason to cut VMs off. One that cannot be looked at is used.
 *
 * <p>Times are {@link System#nanoTime} values that the caller passes in. Not for use by several threads.
 */
public final class Fitness {
    private static final long MEND_EVERY_NANOS = 1_000_000_000L;

    /** What follows, in this order. */
    public sealed interface Effect {
        /** Change the database. */
        record Mend(List<Remedy> remedies) implements Effect {}

        /** The switch's VMs are to be silent. */
        record Refuse() implements Effect {}

        /** They need not be any more. */
        record Admit() implements Effect {}

        /** To be told, because it has changed. */
        record Told(Standing standing, String what) implements Effect {}
    }

    private final SwitchSettings settings;
    private List<VmAttachment> vms = List.of();
    private Optional<Bridge> bridge = Optional.empty();
    private String unchecked;
    private Optional<List<Finding>> probed = Optional.empty();
    private List<Finding> ofBridge = List.of();

    private boolean isAdmitted;
    private boolean isRefused;
    private long unsafeSinceNanos;
    private boolean wasUnsafe;
    private long mendedNanos;
    private boolean wasMended;
    private List<Effect> effects = new ArrayList<>();
    private Effect.Told told = new Effect.Told(Standing.UNCHECKED, "");

    /** A switch that nothing is known of. */
    public Fitness(SwitchSettings settings) {
        this.settings = settings;
        unchecked =
                settings.database().isEmpty() ? "it has no database that is known" : "its database is not reached yet";
    }

    /** Whether the switch's VMs are to be silent. */
    public boolean isRefused() {
        return isRefused;
    }

    /** The switch connects: its preflight begins anew. */
    public List<Effect> connected(long nowNanos) {
        probed = Optional.empty();
        isAdmitted = false;
        wasUnsafe = false;
        return judge(nowNanos);
    }

    /** These VMs are on it. */
    public List<Effect> holds(List<VmAttachment> present, long nowNanos) {
        vms = List.copyOf(present);
        look();
        return judge(nowNanos);
    }

    /** The database says this of it; empty: there is no such bridge. */
    public List<Effect> databaseTold(Optional<Bridge> found, long nowNanos) {
        bridge = found;
        unchecked = found.isPresent() ? "" : "its database has no bridge of this datapath id";
        look();
        return judge(nowNanos);
    }

    /** The database cannot be asked. */
    public List<Effect> databaseLost(String reason, long nowNanos) {
        bridge = Optional.empty();
        unchecked = "its database is not reached: " + reason;
        look();
        return judge(nowNanos);
    }

    /** The switch itself has told this. */
    public List<Effect> probed(List<Finding> findings, long nowNanos) {
        probed = Optional.of(List.copyOf(findings));
        return judge(nowNanos);
    }

    /** Time has passed. */
    public List<Effect> tick(long nowNanos) {
        return ofBridge.isEmpty() && probed.orElse(List.of()).isEmpty() ? List.of() : judge(nowNanos);
    }

    private void look() {
        ofBridge = bridge.map(known -> BridgeCheck.of(known, settings.gatewayPort(), vms))
                .orElse(List.of());
    }

    private List<Effect> judge(long nowNanos) {
        List<Finding> findings = new ArrayList<>(probed.orElse(List.of()));
        findings.addAll(ofBridge);
        boolean isUnsafe = findings.stream().anyMatch(finding -> finding.weight() == Finding.Weight.UNSAFE);
        if (isUnsafe && !wasUnsafe) {
            unsafeSinceNanos = nowNanos;
        }
        wasUnsafe = isUnsafe;
        mend(findings, nowNanos);
        boolean mayBeMended = settings.preflight() == Preflight.MEND
                && bridge.isPresent()
                && nowNanos - unsafeSinceNanos < MEND_EVERY_NANOS;
        if (!isUnsafe) {
            isAdmitted |= bridge.isPresent() || probed.isPresent();
            admit();
        } else if (!isRefused && !isAdmitted && !mayBeMended && settings.preflight() != Preflight.REPORT) {
            isRefused = true;
            effects.add(new Effect.Refuse());
        }
        tell(findings);
        List<Effect> drained = effects;
        effects = new ArrayList<>();
        return drained;
    }

    private void admit() {
        if (isRefused) {
            isRefused = false;
            effects.add(new Effect.Admit());
        }
    }

    private void mend(List<Finding> findings, long nowNanos) {
        List<Remedy> remedies =
                findings.stream().flatMap(finding -> finding.remedy().stream()).toList();
        boolean isTooSoon = wasMended && nowNanos - mendedNanos < MEND_EVERY_NANOS;
        if (settings.preflight() == Preflight.MEND && !remedies.isEmpty() && !isTooSoon) {
            wasMended = true;
            mendedNanos = nowNanos;
            effects.add(new Effect.Mend(remedies));
        }
    }

    private void tell(List<Finding> findings) {
        String what = findings.stream().map(Finding::what).collect(Collectors.joining(", "));
        Standing standing = isRefused
                ? Standing.REFUSED
                : !findings.isEmpty() ? Standing.UNFIT : unchecked.isEmpty() ? Standing.FIT : Standing.UNCHECKED;
        Effect.Told next = new Effect.Told(standing, what.isEmpty() ? unchecked : what);
        if (!next.equals(told)) {
            told = next;
            effects.add(next);
        }
    }
}
