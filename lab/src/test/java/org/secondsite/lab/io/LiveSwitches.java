package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** The switches of a {@link LiveSite}: bridges of one Open vSwitch, each with a tool that writes down what it and its controller say. */
final class LiveSwitches implements AutoCloseable {
    private static final String SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
    private static final List<String> CHANGES_OF_FLOWS =
            List.of("OFPT_FLOW_MOD", "OFPT_BUNDLE", "OFPT_GROUP_MOD", "OFPT_METER_MOD", "OFPBCT_");
    private static final int START_SECONDS = 30;
    static final int MOST_VMS = 9;

    private final String namespace;
    private final Path directory;
    private final List<Process> processes = new ArrayList<>();

    /**
     * What a switch has been told.
     *
     * @param sessions how often a controller that knows it began to speak with it
     * @param changes messages that change its flows
     */
    record Told(int sessions, int changes) {
        Told since(Told before) {
            return new Told(sessions - before.sessions, changes - before.changes);
        }
    }

    LiveSwitches(String namespace, Path directory) throws IOException {
        this.namespace = namespace;
        this.directory = Files.createDirectory(directory);
    }

    void begin(String controller) throws IOException {
        Commands.run("ovsdb-tool", "create", directory.resolve("conf.db").toString(), SCHEMA);
        start(
                "ovsdb",
                "ovsdb-server",
                directory.resolve("conf.db").toString(),
                "--remote=punix:" + directory.resolve("db.sock"),
                "--unixctl=" + directory.resolve("ovsdb.ctl"));
        awaitFile("db.sock");
        vsctl("--no-wait", "init");
        start(
                "vswitchd",
                "ovs-vswitchd",
                "unix:" + directory.resolve("db.sock"),
                "--unixctl=" + directory.resolve("vswitchd.ctl"));
        for (int number = 1; number <= LiveFile.SWITCHES; number++) {
            add(number, controller);
        }
    }

    private void add(int number, String controller) throws IOException {
        String bridge = "br" + number;
        List<String> words = new ArrayList<>(List.of("add-br", bridge));
        words.addAll(words("-- set bridge " + bridge + " datapath_type=netdev fail-mode=secure protocols=OpenFlow14"
                + " other-config:datapath-id=%016x other-config:disable-in-band=true".formatted(number)));
        if (number == 1) {
            words.addAll(words("-- add-port br1 gw1 -- add-port br1 vm1"));
        } else {
            words.addAll(words("-- add-port " + bridge + " gw" + number + patch("gw" + number)));
        }
        for (int vm = 2; vm <= MOST_VMS; vm++) {
            String port = "p" + vm + "s" + number;
            words.addAll(words("-- add-port " + bridge + " " + port + patch(port)));
        }
        words.addAll(words("-- set-controller " + bridge + " " + controller + " -- set controller " + bridge
                + " max_backoff=1000 connection-mode=out-of-band"));
        vsctl(words.toArray(String[]::new));
        awaitFile(bridge + ".snoop");
        start(
                "snoop" + number,
                "ovs-ofctl",
                "-O",
                "OpenFlow10,OpenFlow14",
                "snoop",
                "unix:" + directory.resolve(bridge + ".snoop"));
    }

    private static String patch(String port) {
        return " -- set interface " + port + " type=patch options:peer=peer-" + port;
    }

    private static List<String> words(String text) {
        return Arrays.asList(text.split(" ", -1));
    }

    private void start(String log, String... command) throws IOException {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        words.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(log + ".log").toFile());
        for (String name : List.of("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")) {
            builder.environment().put(name, directory.toString());
        }
        processes.add(builder.start());
    }

    private void awaitFile(String name) throws IOException {
        Waiting.until(name, START_SECONDS, () -> Files.exists(directory.resolve(name)));
    }

    private void vsctl(String... words) throws IOException {
        List<String> all = new ArrayList<>(
                List.of("ovs-vsctl", "--retry", "--timeout=30", "--db=unix:" + directory.resolve("db.sock")));
        all.addAll(List.of(words));
        Commands.run(all, "");
    }

    /** What a switch was told until now. */
    Told told(int number) throws IOException {
        int sessions = 0;
        int changes = 0;
        for (String line : Files.readAllLines(directory.resolve("snoop" + number + ".log"))) {
            if (CHANGES_OF_FLOWS.stream().anyMatch(line::contains)) {
                changes++;
            } else if (line.contains("OFPST_PORT_DESC request")) {
                sessions++;
            }
        }
        return new Told(sessions, changes);
    }

    /** The flows of a switch, without counters. */
    NavigableSet<String> flows(int number) throws IOException {
        NavigableSet<String> flows = new TreeSet<>();
        Commands.run(
                        "ovs-ofctl",
                        "-O",
                        "OpenFlow14",
                        "--timeout=30",
                        "--no-stats",
                        "dump-flows",
                        "unix:" + directory.resolve("br" + number + ".mgmt"))
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("OFPST"))
                .forEach(flows::add);
        return flows;
    }

    @Override
    public void close() throws IOException {
        for (Process process : processes.reversed()) {
            // What "ip netns exec" has started is that process itself.
            process.destroyForcibly();
        }
        for (Process process : processes) {
            process.onExit().orTimeout(START_SECONDS, TimeUnit.SECONDS).join();
        }
    }
}
