package org.secondsite.gateway.group;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.secondsite.config.PairConfig;
import org.secondsite.config.SiteId;
import org.secondsite.config.VmId;
import org.secondsite.gateway.view.SiteView;
import org.secondsite.gateway.view.ViewDifference;
import org.secondsite.replicator.Capability;
import org.secondsite.replicator.Dialect;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * What the file of the other site says, compared with the one here. Both gateways tell each other the digest of their {@link SiteView}
 * again and again; where it is another one, they ask for the view itself, and name what differs.
 */
public final class PeerViews {
    private static final long REPEAT_NANOS = 1_000_000_000L;
    /** The view itself is said no more often, whoever asks. */
    private static final long SAY_NANOS = 250_000_000L;
    /** A change that is made at both sites is none for a moment. */
    private static final long ALARM_NANOS = 5_000_000_000L;

    private static final int SHOWN = 3;

    /** How far the comparison is. */
    public enum Standing {
        /** The other gateway has not been heard, or is of a release that compares nothing. */
        UNTOLD,
        /** Its view is on the way. */
        AWAITED,
        /** Both files say the same. */
        EQUAL,
        /** They do not. */
        DIFFERENT
    }

    private final SiteId self;
    private final SiteId peer;
    private final Orders orders;
    private SiteView mine;
    private boolean spoken;
    private boolean told;
    private String digestThere = "";
    private Optional<SiteView> theirs = Optional.empty();
    private final Map<Integer, PeerMessage.ViewPart> parts = new HashMap<>();
    private List<ViewDifference> differences = List.of();
    private Map<VmId, String> identities = Map.of();
    private long repeatedNanos;
    private long saidNanos;
    private long differsSinceNanos;
    private List<ViewDifference> alarmed = List.of();

    PeerViews(PairConfig config, Orders orders) {
        self = config.site();
        peer = config.peerSite();
        this.orders = orders;
        mine = SiteView.of(config);
        saidNanos = orders.nowNanos() - SAY_NANOS;
    }

    // ---- what is said and heard ---------------------------------------------------------------------------------

    void speaks(Dialect dialect) {
        spoken = dialect.has(Capability.VIEWS);
    }

    /** The tunnel is up: the other gateway may be another process, with another file. */
    void connected() {
        told = true;
        digestThere = "";
        sayDigest();
    }

    /** This gateway's file says something else from now on. */
    void alter(PairConfig config) {
        SiteView now = SiteView.of(config);
        if (!now.equals(mine)) {
            mine = now;
            sayDigest();
            compare();
        }
    }

    private void sayDigest() {
        repeatedNanos = orders.nowNanos();
        if (spoken) {
            orders.give(new SiteOrder.Say(new PeerMessage.ViewDigest(mine.digest())));
        }
    }

    void heard(PeerMessage.OfViews message) {
        switch (message) {
            case PeerMessage.ViewDigest(String digest) -> {
                if (!digest.equals(digestThere)) {
                    digestThere = digest;
                    parts.clear();
                    if (digest.equals(mine.digest())) {
                        learnt(mine);
                    } else {
                        ask();
                    }
                }
            }
            case PeerMessage.ViewAsked(String digest) -> {
                if (digest.equals(mine.digest()) && orders.nowNanos() - saidNanos >= SAY_NANOS) {
                    saidNanos = orders.nowNanos();
                    mine.parts().forEach(part -> orders.give(new SiteOrder.Say(part)));
                }
            }
            case PeerMessage.ViewPart part -> take(part);
        }
    }

    private void ask() {
        if (!isCurrent() && !digestThere.isEmpty()) {
            orders.give(new SiteOrder.Say(new PeerMessage.ViewAsked(digestThere)));
        }
    }

    private void take(PeerMessage.ViewPart part) {
        if (isCurrent() || !part.digest().equals(digestThere)) {
            return;
        }
        if (parts.values().stream().anyMatch(known -> known.parts() != part.parts())) {
            parts.clear();
        }
        parts.put(part.part(), part);
        if (parts.size() == part.parts()) {
            SiteView.of(digestThere, parts.values()).ifPresent(this::learnt);
            parts.clear();
        }
    }

    private void learnt(SiteView view) {
        theirs = Optional.of(view);
        compare();
    }

    private void compare() {
        List<ViewDifference> before = differences;
        differences = theirs.map(mine::differences).orElse(List.of());
        identities = SiteView.ofIdentity(differences, self.name(), peer.name());
        if (before.isEmpty()) {
            differsSinceNanos = orders.nowNanos();
        }
        if (differences.isEmpty() && !alarmed.isEmpty()) {
            orders.note(peer.name(), "views", "the files of both sites say the same again");
            alarmed = List.of();
        }
    }

    /** Time passes. */
    void tick() {
        if (spoken && told && orders.nowNanos() - repeatedNanos >= REPEAT_NANOS) {
            sayDigest();
            ask();
        }
        if (!differences.equals(alarmed)
                && !differences.isEmpty()
                && orders.nowNanos() - differsSinceNanos >= ALARM_NANOS) {
            alarmed = differences;
            String named = differences.stream()
                    .limit(SHOWN)
                    .map(one -> one.words("site " + peer))
                    .collect(Collectors.joining("; "));
            int more = differences.size() - SHOWN;
            orders.note(
                    peer.name(),
                    "alarm",
                    "the files of the sites differ: " + named + (more > 0 ? "; and " + more + " more" : ""));
        }
    }

    // ---- what follows -------------------------------------------------------------------------------------------

    /** Whether what is known of the other site's file is what it says now, or will never be known. */
    boolean isCurrent() {
        return !spoken
                || theirs.filter(view -> view.digest().equals(digestThere)).isPresent();
    }

    /** What keeps the VM from going on at the other site as if nothing had happened, in words; empty if nothing is known to. */
    String identity(VmId vm) {
        if (spoken && theirs.isEmpty()) {
            return "what the file of site " + peer + " says of it is not known yet";
        }
        return spoken ? identities.getOrDefault(vm, "") : "";
    }

    /** What the other site's file says; empty: that is not known. */
    Optional<SiteView> theirs() {
        return spoken && isCurrent() ? theirs : Optional.empty();
    }

    // ---- what is shown ------------------------------------------------------------------------------------------

    /** How far the comparison is. */
    public Standing standing() {
        if (!spoken || !told) {
            return Standing.UNTOLD;
        } else if (!isCurrent()) {
            return Standing.AWAITED;
        }
        return differences.isEmpty() ? Standing.EQUAL : Standing.DIFFERENT;
    }

    /** What the two files say otherwise, by name, as far as the other one is known. */
    public List<ViewDifference> differences() {
        return spoken ? differences : List.of();
    }
}
