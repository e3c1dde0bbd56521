package org.secondsite.bench.site;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.secondsite.appliance.packages.JavaOptions;
import org.secondsite.bench.process.JavaProcess;
import org.secondsite.gateway.management.ManagementClient;

/** Two gateways and the agents beside them: four processes. */
final class MeasuredPair implements AutoCloseable {
    private final Path directory;
    private final int number;
    private final Map<SiteFiles.End, JavaProcess> gateways = new EnumMap<>(SiteFiles.End.class);
    private final Map<SiteFiles.End, JavaProcess> agents = new EnumMap<>(SiteFiles.End.class);

    /** What the VMs are and do, all alike. */
    record Guests(int ramKib, int dirtyKib) {}

    MeasuredPair(
            Path directory,
            SiteFiles files,
            int number,
            Map<SiteFiles.End, SiteFiles.Ports> ports,
            InetSocketAddress witness,
            Guests guests)
            throws IOException {
        this.directory = directory;
        this.number = number;
        try {
            for (SiteFiles.End end : SiteFiles.End.values()) {
                String site = end.site(number);
                Path file = Files.writeString(
                        directory.resolve(site + ".yaml"),
                        files.gateway(number, end, ports.get(end), ports.get(end.other()), witness));
                gateways.put(
                        end,
                        JavaProcess.start(
                                JavaOptions.ofDaemons(),
                                JavaProcess.Classes.of(JavaProcess.Classes.LINKED),
                                directory.resolve(site + ".log"),
                                SiteGatewayCommand.class,
                                file.toString()));
                agents.put(end, agents(files, end, ports.get(end).agents(), guests));
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private JavaProcess agents(SiteFiles files, SiteFiles.End end, int port, Guests guests) throws IOException {
        String site = end.site(number);
        List<String> arguments = new ArrayList<>(List.of(
                "--directory=" + directory,
                "--site=" + site,
                "--gateway=" + port,
                "--vms=" + String.join(",", files.vms(number)),
                "--ram-kib=" + guests.ramKib(),
                "--dirty-kib=" + guests.dirtyKib(),
                "--interval-ms=" + files.intervalMs()));
        if (end == SiteFiles.End.OWNER) {
            arguments.add("--boot");
        }
        return JavaProcess.start(
                JavaOptions.ofDaemons(),
                JavaProcess.Classes.of(JavaProcess.Classes.LINKED),
                directory.resolve(SiteFiles.host(site) + ".log"),
                SiteAgentsCommand.class,
                arguments.toArray(String[]::new));
    }

    /** The groups in the words of one end. */
    List<JsonNode> groups(SiteFiles.End end) throws IOException {
        JsonNode status = ManagementClient.ask(directory.resolve(end.site(number) + ".sock"), "status");
        return StreamSupport.stream(status.path("groups").spliterator(), false).toList();
    }

    /** How many groups are in the state there; 0 if that gateway does not answer. */
    long in(SiteFiles.End end, String state) {
        try {
            return groups(end).stream()
                    .filter(group -> group.path("state").asText().equals(state))
                    .count();
        } catch (IOException e) {
            return 0;
        }
    }

    /** Its processes by their names. */
    Map<String, JavaProcess> processes() {
        Map<String, JavaProcess> all = new TreeMap<>();
        gateways.forEach((end, process) -> all.put("gateway " + end.site(number), process));
        agents.forEach((end, process) -> all.put("agents " + end.site(number), process));
        return all;
    }

    /** Kills the owner's gateway and agents. Returns when: just before. */
    long killOwner() {
        long now = gateways.get(SiteFiles.End.OWNER).kill();
        agents.get(SiteFiles.End.OWNER).kill();
        return now;
    }

    /** When each VM was told to run at the standby's site, as its gateway's timeline says. */
    List<Long> activated(long sinceNanos) throws IOException {
        JsonNode timeline =
                ManagementClient.ask(directory.resolve(SiteFiles.End.STANDBY.site(number) + ".sock"), "timeline");
        return StreamSupport.stream(timeline.path("entries").spliterator(), false)
                .filter(entry -> entry.path("kind").asText().equals("vm-active"))
                .map(entry -> entry.path("nanoTime").asLong())
                .filter(at -> at > sinceNanos)
                .sorted()
                .toList();
    }

    @Override
    public void close() {
        gateways.values().forEach(JavaProcess::close);
        agents.values().forEach(JavaProcess::close);
    }
}
