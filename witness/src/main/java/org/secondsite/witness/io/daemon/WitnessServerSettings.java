package org.secondsite.witness.io.daemon;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.secondsite.config.TlsFiles;
import org.secondsite.witness.AccessRule;
import org.secondsite.witness.GroupSettings;
import org.secondsite.witness.io.quorum.QuorumSettings;

/**
 * What a witness daemon needs to know.
 *
 * @param listen where to listen; port 0 lets the system choose
 * @param dataDirectory where it remembers; its own alone
 * @param tls its own certificate, whose common name is {@code witness}, its key, and the authority of both ends
 * @param groups the groups it decides about
 * @param ownerFreshMs how long after its last heartbeat a site counts as alive; below the silence at which a standby asks
 * @param maximumGrantDelayMs the longest time that a standby's request waits for a living owner to ask itself
 * @param quorum the nodes that keep the records together; empty: this node alone, in a file of its own
 */
public record WitnessServerSettings(
        InetSocketAddress listen,
        Path dataDirectory,
        TlsFiles tls,
        List<GroupSettings> groups,
        int ownerFreshMs,
        int maximumGrantDelayMs,
        Optional<QuorumSettings> quorum) {
    /**
     * Checks the ranges and the groups.
     *
     * @throws IllegalArgumentException if a time is negative, or {@link AccessRule} refuses the groups
     */
    public WitnessServerSettings {
        groups = List.copyOf(groups);
        if (ownerFreshMs < 0 || maximumGrantDelayMs < 0 || maximumGrantDelayMs > 60_000) {
            throw new IllegalArgumentException("ownerFreshMs " + ownerFreshMs + " and maximumGrantDelayMs "
                    + maximumGrantDelayMs + " must not be negative, and the latter at most 60000");
        }
        AccessRule checked = new AccessRule(groups);
        assert !checked.sites().contains(AccessRule.WITNESS);
    }

    /** The settings of a node alone. */
    public WitnessServerSettings(
            InetSocketAddress listen,
            Path dataDirectory,
            TlsFiles tls,
            List<GroupSettings> groups,
            int ownerFreshMs,
            int maximumGrantDelayMs) {
        this(listen, dataDirectory, tls, groups, ownerFreshMs, maximumGrantDelayMs, Optional.empty());
    }
}
