package org.secondsite.replicator;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What both ends of a connection speak: a version of its protocol, and beyond that only what both can.
 *
 * @param version the version
 * @param capabilities what both ends can
 */
public record Dialect(int version, Set<Capability> capabilities) {
    /** Copies the set. */
    public Dialect {
        capabilities = Set.copyOf(capabilities);
    }

    /** What two ends speak that say so of themselves: the lower version, and what is in both sets. */
    public Dialect with(Dialect other) {
        Set<Capability> common = new HashSet<>(capabilities);
        common.retainAll(other.capabilities);
        return new Dialect(Math.min(version, other.version), common);
    }

    /** Whether both ends can do it. */
    public boolean has(Capability capability) {
        return capabilities.contains(capability);
    }

    /** For logs and for an operator. */
    @Override
    public String toString() {
        String list = capabilities.stream().map(Capability::name).sorted().collect(Collectors.joining(", "));
        return "protocol version " + version + (list.isEmpty() ? "" : " with " + list);
    }
}
