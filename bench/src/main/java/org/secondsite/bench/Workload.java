package org.secondsite.bench;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * What is compared between a mode of the gateway and the kernel's own way, in the same run, and the ratio that has to
 * come out.
 */
public enum Workload {
    /** As many 64-byte frames as the sender can make. */
    UDP_64("UDP, 64-byte frames", "packets/s", Sense.AT_LEAST, 0.80, 0.65),
    /** The same with 1400 bytes of UDP payload. */
    UDP_1400("UDP, 1400-byte payload", "packets/s", Sense.AT_LEAST, 0.65, 0.65),
    /** 64-byte frames of a thousand protected VMs in turn. */
    UDP_64_MANY("UDP, 64-byte frames, 1000 VMs", "packets/s", Sense.ANY, 0, 0),
    /** TCP out of a VM that leaves segmentation to others. */
    TCP_GSO("TCP, GSO on", "bit/s", Sense.AT_LEAST, 0.90, 0.90),
    /** TCP out of a VM that sends frames of its MTU; the middle merges what it receives (GRO). */
    TCP_NO_GSO("TCP, GSO off", "bit/s", Sense.AT_LEAST, 0.65, 0.65),
    /** From the uplink to the VM, one way, half of the packets are faster. */
    INBOUND("inbound one-way p50", "us", Sense.AT_MOST, 1.10, 1.10),
    /** Processor time of the whole machine per 64-byte packet at the same rate: sender, middle and receiver. */
    CPU("CPU per packet, all of the machine", "us", Sense.ANY, 0, 0);

    /** On which side of its bar a ratio has to be. */
    private enum Sense {
        AT_LEAST,
        AT_MOST,
        ANY
    }

    private final String title;
    private final String unit;
    private final Sense sense;
    private final double transparent;
    private final double routed;

    Workload(String title, String unit, Sense sense, double transparent, double routed) {
        this.title = title;
        this.unit = unit;
        this.sense = sense;
        this.transparent = transparent;
        this.routed = routed;
    }

    /** For a table. */
    public String title() {
        return title;
    }

    /** What its figures count. */
    public String unit() {
        return unit;
    }

    /** Whether a mode's ratio to its baseline is what it must be; one that is no number is not. */
    public boolean holds(Contender mode, double ratio) {
        return switch (sense) {
            case AT_LEAST -> ratio >= bar(mode);
            case AT_MOST -> ratio <= bar(mode);
            case ANY -> true;
        };
    }

    /** What a mode's ratio to its baseline must be, in words; empty when it may be anything. */
    public String barText(Contender mode) {
        return switch (sense) {
            case AT_LEAST -> String.format(Locale.ROOT, ">= %.2f", bar(mode));
            case AT_MOST -> String.format(Locale.ROOT, "<= %.2f", bar(mode));
            case ANY -> "";
        };
    }

    private double bar(Contender mode) {
        return mode.routes() ? routed : transparent;
    }

    /** The workload that is called so. */
    public static Optional<Workload> labelled(String label) {
        return Arrays.stream(values())
                .filter(workload -> workload.label().equals(label))
                .findFirst();
    }

    /** The word for it on the command line and in reports. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
