package org.secondsite.lab.io;

import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;

/** Watches, from its own thread, for the moment at which the core router's kernel routes the guest's address to a site. */
final class CoreRoute {
    private static final int PAUSE_MILLIS = 5;

    private final String namespace;
    private final List<String> wanted;
    private volatile long seenNanos;
    private volatile boolean ended;

    /** Begins to watch. */
    CoreRoute(Lab lab, Site wanted) throws IOException {
        namespace = Topology.core(lab.name());
        this.wanted = lab.state().options().network().routerCoreAddresses(wanted);
        Thread.ofVirtual().name("core-route").start(this::watch);
    }

    private void watch() {
        try {
            while (!ended && !points()) {
                Waiting.pause(PAUSE_MILLIS);
            }
            seenNanos = ended ? 0 : System.nanoTime();
        } catch (IOException e) {
            // The lab is being taken down; there is nothing to see any more.
            seenNanos = 0;
        }
    }

    private boolean points() throws IOException {
        String route = Commands.run("ip", "-n", namespace, "route", "get", LabNumbers.VM_ADDRESS);
        return wanted.stream().anyMatch(router -> route.contains("via " + router + " "));
    }

    /** Ends the watch: when the route was first seen, {@code System.nanoTime()}; empty if it was not. */
    OptionalLong end() {
        ended = true;
        return seenNanos == 0 ? OptionalLong.empty() : OptionalLong.of(seenNanos);
    }
}
