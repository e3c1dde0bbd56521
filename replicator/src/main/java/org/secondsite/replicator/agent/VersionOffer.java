package org.secondsite.replicator.agent;

import java.util.Optional;
import java.util.Set;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.checkpoint.Limits;

/**
 * Which version of the protocol the agent offers to the gateway: the highest, and the one before to a gateway that has said that it
 * does not speak the highest. After each connection that came about the highest is offered again: the gateway may be another program
 * by then. Nothing but the gateway's word lowers the offer; a connection that broke says nothing about versions.
 */
final class VersionOffer {
    private final Set<Capability> capabilities;
    private int version = Limits.VERSION;

    VersionOffer(Set<Capability> capabilities) {
        this.capabilities = capabilities;
    }

    /** What HELLO says. */
    Dialect dialect() {
        return new Dialect(version, version == Limits.LOWEST_VERSION ? Set.of() : capabilities);
    }

    /** The gateway has refused. */
    void refused(String reason) {
        if (reason.startsWith(Limits.OTHER_VERSION)) {
            version = version == Limits.LOWEST_VERSION ? Limits.VERSION : Limits.LOWEST_VERSION;
        }
    }

    /** The gateway has welcomed the agent: what is wrong with what it wants to speak, or empty. */
    Optional<String> welcomed(Dialect dialect) {
        Dialect offered = dialect();
        version = Limits.VERSION;
        return dialect.equals(dialect.with(offered))
                ? Optional.empty()
                : Optional.of("the gateway wants to speak " + dialect + ", offered was " + offered);
    }
}
