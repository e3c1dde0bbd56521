package org.secondsite.openflow.io;

import java.util.List;
import java.util.Set;
import org.secondsite.config.SwitchId;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.life.io.Life;
import org.secondsite.openflow.Standing;
import org.secondsite.openflow.SwitchListener;
import org.secondsite.openflow.VmTraffic;
import org.secondsite.openflow.session.Effect;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the listener what becomes of the switches, and the log. */
final class Reporter {
    private static final Logger LOG = LoggerFactory.getLogger(Reporter.class);

    private final StrangersLog lines = new StrangersLog(LOG);
    private final SwitchListener listener;
    private final Life life;

    Reporter(SwitchListener listener, Life life) {
        this.listener = listener;
        this.life = life;
    }

    void connected(SwitchId switchId, String version) {
        lines.tell("connected", "{}: connected, speaks {}", switchId, version);
        tell(() -> listener.connected(switchId));
    }

    void disconnected(SwitchId switchId, String reason) {
        tell(() -> listener.disconnected(switchId, reason));
    }

    void preflight(SwitchId switchId, Standing standing, String what) {
        LOG.info("{}: preflight: {} {}", switchId, standing, what);
        tell(() -> listener.preflight(switchId, standing, what));
    }

    /** Tells one thing. */
    void report(SwitchId switchId, Effect effect) {
        long now = System.nanoTime();
        switch (effect) {
            case Effect.Confirmed(long term, int flows) -> {
                LOG.info("{}: has the {} flows of term {}", switchId, flows, term);
                tell(() -> listener.confirmed(switchId, term, flows, now));
            }
            case Effect.Partial(long term, int flows, Set<String> without) -> {
                LOG.warn("{}: has {} flows of term {}, without {}", switchId, flows, term, without);
                tell(() -> listener.partial(switchId, term, flows, without, now));
            }
            case Effect.Fenced(long term, int vms) -> {
                LOG.info("{}: {} VMs are silent in term {}", switchId, vms, term);
                tell(() -> listener.fenced(switchId, term, vms, now));
            }
            case Effect.Failed(long term, String reason) -> {
                LOG.warn("{}: does not have the flows of term {}: {}", switchId, term, reason);
                tell(() -> listener.failed(switchId, term, reason));
            }
            case Effect.Drifted(long term, String what, long goodNanos, long byPassed) -> {
                LOG.warn("{}: was changed by others, {} frames past the gateway: {}", switchId, byPassed, what);
                tell(() -> listener.drifted(switchId, term, what, goodNanos, byPassed));
            }
            case Effect.Noticed(String what) -> {
                LOG.warn("{}: {}", switchId, what);
                tell(() -> listener.noticed(switchId, what));
            }
            case Effect.PortsMissing(Set<String> ports) -> {
                LOG.info("{}: ports that are wanted and missing: {}", switchId, ports);
                tell(() -> listener.portsMissing(switchId, ports));
            }
            case Effect.Counted(List<VmTraffic> traffic) -> tell(() -> listener.counted(switchId, traffic));
            case Effect.Outranked outranked -> {
                LOG.warn("{}: term {} is refused: {}", switchId, outranked.term(), outranked.reason());
                tell(() -> listener.refused(switchId, outranked.term(), outranked.reason()));
                if (outranked.obstacle().yieldsToNewerTerm()) {
                    tell(() -> listener.contested(switchId, outranked.term()));
                }
            }
            default -> throw new IllegalArgumentException("nothing to tell of " + effect);
        }
    }

    /** A listener that throws is a defect of this process, and no reason to leave a switch half done. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            life.failed(e);
        }
    }
}
