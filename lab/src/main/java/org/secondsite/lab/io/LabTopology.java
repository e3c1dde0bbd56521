package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.secondsite.lab.plan.NamespacePlan;
import org.secondsite.lab.plan.Topology;
import org.secondsite.lab.plan.Wire;

/** Makes a {@link Topology} in the kernel, and takes it away. Every failure names the command, its input and its complaint. */
public final class LabTopology {
    private static final Map<String, String> QUIET = Map.of(
            "net/ipv6/conf/all/disable_ipv6", "1",
            "net/ipv6/conf/default/disable_ipv6", "1",
            // The way back may differ from the way there while routes move.
            "net/ipv4/conf/all/rp_filter", "0",
            "net/ipv4/conf/default/rp_filter", "0",
            // What an earlier connection measured must not colour the next one.
            "net/ipv4/tcp_no_metrics_save", "1");

    private LabTopology() {}

    /**
     * Makes namespaces, wires, addresses, TAPs and routes.
     *
     * @throws IOException if anything fails; what has been made stays and {@link #down} takes it away
     */
    public static void up(Topology topology) throws IOException {
        List<String> names =
                topology.namespaces().stream().map(NamespacePlan::name).toList();
        batch(List.of("ip", "-batch", "-"), names.stream().map(name -> "netns add " + name));
        Concurrently.each("namespace", topology.namespaces(), namespace -> tune(topology, namespace));
        batch(List.of("ip", "-batch", "-"), topology.wires().stream().map(LabTopology::addition));
        Concurrently.each("namespace", topology.namespaces(), namespace -> configure(namespace, topology.wires()));
    }

    private static void tune(Topology topology, NamespacePlan namespace) throws IOException {
        NetworkNamespace.call(namespace.name(), () -> {
            // /proc/sys/net shows the namespace of the thread that looks.
            for (Map.Entry<String, String> setting : QUIET.entrySet()) {
                Files.writeString(Path.of("/proc/sys", setting.getKey()), setting.getValue());
            }
            if (topology.hasIpv6()) {
                for (String which : List.of("all", "default")) {
                    Path settings = Path.of("/proc/sys/net/ipv6/conf", which);
                    Files.writeString(settings.resolve("disable_ipv6"), "0");
                    Files.writeString(settings.resolve("accept_ra"), "0");
                    Files.writeString(settings.resolve("forwarding"), namespace.forwarding() ? "1" : "0");
                }
            }
            Files.writeString(Path.of("/proc/sys/net/ipv4/ip_forward"), namespace.forwarding() ? "1" : "0");
            return null;
        });
    }

    private static String addition(Wire wire) {
        return "link add " + wire.one().name() + " netns " + wire.one().namespace() + " type veth peer name "
                + wire.other().name() + " netns " + wire.other().namespace();
    }

    private static void configure(NamespacePlan namespace, List<Wire> wires) throws IOException {
        List<String> lines = new ArrayList<>(List.of("link set dev lo up"));
        for (String tap : namespace.taps()) {
            lines.add("tuntap add dev " + tap + " mode tap");
            lines.add("link set dev " + tap + " up");
        }
        for (Wire wire : wires) {
            for (Wire.End end : List.of(wire.one(), wire.other())) {
                if (end.namespace().equals(namespace.name())) {
                    addEnd(end, lines);
                }
            }
        }
        namespace.routes().forEach(route -> lines.add("route add " + route));
        batch(List.of("ip", "-n", namespace.name(), "-batch", "-"), lines.stream());
    }

    private static void addEnd(Wire.End end, List<String> lines) throws IOException {
        if (!end.offloads()) {
            Commands.run(
                    "ip",
                    "netns",
                    "exec",
                    end.namespace(),
                    "ethtool",
                    "-K",
                    end.name(),
                    "tx",
                    "off",
                    "tso",
                    "off",
                    "gso",
                    "off",
                    "gro",
                    "off");
        }
        end.addresses()
                .forEach(address -> lines.add(
                        "addr add " + address + " dev " + end.name() + (address.contains(":") ? " nodad" : "")));
        if (!end.mac().isEmpty()) {
            lines.add("link set dev " + end.name() + " address " + end.mac());
        }
        lines.add("link set dev " + end.name() + " up");
    }

    private static void batch(List<String> command, Stream<String> lines) throws IOException {
        Commands.run(command, String.join("\n", lines.toList()) + "\n");
    }

    /** Full names of the namespaces that exist and belong to a lab of that name. */
    public static List<String> existing(String lab) throws IOException {
        List<String> found = new ArrayList<>();
        try (DirectoryStream<Path> names = Files.newDirectoryStream(Path.of("/run/netns"), lab + "-*")) {
            names.forEach(path -> found.add(path.getFileName().toString()));
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of(); // no namespace was ever made on this machine
        }
        return found;
    }

    /**
     * Ends every process in the lab's namespaces and removes them, with the wires in them. Does nothing if there are none.
     *
     * @throws IOException if one could not be removed; all have been tried
     */
    public static void down(String lab) throws IOException {
        List<String> names = existing(lab);
        Concurrently.each("namespace", names, LabTopology::endProcesses);
        Concurrently.each("namespace", names, name -> Commands.run("ip", "netns", "del", name));
    }

    private static void endProcesses(String namespace) throws IOException {
        for (String pid : Commands.run("ip", "netns", "pids", namespace).lines().toList()) {
            LabProcess.killAndWait(Long.parseLong(pid.strip()));
        }
    }
}
