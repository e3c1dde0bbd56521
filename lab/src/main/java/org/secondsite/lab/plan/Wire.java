package org.secondsite.lab.plan;

import java.util.List;

/** A veth pair between two namespaces. */
public record Wire(End one, End other) {
    /**
     * One end.
     *
     * @param namespace full name
     * @param name of the interface
     * @param addresses each with its length
     * @param mac its MAC address, or empty: whatever the kernel chooses
     * @param offloads whether the kernel may leave checksums and segmentation to the far end; must be off where a program
     *     reads frames from the wire
     */
    public record End(String namespace, String name, List<String> addresses, String mac, boolean offloads) {
        /** Copies the list. */
        public End {
            addresses = List.copyOf(addresses);
        }
    }
}
