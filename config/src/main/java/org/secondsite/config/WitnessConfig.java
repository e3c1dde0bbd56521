package org.secondsite.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * The settings of one witness, frozen.
 *
 * @param listen where gateways connect to
 * @param dataDirectory where the records are kept
 * @param tls who this witness is, and whose word it takes
 * @param ownerFreshMs an owner heard within this time is preferred to a standby that asks for its group
 * @param maximumGrantDelayMs the bound on that preference, at least {@code ownerFreshMs}
 * @param groups the groups it keeps records of
 */
public record WitnessConfig(
        InetSocketAddress listen,
        Path dataDirectory,
        TlsFiles tls,
        int ownerFreshMs,
        int maximumGrantDelayMs,
        List<Group> groups) {

    /** Copies the list. */
    public WitnessConfig {
        groups = List.copyOf(groups);
    }

    /**
     * One protection group.
     *
     * @param id its name
     * @param sites its two sites
     * @param initialOwner the owner of its first record
     */
    public record Group(GroupId id, List<SiteId> sites, SiteId initialOwner) {
        /** Copies the list. */
        public Group {
            sites = List.copyOf(sites);
        }
    }
}
