package org.secondsite.management.rest;

import java.util.List;
import java.util.Optional;
import org.secondsite.config.GroupId;
import org.secondsite.config.VmId;
import org.secondsite.config.yaml.VmTick;
import org.secondsite.management.ConfigPort;
import org.secondsite.management.RefusedChange;

/**
 * A VM's tick box, written into the file as it is.
 *
 * @param vm which
 * @param group where it has to be; empty: in whatever group it is
 * @param ticked what is wanted
 */
record Ticking(ConfigPort port, String vm, Optional<String> group, boolean ticked) {
    private static final int ATTEMPTS = 64;

    List<ConfigPort.Effect> effects() throws RefusedChange {
        return port.compare(written(port.running().text()));
    }

    void carryOut(String who, String reason) throws RefusedChange {
        for (int attempt = 1; ; attempt++) {
            ConfigPort.Running running = port.running();
            try {
                port.commit(new ConfigPort.Wanted(
                        written(running.text()),
                        who,
                        reason,
                        running.revision(),
                        Optional.empty(),
                        ConfigPort.When.NOW));
                return;
            } catch (RefusedChange e) {
                // Somebody else was quicker: the box is ticked upon what he made.
                if (e.kind() != RefusedChange.Kind.STALE || attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private String written(String file) throws RefusedChange {
        try {
            VmTick tick = new VmTick(file, group.map(GroupId::new), new VmId(vm));
            return ticked ? tick.ticked() : tick.unticked();
        } catch (IllegalArgumentException e) {
            throw new RefusedChange(RefusedChange.Kind.INVALID, List.of(String.valueOf(e.getMessage())));
        }
    }
}
