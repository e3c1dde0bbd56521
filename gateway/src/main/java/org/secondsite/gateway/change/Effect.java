package org.secondsite.gateway.change;

import org.secondsite.config.change.ChangeKind;

/** What each kind of change does to a running gateway; {@code docs/configuration.md} shows it as a table. */
enum Effect {
    ROUTE_ROLES_ALTERED(
            ChangeKind.ROUTE_ROLES_ALTERED,
            When.WHILE_RUNNING,
            "the routes whose attributes differ are announced anew; no session is touched"),
    PREFIXES_ALTERED(
            ChangeKind.PREFIXES_ALTERED,
            When.WHILE_RUNNING,
            "prefixes that are new are announced by the group's role, then those that are gone are withdrawn; no other route is sent"),
    CHECKPOINTS_ALTERED(
            ChangeKind.CHECKPOINTS_ALTERED,
            When.WHILE_RUNNING,
            "counts from each VM's next checkpoint on; held output stays held; an agent of an older release is told of its window"
                    + " when it attaches the next time"),
    DETECTION_ALTERED(
            ChangeKind.DETECTION_ALTERED,
            When.WHILE_RUNNING,
            "heartbeats go out, and the peer is suspected, by the new times; no connection is touched; the other site suspects this"
                    + " one by its own"),
    TUNNEL_ALTERED(
            ChangeKind.TUNNEL_ALTERED,
            When.WHILE_RUNNING,
            "the tunnel connects anew with it, and goes on from the last committed epochs; what is protected stays so, and its output"
                    + " waits for that"),
    METRICS_ALTERED(
            ChangeKind.METRICS_ALTERED,
            When.WHILE_RUNNING,
            "the figures are shown at the new address, and then no longer at the old one"),
    LOG_ALTERED(ChangeKind.LOG_ALTERED, When.WHILE_RUNNING, "counts from the next line on"),
    NEIGHBOR_ADDED(
            ChangeKind.NEIGHBOR_ADDED,
            When.WHILE_RUNNING,
            "a session with this neighbour begins; no other one is touched"),
    NEIGHBOR_REMOVED(
            ChangeKind.NEIGHBOR_REMOVED,
            When.WHILE_RUNNING,
            "the session with this neighbour ends, and its routes with it; no other one is touched"),
    NEIGHBOR_ALTERED(
            ChangeKind.NEIGHBOR_ALTERED,
            When.WHILE_RUNNING,
            "as much as each setting needs, by the second table; no other session is touched"),
    INSTALLS_ALTERED(
            ChangeKind.INSTALLS_ALTERED,
            When.WHILE_RUNNING,
            "this machine's routes to destinations that are new follow what neighbours announce, and those to others that did are"
                    + " taken away; no session is touched"),
    SPEAKER_ALTERED(
            ChangeKind.SPEAKER_ALTERED,
            When.WHILE_RUNNING,
            "sessions begin anew that tell the other end of it; where connections are accepted changes without any"),
    SWITCH_ADDED(
            ChangeKind.SWITCH_ADDED,
            When.WHILE_RUNNING,
            "the switch may connect, and is looked at; no other one is touched"),
    SWITCH_REMOVED(
            ChangeKind.SWITCH_REMOVED,
            When.WHILE_RUNNING,
            "the session with the switch ends; it keeps its flows, and is not looked after any more"),
    SWITCH_ALTERED(
            ChangeKind.SWITCH_ALTERED,
            When.WHILE_RUNNING,
            "the session with the switch begins anew, and it is looked at and read again; it keeps its flows meanwhile, and no"
                    + " other one is touched"),
    PEER_ADDED(
            ChangeKind.PEER_ADDED,
            When.WHILE_RUNNING,
            "a tunnel to the gateway of this site is opened; no other tunnel, group or VM is touched"),
    PEER_REMOVED(
            ChangeKind.PEER_REMOVED,
            When.WHILE_RUNNING,
            "the groups of this site and that one have gone before; then the tunnel is closed, and no other one is touched"),
    STANDBY_ALTERED(
            ChangeKind.STANDBY_ALTERED,
            When.AT_RESTART,
            "another site is the group's other one, which the witness has to be told first; while it runs: take the group out, start the"
                    + " witness's nodes anew with its new sites, and put it in again; it is not protected meanwhile"),
    GROUP_ADDED(
            ChangeKind.GROUP_ADDED,
            When.WHILE_RUNNING,
            "the witness is asked whose the group is, and nothing is announced before that; its ticked VMs join it as those do that are"
                    + " ticked later; no other group is touched"),
    GROUP_REMOVED(
            ChangeKind.GROUP_REMOVED,
            When.WHILE_RUNNING,
            "its VMs leave as those do that are unticked; then the group is not protected, announced or programmed any more; no other"
                    + " group is touched"),
    VM_ADDED(
            ChangeKind.VM_ADDED,
            When.WHILE_RUNNING,
            "a VM that is ticked joins its group, as one does that is ticked later; no other VM is touched"),
    VM_REMOVED(
            ChangeKind.VM_REMOVED,
            When.WHILE_RUNNING,
            "a VM that was ticked leaves its group, as one does that is unticked; no other VM is touched"),
    VM_MOVED(
            ChangeKind.VM_MOVED,
            When.AT_RESTART,
            "the VM is in another group; one that is ticked is unticked first, and leaves, and is ticked again then"),
    VM_TICKED(
            ChangeKind.VM_TICKED,
            When.WHILE_RUNNING,
            "the VM's output passes until the standby holds its first image, and waits for commits from then on; no other VM is"
                    + " touched"),
    VM_UNTICKED(
            ChangeKind.VM_UNTICKED,
            When.WHILE_RUNNING,
            "the standby drops the VM's image, and then its output passes unheld; the VM is not protected any more, and no other one"
                    + " is touched; a group that is not protected yet is synced anew"),
    HOSTS_ALTERED(
            ChangeKind.HOSTS_ALTERED,
            When.WHILE_RUNNING,
            "agents may attach for the VMs that their host has now, and those that may not any more are detached"),
    VM_ALTERED(ChangeKind.VM_ALTERED, When.AT_RESTART, "the VM is held, steered and checked by its new addresses"),
    OTHER(ChangeKind.OTHER, When.AT_RESTART, "counts from the next start on");

    /** When a change can be carried out. */
    enum When {
        WHILE_RUNNING,
        AT_RESTART
    }

    private final ChangeKind kind;
    private final When when;
    private final String words;

    Effect(ChangeKind kind, When when, String words) {
        this.kind = kind;
        this.when = when;
        this.words = words;
    }

    static Effect of(ChangeKind kind) {
        for (Effect effect : values()) {
            if (effect.kind == kind) {
                return effect;
            }
        }
        throw new IllegalArgumentException("no effect of " + kind);
    }

    When when() {
        return when;
    }

    String words() {
        return words;
    }
}
