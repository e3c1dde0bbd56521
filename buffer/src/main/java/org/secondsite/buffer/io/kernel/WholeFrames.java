package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.buffer.ProtectedVm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of a mode for a port that has to get frames as they are on a wire: no segments are put together on the VM-facing interface (GRO
 * and LRO are off), nor on the one that it is a VLAN of; and where that is one end of a veth pair whose other end is in this namespace, too, that
 * one leaves neither segmentation nor checksums to it. What other senders leave to others the port finds out frame by frame.
 */
public final class WholeFrames implements KernelState {
    private static final Logger LOG = LoggerFactory.getLogger(WholeFrames.class);

    /** {@code in0@eth0:}; with {@code in0@if7:} the other one is in another namespace. */
    private static final Pattern BESIDE = Pattern.compile("^\\d+: [^@:]+@(?!if\\d+:)([^:]+):");

    private final KernelState mode;

    /** For the state of a mode. */
    public WholeFrames(KernelState mode) {
        this.mode = mode;
    }

    private String inside() {
        return interfaces().getFirst();
    }

    @Override
    public void install() throws IOException {
        mode.install();
        for (List<String> one : wanted()) {
            String name = one.getFirst();
            String features = String.join(" off ", one.subList(1, one.size())) + " off";
            try {
                Commands.run("ethtool -K " + name + " " + features);
            } catch (IOException e) {
                throw new IOException(
                        "the port pcap4j needs the offloads of " + name + " off, and they stay on: " + e.getMessage()
                                + "; use the port af-packet",
                        e);
            }
            LOG.info("{}: offloads are switched off, for libpcap cannot see them: {}", name, features);
        }
    }

    /** Interfaces, each with its features that have to be off. */
    private List<List<String>> wanted() throws IOException {
        List<List<String>> wanted = new ArrayList<>();
        wanted.add(List.of(inside(), "gro", "lro"));
        String link = Commands.run("ip -o -d link show dev " + inside());
        Matcher beside = BESIDE.matcher(link);
        if (beside.find()) {
            String name = beside.group(1);
            if (link.contains(" vlan ")) {
                wanted.add(List.of(name, "gro", "lro"));
            } else if (link.contains(" veth ")) {
                wanted.add(List.of(name, "tx", "tso", "gso"));
            }
        }
        return wanted;
    }

    @Override
    public List<String> problems() throws IOException {
        List<String> problems = new ArrayList<>(mode.problems());
        String features = Commands.run("ethtool -k " + inside());
        for (String feature : List.of("generic-receive-offload", "large-receive-offload")) {
            if (features.contains(feature + ": on")) {
                problems.add(inside() + " has " + feature + " on, which the port pcap4j cannot see through");
            }
        }
        return problems;
    }

    @Override
    public void confine(List<ProtectedVm> vms, List<InetAddress> closed) throws IOException {
        mode.confine(vms, closed);
    }

    @Override
    public void elsewhere(List<InetAddress> addresses) throws IOException {
        mode.elsewhere(addresses);
    }

    @Override
    public void remove() throws IOException {
        mode.remove();
    }

    @Override
    public List<String> interfaces() {
        return mode.interfaces();
    }
}
