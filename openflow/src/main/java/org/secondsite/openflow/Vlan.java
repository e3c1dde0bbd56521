package org.secondsite.openflow;

/**
 * How the frames of a VM are tagged (IEEE 802.1Q). Towards the gateway they always bear the tag, so that its port is a trunk.
 *
 * @param id 1 to 4094; 0: there is no VLAN, and no frame bears a tag anywhere
 * @param port what they bear at the VM's own port
 */
public record Vlan(int id, Port port) {
    /** No tags. */
    public static final Vlan NONE = new Vlan(0, Port.UNTAGGED);

    /** The largest id; 4095 is reserved. */
    private static final int MAX_ID = 4094;

    /** OpenFlow 1.4.1 §7.2.3.8, {@code OFPVID_PRESENT}. */
    private static final int PRESENT = 0x1000;

    /** What a VM's port carries. */
    public enum Port {
        /** Frames without a tag; the switch puts it on and takes it off. */
        UNTAGGED,

        /** Frames with the tag. */
        TAGGED
    }

    /**
     * Checks the shape.
     *
     * @throws IllegalArgumentException if there is no such VLAN, or frames without a VLAN are to be tagged
     */
    public Vlan {
        if (id < 0 || id > MAX_ID) {
            throw new IllegalArgumentException("VLAN " + id + " is not within 1.." + MAX_ID);
        }
        if (id == 0 && port == Port.TAGGED) {
            throw new IllegalArgumentException("a tagged port needs a VLAN");
        }
    }

    /** What OpenFlow matches frames of it by at the gateway's port. */
    public int match() {
        return match(id);
    }

    /** What OpenFlow matches its frames by at the VM's port. */
    public int matchAtPort() {
        return port == Port.TAGGED ? match(id) : 0;
    }

    /** Whether a frame gets the tag on its way from the VM's port, and loses it on the way back. */
    public boolean isTranslated() {
        return id != 0 && port == Port.UNTAGGED;
    }

    /** What OpenFlow matches frames of a VLAN by; 0: without a tag. */
    public static int match(int id) {
        return id == 0 ? 0 : PRESENT | id;
    }
}
