package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.secondsite.lab.plan.LabGroup;
import org.secondsite.lab.plan.LabVm;
import org.secondsite.lab.plan.Network;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;
import org.secondsite.net.io.PrivateFiles;

/** An independent capture of what leaves a site: tcpdump on the uplink of its gateway, packets of its guests only. */
final class UplinkCapture implements AutoCloseable {
    private final Process process;
    private final Path file;
    private final List<String> guest;

    /** Of the VM that every lab has. */
    UplinkCapture(Lab lab, Site site) throws IOException {
        this(lab, site, lab.state().options().network().guestAddresses(), file(lab, site));
    }

    /** Of all VMs of a group. */
    UplinkCapture(Lab lab, Site site, LabGroup group) throws IOException {
        this(
                lab,
                site,
                group.vms().stream().map(LabVm::address).toList(),
                lab.paths().file("uplink-" + group.name() + "-" + site.id() + ".pcap"));
    }

    private UplinkCapture(Lab lab, Site site, List<String> addresses, Path file) throws IOException {
        Network network = lab.state().options().network();
        guest = addresses;
        this.file = file;
        // tcpdump keeps the mode of a file that is there.
        Files.deleteIfExists(file);
        Files.createFile(file, PrivateFiles.asFile());
        process = new ProcessBuilder(List.of(
                        "ip",
                        "netns",
                        "exec",
                        Topology.gateway(lab.name(), site),
                        "tcpdump",
                        "-Z",
                        "root",
                        "-i",
                        network.exits().size() == 1 ? network.uplink() : "any",
                        "-U",
                        "--immediate-mode",
                        "-n",
                        "-Q",
                        "out",
                        "-w",
                        file.toString(),
                        filter(lab, site, network)))
                .redirectErrorStream(true)
                .start();
        String line = process.inputReader().readLine();
        while (line != null && !line.contains("listening on")) {
            line = process.inputReader().readLine();
        }
        if (line == null) {
            throw new IOException("tcpdump did not start to listen");
        }
    }

    private String filter(Lab lab, Site site, Network network) throws IOException {
        String guests = "(src host " + String.join(" or src host ", guest) + ")";
        if (network.exits().size() == 1) {
            return guests;
        }
        List<String> indices = new ArrayList<>();
        for (String exit : network.exits()) {
            String shown =
                    Commands.run("ip", "-n", Topology.gateway(lab.name(), site), "-o", "link", "show", "dev", exit);
            indices.add("ifindex " + shown.substring(0, shown.indexOf(':')));
        }
        return "(" + String.join(" or ", indices) + ") and " + guests;
    }

    /** Where the captures of a site go. */
    static Path file(Lab lab, Site site) {
        return lab.paths().file("uplink-" + site.id() + ".pcap");
    }

    /** How many packets have left so far. */
    int packets() throws IOException {
        return lines().size();
    }

    /** When packets left, in microseconds of the kernel's wall clock. */
    long[] times() throws IOException {
        return lines().stream()
                .mapToLong(line -> Math.round(Double.parseDouble(line.substring(0, line.indexOf(' '))) * 1e6))
                .toArray();
    }

    /** The packets that left so far, as tcpdump shows them. */
    List<String> lines() throws IOException {
        // What was seen is in the file as soon as tcpdump has read it: -U flushes each packet.
        Waiting.pause(300);
        return Commands.run("tcpdump", "-Z", "root", "-n", "-tt", "-r", file.toString())
                .lines()
                .filter(line -> guest.stream().anyMatch(line::contains))
                .toList();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
