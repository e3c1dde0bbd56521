package org.secondsite.witness;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.secondsite.config.GroupId;
import org.secondsite.config.SiteId;

/**
 * What the holder of a certificate may see and ask: a site its own groups, the operator all of them, anybody else
 * nothing.
 *
 * <p>That a site asks only for itself, or hands over from itself, is in {@link ChangeRule}: there the asker is a column.
 */
public final class AccessRule {
    /** The common name of an operator's certificate; no site can have it. */
    public static final SiteId OPERATOR = new SiteId("operator");

    /** The common name of the witness's own certificate; no site can have it. */
    public static final SiteId WITNESS = new SiteId("witness");

    private final Map<GroupId, GroupSettings> groups = new TreeMap<>();
    private final Set<SiteId> sites = new HashSet<>();

    /**
     * The rule for the configured groups.
     *
     * @throws IllegalArgumentException if a group stands twice or a site has a reserved name
     */
    public AccessRule(List<GroupSettings> settings) {
        for (GroupSettings group : settings) {
            if (groups.put(group.group(), group) != null) {
                throw new IllegalArgumentException("group " + group.group() + " is configured twice");
            }
            sites.addAll(group.sites());
        }
        for (SiteId reserved : List.of(OPERATOR, WITNESS)) {
            if (sites.contains(reserved)) {
                throw new IllegalArgumentException("no site can be named '" + reserved + "'");
            }
        }
    }

    /** All sites of all groups. */
    public Set<SiteId> sites() {
        return Set.copyOf(sites);
    }

    /** How many groups are configured. */
    public int groups() {
        return groups.size();
    }

    /** Why the holder of a certificate with this name may not connect; empty if it may. */
    public Optional<String> objectionTo(SiteId name) {
        return name.equals(OPERATOR) || sites.contains(name)
                ? Optional.empty()
                : Optional.of("'" + name + "' is no site of any group of this witness");
    }

    /** Why {@code name} may not see the group; empty if it may. */
    public Optional<String> objectionTo(SiteId name, GroupId group) {
        GroupSettings settings = groups.get(group);
        if (settings == null) {
            return Optional.of("group '" + group + "' is not configured at this witness");
        }
        return name.equals(OPERATOR) || settings.sites().contains(name)
                ? Optional.empty()
                : Optional.of("group '" + group + "' is none of site '" + name + "'");
    }

    /** The settings of a configured group. */
    public Optional<GroupSettings> settings(GroupId group) {
        return Optional.ofNullable(groups.get(group));
    }

    /** Why {@code name} may not give the group its record anew; empty if it may. */
    public Optional<String> objectionToRecover(SiteId name, GroupId group) {
        return objectionTo(name, group)
                .or(() ->
                        name.equals(OPERATOR) ? Optional.empty() : Optional.of("only an operator can recover a group"));
    }

    /** Why {@code name} may not force the group to {@code owner}; empty if it may. */
    public Optional<String> objectionToForce(SiteId name, GroupId group, SiteId owner) {
        return objectionTo(name, group)
                .or(() -> name.equals(OPERATOR) || name.equals(owner)
                        ? Optional.empty()
                        : Optional.of("site '" + name + "' can force only itself to be owner"));
    }
}
