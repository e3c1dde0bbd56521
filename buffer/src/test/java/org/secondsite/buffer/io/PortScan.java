package org.secondsite.buffer.io;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.secondsite.buffer.DataPlane;
import org.secondsite.testing.Probes;

/** What a VM that scans does, and who has answered it. */
final class PortScan {
    private static final int BURST = 1000;

    private PortScan() {}

    /**
     * Sends as fast as the data plane passes it on, so that none is lost.
     *
     * @return how many were sent
     */
    static int send(DataPlane plane, RawPort port, List<byte[]> frames) throws Exception {
        for (int start = 0; start < frames.size(); start += BURST) {
            List<byte[]> burst = frames.subList(start, Math.min(start + BURST, frames.size()));
            long before = seen(plane);
            for (byte[] frame : burst) {
                port.send(frame);
            }
            Eventually.holds(() -> seen(plane) >= before + burst.size(), () -> plane.counters()
                    .toString());
        }
        return frames.size();
    }

    private static long seen(DataPlane plane) {
        return plane.counters().releasedPackets() + plane.counters().droppedPackets();
    }

    /** Who of these has answered. */
    static Set<InetAddress> answers(Capture capture, Collection<String> of) throws IOException {
        Set<InetAddress> asked = new HashSet<>();
        of.forEach(target -> asked.add(InetAddress.ofLiteral(target)));
        Set<InetAddress> answered = new HashSet<>();
        for (byte[] frame : capture.frames()) {
            if (!Probes.isNeighbourDiscovery(frame)) {
                Probes.source(frame).filter(asked::contains).ifPresent(answered::add);
            }
        }
        return answered;
    }
}
