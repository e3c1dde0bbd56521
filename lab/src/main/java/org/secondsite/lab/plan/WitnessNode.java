package org.secondsite.lab.plan;

import java.util.List;
import java.util.stream.IntStream;

/**
 * One node of the witness: a process in a namespace of its own behind the WAN emulator.
 *
 * @param id its name among its peers
 * @param process its process's name in {@code lab status}
 * @param namespace full name
 * @param port what the emulator calls it: in {@code cut a-w2}
 * @param address on the WAN
 */
public record WitnessNode(String id, String process, String namespace, String port, String address) {
    /** Of every node. */
    public static final int LISTEN_PORT = 7500;

    /** The nodes of a lab: one of plain names, or several that are numbered from 1. */
    public static List<WitnessNode> of(String lab, int count) {
        if (count == 1) {
            return List.of(new WitnessNode("w", "witness", lab + "-w", "w", LabNumbers.witnessAddress(1)));
        }
        return IntStream.rangeClosed(1, count)
                .mapToObj(n ->
                        new WitnessNode("w" + n, "witness-" + n, lab + "-w" + n, "w" + n, LabNumbers.witnessAddress(n)))
                .toList();
    }

    /** Where gateways and other nodes reach it. */
    public String endpoint() {
        return address + ":" + LISTEN_PORT;
    }

    /** The interface of the emulator's namespace that leads to it. */
    String emulatorInterface() {
        return port + "0";
    }
}
