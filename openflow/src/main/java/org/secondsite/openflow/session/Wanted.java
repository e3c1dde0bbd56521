package org.secondsite.openflow.session;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.pipeline.Comparison;
import org.secondsite.openflow.pipeline.FlowIndex;
import org.secondsite.openflow.pipeline.Layout;
import org.secondsite.openflow.pipeline.Pipeline;
import org.secondsite.openflow.pipeline.PortTable;

/** What the switch shall have: the flows of the desire, worked out for the ports that there are when they are asked for. */
final class Wanted {
    /** What is worked out while the switch works. */
    enum Need {
        /** The flows. */
        FLOWS,

        /** The flows, and what a comparison with them needs. */
        COMPARISON
    }

    private final SwitchSettings settings;
    private final PortTable ports;
    private Layout layout;
    private Desired desired;
    private Pipeline pipeline;
    private Optional<FlowIndex> index = Optional.empty();

    /** Whether desire, ports or layout have changed since the flows were worked out. */
    private boolean isOld;

    Wanted(SwitchSettings settings, PortTable ports, Layout layout) {
        this.settings = settings;
        this.ports = ports;
        this.layout = layout;
    }

    void desire(Desired next) {
        desired = next;
        isOld = true;
    }

    boolean isDesired() {
        return desired != null;
    }

    boolean isDesired(Desired other) {
        return other.equals(desired);
    }

    /** The term under which it is desired; 0: nothing is. */
    long term() {
        return desired == null ? 0 : desired.term();
    }

    Layout layout() {
        return layout;
    }

    /** From now on all of it in one table; whether that is new. */
    boolean fitIntoOneTable() {
        if (layout == Layout.ONE_TABLE) {
            return false;
        }
        layout = Layout.ONE_TABLE;
        isOld = true;
        return true;
    }

    /** The ports have changed, and what follows from it is not wanted yet. */
    void portsChanged() {
        isOld = true;
    }

    /** The ports have changed; whether the flows have. */
    boolean followsPorts() {
        Pipeline next = Pipeline.of(layout, settings.gatewayPort(), desired.vms(), ports);
        isOld = false;
        if (next.equals(pipeline)) {
            return false;
        }
        become(next);
        return true;
    }

    /** The flows. Only when something is desired. */
    Pipeline pipeline() {
        if (isOld) {
            isOld = false;
            become(Pipeline.of(layout, settings.gatewayPort(), desired.vms(), ports));
        }
        return pipeline;
    }

    /** The VMs that have flows, worked out sooner than those. */
    List<Pipeline.Place> places() {
        return Pipeline.places(settings.gatewayPort(), desired.vms(), ports);
    }

    /** The number of the gateway's port, if there is one. */
    OptionalInt gateway() {
        return Pipeline.gateway(settings.gatewayPort(), ports);
    }

    /** A comparison with the flows as they are wanted now; empty: they are not worked out. */
    Optional<Comparison> comparison() {
        return pipeline == null || isOld
                ? Optional.empty()
                : Optional.of(new Comparison(pipeline, index(), settings.sharing()));
    }

    private FlowIndex index() {
        Pipeline of = pipeline();
        if (index.isEmpty()) {
            index = Optional.of(new FlowIndex(of.flows()));
        }
        return index.get();
    }

    /** Works out what will be needed. */
    void prepare(Need need) {
        if (isDesired()) {
            switch (need) {
                case FLOWS -> {
                    Pipeline _ = pipeline();
                }
                case COMPARISON -> {
                    FlowIndex _ = index();
                }
            }
        }
    }

    private void become(Pipeline next) {
        pipeline = next;
        index = Optional.empty();
    }
}
