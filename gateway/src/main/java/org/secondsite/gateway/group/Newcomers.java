package org.secondsite.gateway.group;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.gateway.peer.PeerWatch;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;

/**
 * Groups that come while the gateway runs. Each begins as at a start, and nothing is announced before the witness has said whose it is; but
 * its VMs have passed until then, and join it as those do that are ticked later. What the others have been told of peer and witness it is
 * told as well, and its record is asked for until it is known.
 */
final class Newcomers {
    private static final long ASK_AGAIN_NANOS = 500_000_000L;
    /** No doubt has this number. */
    private static final Doubt NO_DOUBT = new Doubt(Doubt.Cause.HEARSAY, -1);

    private final PeerWatch peer;
    private final Orders orders;
    private Optional<Dialect> spoken = Optional.empty();
    private boolean connected;
    private String displaced = "";
    /** Whose record is not known yet, and when it was asked for last. */
    private final Map<GroupId, Long> asked = new HashMap<>();

    Newcomers(PeerWatch peer, Orders orders) {
        this.peer = peer;
        this.orders = orders;
    }

    void speaks(Dialect dialect) {
        spoken = Optional.of(dialect);
    }

    boolean peerKnowsOfMembers() {
        return spoken.filter(dialect -> dialect.has(Capability.MEMBERS)).isPresent();
    }

    void connected() {
        connected = true;
    }

    /** Why the witness takes another process for this site's gateway; empty: it does not. */
    void displaced(String reason) {
        displaced = reason;
    }

    /** A group begins. */
    ProtectionGroup begin(PairConfig config, GatewayConfig.Group settings, SiteFacts facts) {
        ProtectionGroup group = ProtectionGroup.withoutVms(config, settings, orders, facts);
        orders.note(settings.id().name(), "group", "added; the witness is asked whose it is");
        spoken.ifPresent(group::speaks);
        if (connected) {
            group.membership().connected();
        }
        if (!displaced.isEmpty()) {
            group.hearsay().displaced();
        }
        group.membership().alter(settings);
        if (peer.up()) {
            group.peerBack();
            group.tellPeer();
        }
        ask(settings.id());
        return group;
    }

    private void ask(GroupId group) {
        asked.put(group, orders.nowNanos());
        orders.give(new SiteOrder.Read(group, NO_DOUBT));
    }

    /** Time passes. */
    void tick(Collection<ProtectionGroup> groups) {
        if (asked.isEmpty()) {
            return;
        }
        for (ProtectionGroup group : groups) {
            Long since = asked.get(group.id());
            if (since != null && group.ownership().record().isPresent()) {
                asked.remove(group.id());
            } else if (since != null && orders.nowNanos() - since >= ASK_AGAIN_NANOS) {
                ask(group.id());
            }
        }
        asked.keySet()
                .removeIf(id -> groups.stream().noneMatch(group -> group.id().equals(id)));
    }
}
