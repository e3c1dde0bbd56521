package org.secondsite.bench;

import java.util.Optional;

/** What carries the traffic: one of the gateway's modes, or the kernel's own way that it is measured against. */
public enum Contender {
    /** The kernel's bridge between the VM's interface and the uplink. */
    BRIDGE,
    /** The gateway's transparent mode. */
    TRANSPARENT,
    /** The kernel's routing between the VM's interface and the uplink. */
    ROUTING,
    /** The gateway's routed mode. */
    ROUTED;

    /** Whether this is the gateway, which holds what it carries. */
    public boolean holds() {
        return this == TRANSPARENT || this == ROUTED;
    }

    /** Whether the VM's first hop is the machine in the middle. */
    public boolean routes() {
        return this == ROUTING || this == ROUTED;
    }

    /** The kernel's way that a mode is measured against; empty for the kernel itself. */
    public Optional<Contender> baseline() {
        return switch (this) {
            case TRANSPARENT -> Optional.of(BRIDGE);
            case ROUTED -> Optional.of(ROUTING);
            case BRIDGE, ROUTING -> Optional.empty();
        };
    }

    /** In lower case, for tables and files. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
