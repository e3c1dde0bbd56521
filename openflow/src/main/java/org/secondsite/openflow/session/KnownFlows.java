package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.openflow.pipeline.InstalledFlows;

/**
 * What a switch has, as far as is known.
 *
 * <p>Gates that are shut are reckoned with when it is asked for: what shuts them is to be on its way before.
 */
final class KnownFlows {
    private Optional<InstalledFlows> flows = Optional.empty();
    private final List<Gates.Shut> since = new ArrayList<>();

    /** The switch has said so. */
    void read(InstalledFlows all) {
        since.clear();
        flows = Optional.of(all);
    }

    /** It has to be asked. */
    void forget() {
        since.clear();
        flows = Optional.empty();
    }

    /** These gates are being shut. */
    void shut(Gates.Shut gates) {
        since.add(gates);
    }

    boolean isKnown() {
        return flows.isPresent();
    }

    /** Empty: it has to be asked. */
    Optional<InstalledFlows> flows() {
        for (Gates.Shut gates : since) {
            flows = flows.map(
                    before -> gates.remaining().map(before::shutAllBut).orElseGet(() -> before.shut(gates.ports())));
        }
        since.clear();
        return flows;
    }
}
