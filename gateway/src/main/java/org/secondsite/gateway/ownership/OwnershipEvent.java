package org.secondsite.gateway.ownership;

import org.secondsite.config.OwnershipRecord;

/** What an ownership table is told. Each is a fact about this gateway's surroundings, at the time given beside it. */
public sealed interface OwnershipEvent {
    /** The witness told the record of this group. Old ones are harmless. */
    record RecordLearnt(OwnershipRecord record) implements OwnershipEvent {}

    /** The peer passed on a record of this group. It need not be in force any more, and the peer may lie. */
    record RecordPassedOn(OwnershipRecord record) implements OwnershipEvent {}

    /** The witness granted request {@code attempt}. */
    record Granted(long attempt, OwnershipRecord record) implements OwnershipEvent {}

    /** The witness refused request {@code attempt}; {@code current} is its record. */
    record Refused(long attempt, OwnershipRecord current, String reason) implements OwnershipEvent {}

    /** Nobody knows what became of request {@code attempt}: it may still be granted. */
    record Unanswered(long attempt, String reason) implements OwnershipEvent {}

    /** The other gateway was not heard for longer than the failure detector allows. */
    record PeerLost(String reason) implements OwnershipEvent {}

    /** The other gateway is heard, and the tunnel to it is up. */
    record PeerBack() implements OwnershipEvent {}

    /** The standby says that it can take a full image and what follows. */
    record StandbyReady() implements OwnershipEvent {}

    /** The standby says that it does not hold, or will no longer acknowledge, what it was sent. */
    record StandbyBroken(String reason) implements OwnershipEvent {}

    /** Every VM of the group runs at this site and can be checkpointed. */
    record SourceReady() implements OwnershipEvent {}

    /** A VM of the group died at this site, or cannot be checkpointed any more. */
    record SourceLost(String reason) implements OwnershipEvent {}

    /** As a standby: a complete image of every VM is held, with every epoch that was acknowledged since. */
    record ImageHeld() implements OwnershipEvent {}

    /** As a standby: that image is gone or has a gap. */
    record ImageLost(String reason) implements OwnershipEvent {}

    /** As an owner: the standby has acknowledged a full image of every VM. */
    record ImageAcknowledged() implements OwnershipEvent {}

    /** As an owner whose output is held: the standby has acknowledged everything that was ever released. */
    record CaughtUp() implements OwnershipEvent {}

    /** Every VM of the group was started here from its last complete epoch. */
    record Activated() implements OwnershipEvent {}

    /** A VM of the group could not be started here. */
    record ActivationFailed(String reason) implements OwnershipEvent {}

    /** No VM of the group runs at this site, by the word of the agents beside the hypervisors. */
    record VmsStopped() implements OwnershipEvent {}

    /** A VM of the group has disks that go with its epochs. */
    record DisksCarried() implements OwnershipEvent {}

    /** Every flush of every VM that was ever answered is on the disk, and so it will be with those to come. */
    record DisksSynced() implements OwnershipEvent {}

    /** An operator wants the standby to become the owner. */
    record SwitchoverOrdered(String reason) implements OwnershipEvent {}

    /** As an owner that hands over: every VM is paused, and the standby has acknowledged its last epoch. */
    record LastCommitted() implements OwnershipEvent {}

    /** The other site says that every VM of the group runs there, under this term of its own. */
    record PeerActive(long term) implements OwnershipEvent {}

    /** A switch, or the agent of a VM, has obeyed under this term or a later one, though the record names this site. */
    record TermContested(String reason) implements OwnershipEvent {}

    /** Time passes. */
    record Tick() implements OwnershipEvent {}
}
