package org.secondsite.lab.plan;

/** A veth pair between two namespaces. */
public record Wire(End one, End other) {
    /**
     * One end.
     *
     * @param namespace full name
     * @param name of the interface
     * @param address with its length, or empty
     * @param mac its MAC address, or empty: whatever the kernel chooses
     * @param offloads whether the kernel may leave checksums and segmentation to the far end; must be off where a program
     *     reads frames from the wire
     */
    public record End(String namespace, String name, String address, String mac, boolean offloads) {}
}
