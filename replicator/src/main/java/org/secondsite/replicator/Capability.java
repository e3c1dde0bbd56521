package org.secondsite.replicator;

import java.util.EnumSet;
import java.util.Set;

/**
 * What an end of a connection, of the agents' protocol or of the tunnel, can do beyond what its version asks of everybody. Each end
 * says what it can, and only what both can is used: that is how something new is put into a version that is spoken already.
 *
 * <p>On the wire a capability is the bit of its code. A bit that nobody knows here is passed over.
 */
public enum Capability {
    /** Epochs carry what was written to disks, and the messages about disks are understood. */
    DISKS(1),

    /** Agents tell each other what their disks are, so that a copy brings only what differs. */
    RESYNC(2),

    /** An agent tells its gateway how far the copy of each disk is. */
    COPY_PROGRESS(3),

    /** Gateways tell each other which VMs a takeover would activate, and answer that. */
    MEMBERS(4),

    /** Gateways compare what their files say of groups and VMs. */
    VIEWS(5),

    /** A gateway tells an attached agent of another window than that of WELCOME. */
    WINDOW(6),

    /** A gateway tells the other one what was ticked and unticked at the owner's site while that one was away. */
    TICKS(7),

    /** An agent and its gateway tell each other under which terms they have acted. */
    TERMS(8),

    /** Agents tell each other what their VMs are made of, before the first checkpoint of a chain. */
    MACHINES(9),

    /** Of a device state only that is sent which does not stand in the one before. */
    DEVICE_SAME(10);

    /** The agents' protocol has 15 bits for them. */
    private static final int MAX_CODE = 15;

    private final int code;

    Capability(int code) {
        if (code < 1 || code > MAX_CODE) {
            throw new IllegalArgumentException("a capability with the code " + code);
        }
        this.code = code;
    }

    /** The bits of some. */
    public static int bits(Set<Capability> some) {
        int bits = 0;
        for (Capability each : some) {
            bits |= 1 << each.code;
        }
        return bits;
    }

    /** Those of the bits that are known here. */
    public static Set<Capability> of(long bits) {
        Set<Capability> known = EnumSet.noneOf(Capability.class);
        for (Capability each : values()) {
            if ((bits & 1L << each.code) != 0) {
                known.add(each);
            }
        }
        return Set.copyOf(known);
    }
}
