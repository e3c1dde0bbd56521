package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;

/**
 * What a gateway keeps on its disk of its groups' members, so that a restart lets no older copy of a VM pass, and waits for no VM that is no
 * member. The disk is slow and may be full, so it lags behind; these two orders make it enough:
 *
 * <ul>
 *   <li>A standby says that it has taken a set of members only when the disk has what it knows by then. It owns the group again only
 *       after that, so whatever runs here as an older copy is on the disk by then.
 *   <li>A VM that is on the disk as no member becomes one only when the disk says so no more. A restarted owner thus waits for each VM that a
 *       takeover would activate, and does not stand alone without it.
 * </ul>
 */
final class MemberMemory {
    private final Orders orders;
    private final Recollection found;
    private final Map<GroupId, Recollection.OfGroup> wanted = new TreeMap<>();
    /** By VM, the number of what was kept first without it. */
    private final Map<VmId, Long> unlisted = new HashMap<>();

    private long number;
    private long onDisk;
    private boolean changed;
    private String trouble = "";

    MemberMemory(Recollection found, Orders orders) {
        this.found = found;
        this.orders = orders;
        if (found instanceof Recollection.Known known) {
            wanted.putAll(known.groups());
        }
    }

    private boolean keepsAnything() {
        return !(found instanceof Recollection.None);
    }

    /** Why nothing is remembered that should be; empty if it is. */
    Optional<String> lost() {
        return found instanceof Recollection.Lost lost ? Optional.of(lost.reason()) : Optional.empty();
    }

    /** What was found of a group at the start. */
    Recollection.OfGroup found(GroupId group) {
        return found instanceof Recollection.Known known
                ? known.groups().getOrDefault(group, Recollection.OfGroup.NOTHING)
                : Recollection.OfGroup.NOTHING;
    }

    /** This is to be on the disk of a group. */
    void keep(GroupId group, Recollection.OfGroup now) {
        Recollection.OfGroup before = wanted.put(group, now);
        if (!keepsAnything() || now.equals(before)) {
            return;
        }
        changed = true;
        if (before != null) {
            Set<VmId> gone = new HashSet<>(before.outside().keySet());
            gone.removeAll(now.outside().keySet());
            gone.forEach(vm -> unlisted.put(vm, number + 1));
        }
    }

    /** Only these groups are left. */
    void keepOnly(Set<GroupId> groups) {
        changed |= wanted.keySet().retainAll(groups) && keepsAnything();
    }

    /** Whether the disk may have a VM as no member. */
    boolean lists(GroupId group, VmId vm) {
        Recollection.OfGroup now = wanted.get(group);
        boolean isWanted = now != null && now.outside().containsKey(vm);
        return keepsAnything() && (isWanted || unlisted.getOrDefault(vm, 0L) > onDisk);
    }

    /** Whether the disk has all that is known. */
    boolean isKept() {
        return !changed && onDisk == number;
    }

    /** The disk has what was given out under this number. */
    void written(long upTo) {
        onDisk = Math.max(onDisk, upTo);
        unlisted.values().removeIf(since -> since <= onDisk);
        if (!trouble.isEmpty()) {
            trouble = "";
            orders.note("members", "memory", "the disk has what is known of members");
        }
    }

    /** The disk does not take it. */
    void failed(String why) {
        trouble = "what is known of members cannot be kept on the disk: " + why;
        orders.note("members", "memory", trouble);
    }

    /** What the disk does not take; empty if nothing. */
    String trouble() {
        return trouble;
    }

    /** An event has been dealt with: what is new is given out. */
    void give() {
        if (changed) {
            changed = false;
            number++;
            orders.give(new SiteOrder.Remember(number, new Recollection.Known(wanted)));
        }
    }
}
