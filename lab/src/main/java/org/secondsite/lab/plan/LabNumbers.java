package org.secondsite.lab.plan;

/** The fixed addresses, ports and names of the lab. */
public final class LabNumbers {
    /** The protected VM. */
    public static final String VM = "vm1";

    public static final String GROUP = "web";

    /** Where there are two, the other site's. */
    public static final String OTHER_GROUP = "mail";

    public static final String VM_MAC = "52:54:00:c0:10:01";
    public static final String VM_ADDRESS = "203.0.113.10";
    public static final String VM_PREFIX = "203.0.113.0/24";
    public static final String INSIDE_ADDRESS = "203.0.113.1";
    public static final String VM_PREFIX6 = "2001:db8:71::/64";
    public static final String INSIDE_ADDRESS6 = "2001:db8:71::1";

    /** The one that the guest is given. */
    public static final String VM_ADDRESS6 = "2001:db8:71::10";

    /** The one that it makes of the prefix that its router advertises and of its MAC address (RFC 4862). */
    public static final String VM_OWN_ADDRESS6 = "2001:db8:71:0:5054:ff:fec0:1001";

    public static final String INSIDE_MAC = "02:00:5e:00:01:01";

    /** The VM's disk, by the id of its device. */
    public static final String DISK = "disk0";

    /** For every line, the next number. */
    public static final int ECHO_PORT = 7000;
    /** A numbered line every 50 ms. */
    public static final int TICK_PORT = 7001;
    /** Takes "busy PAGES MICROSECONDS", "pour KIB MICROSECONDS" and "idle". */
    public static final int CONTROL_PORT = 7002;
    /** The number of each record that the disk has. */
    public static final int RECORDS_PORT = 7003;
    /** Counts what it answers: a store. */
    public static final int STORE_PORT = 7004;
    /** Asks the store for every answer: a front end. */
    public static final int FRONT_PORT = 7005;
    /** Pages from the disk. */
    public static final int WEB_PORT = 80;

    /** PostgreSQL. */
    public static final int DATABASE_PORT = 5432;

    public static final String CLIENT_ADDRESS = "198.51.100.10";
    public static final String CLIENT_GATEWAY = "198.51.100.1";
    public static final String CLIENT_ADDRESS6 = "2001:db8:c::10";
    public static final String CLIENT_GATEWAY6 = "2001:db8:c::1";
    public static final int OPENFLOW_PORT = 6653;
    public static final long CORE_AS = 65000;
    public static final long GATEWAY_AS = 65100;

    private LabNumbers() {}

    /** The WAN address of the witness, or of its node of that number, from 1. */
    static String witnessAddress(int node) {
        return "10.9.0." + (2 + node);
    }
}
