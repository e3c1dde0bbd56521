package org.secondsite.openflow.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.secondsite.openflow.Sharing;
import org.secondsite.openflow.pipeline.Comparison;
import org.secondsite.openflow.pipeline.FlowDifference;
import org.secondsite.openflow.pipeline.InstalledFlows;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;

/**
 * What a switch has, as far as is known.
 *
 * <p>Gates that are shut are reckoned with when it is asked for: what shuts them is to be on its way before.
 */
final class KnownFlows {
    private Optional<InstalledFlows> flows = Optional.empty();
    private Optional<Comparison> compared = Optional.empty();
    private final List<Gates.Shut> since = new ArrayList<>();

    /** Of these, what the answer to the question that is under way does not know of. */
    private final List<Gates.Shut> sinceAsked = new ArrayList<>();

    /** The switch is being asked. */
    void asked() {
        sinceAsked.clear();
    }

    /**
     * The switch has said so; whether nothing was shut since it was asked.
     *
     * @param with a comparison that was made on the way
     */
    boolean read(InstalledFlows all, Optional<Comparison> with) {
        since.clear();
        since.addAll(sinceAsked);
        flows = Optional.of(all);
        compared = with;
        return sinceAsked.isEmpty();
    }

    /** The switch has been given these, as a whole, and counts as many. */
    void given(Pipeline all) {
        since.clear();
        flows = Optional.of(new InstalledFlows(
                all.flows().stream()
                        .map(flow -> new InstalledFlows.Known(flow, 0, 0))
                        .toList(),
                List.of(),
                0));
        compared = Optional.empty();
    }

    /** What is to be done for what is wanted; empty: the switch has to be asked first. */
    Optional<FlowDifference> difference(Pipeline wanted, Sharing sharing) {
        if (flows.isPresent()
                && since.isEmpty()
                && compared.isPresent()
                && compared.get().isWith(wanted)) {
            return Optional.of(compared.get().difference());
        }
        return flows().map(known -> FlowDifference.between(wanted, known, sharing));
    }

    /** It has to be asked. */
    void forget() {
        since.clear();
        flows = Optional.empty();
        compared = Optional.empty();
    }

    /** These gates are being shut. */
    void shut(Gates.Shut gates, Layout layout) {
        if (gates.ports().isEmpty()) {
            return;
        }
        sinceAsked.add(gates);
        if (gates.remaining().isPresent() || layout == Layout.TABLES) {
            since.add(gates);
        } else {
            // In one table several flows of unknown number were shut.
            forget();
        }
    }

    boolean isKnown() {
        return flows.isPresent();
    }

    /** Empty: it has to be asked. */
    Optional<InstalledFlows> flows() {
        for (Gates.Shut gates : since) {
            compared = Optional.empty();
            flows = flows.map(
                    before -> gates.remaining().map(before::shutAllBut).orElseGet(() -> before.shut(gates.ports())));
        }
        since.clear();
        return flows;
    }
}
