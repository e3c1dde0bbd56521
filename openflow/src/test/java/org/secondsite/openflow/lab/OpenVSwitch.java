package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.secondsite.config.TlsFiles;

/** A real Open vSwitch with its user-space datapath, wholly inside one namespace and one directory. */
final class OpenVSwitch implements Closeable {
    static final String BRIDGE = "br0";

    /** Where the database listens, on the namespace's loopback. */
    static final int DATABASE_PORT = 6640;

    /** {@code -Dsecondsite.openflow.versions=OpenFlow13}: the same tests with a switch that speaks nothing newer. */
    private static final String VERSIONS =
            System.getProperty("secondsite.openflow.versions", "OpenFlow13,OpenFlow14,OpenFlow15");

    private static final long APPEARS_WITHIN_NANOS = 30_000_000_000L;
    private static final long POLL_NANOS = 20_000_000;
    private static final String SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

    private final Namespace namespace;
    private final Path directory;
    private final Map<String, String> environment;
    private Process database;
    private Process daemon;

    OpenVSwitch(Namespace namespace, Path directory, long datapathId) throws IOException {
        Command.require("ovs-vswitchd", "openvswitch-switch");
        this.namespace = namespace;
        this.directory = directory;
        this.environment = Map.of(
                "OVS_RUNDIR", directory.toString(),
                "OVS_LOGDIR", directory.toString(),
                "OVS_DBDIR", directory.toString());
        Command.run("ovsdb-tool", "create", directory.resolve("conf.db").toString(), SCHEMA);
        startDatabase();
        awaitFile(directory.resolve("db.sock"));
        vsctl("--no-wait", "init");
        startDaemon();
        vsctl("add-br", BRIDGE);
        vsctl(
                "set",
                "bridge",
                BRIDGE,
                "datapath_type=netdev",
                "fail-mode=secure",
                "protocols=OpenFlow10," + VERSIONS,
                "other-config:datapath-id=%016x".formatted(datapathId),
                "other-config:disable-in-band=true");
    }

    /** Connects to controllers on the namespace's loopback. */
    void setControllers(int... ports) throws IOException {
        setControllers(
                IntStream.of(ports).mapToObj(port -> "tcp:127.0.0.1:" + port).toArray(String[]::new));
    }

    /** Connects to controllers, or listens for them, in the switch's own words. */
    void setControllers(String... targets) throws IOException {
        List<String> words = new ArrayList<>(List.of("set-controller", BRIDGE));
        words.addAll(List.of(targets));
        vsctl(words.toArray(String[]::new));
        for (String controller : vsctl("get", "bridge", BRIDGE, "controller")
                .replaceAll("[\\[\\] \n]", "")
                .split(",", -1)) {
            vsctl("set", "controller", controller, "max_backoff=1000", "connection-mode=out-of-band");
        }
    }

    /** As it is when nobody has set anything but its id and where its controller is. */
    void setDefaults(int port) throws IOException {
        List<String> words = new ArrayList<>(List.of("clear", "bridge", BRIDGE, "fail_mode"));
        words.addAll(List.of("--", "remove", "bridge", BRIDGE, "other_config", "disable-in-band"));
        words.addAll(List.of("--", "set-controller", BRIDGE, "tcp:127.0.0.1:" + port));
        vsctl(words.toArray(String[]::new));
    }

    /** Shows this certificate from now on, and believes those of the authority. */
    void setTls(TlsFiles files) throws IOException {
        vsctl(
                "set-ssl",
                files.key().toString(),
                files.certificate().toString(),
                files.authority().toString());
    }

    void addPort(String port) throws IOException {
        vsctl("add-port", BRIDGE, port);
    }

    /** Ports that lead nowhere, made without a network device. */
    void addPatchPorts(List<String> ports) throws IOException {
        List<String> words = new ArrayList<>();
        for (String port : ports) {
            words.addAll(List.of("--", "add-port", BRIDGE, port));
            words.addAll(List.of("--", "set", "interface", port, "type=patch", "options:peer=peer-" + port));
        }
        vsctl(words.toArray(String[]::new));
    }

    void removePort(String port) throws IOException {
        vsctl("del-port", BRIDGE, port);
    }

    String vsctl(String... words) throws IOException {
        return tool(
                "ovs-vsctl", List.of("--retry", "--timeout=20", "--db=unix:" + directory.resolve("db.sock")), words);
    }

    /** Waits until {@code ovs-vsctl} answers so. */
    void await(String answer, String... question) throws IOException {
        long deadline = System.nanoTime() + APPEARS_WITHIN_NANOS;
        String last = vsctl(question).strip();
        while (!last.equals(answer)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(List.of(question) + " is still " + last + ", not " + answer);
            }
            LockSupport.parkNanos(POLL_NANOS);
            last = vsctl(question).strip();
        }
    }

    /** Talks to the bridge as another controller would, whose role nobody checks. */
    String ofctl(String command, String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of(command, "unix:" + directory.resolve(BRIDGE + ".mgmt")));
        all.addAll(List.of(words));
        return tool("ovs-ofctl", List.of("-O", "OpenFlow13,OpenFlow14", "--timeout=20"), all.toArray(String[]::new));
    }

    /** Writes what the switch and its controller say to each other into a file, in its order, until it is closed. */
    Closeable snoop(Path file) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        "ovs-ofctl",
                        "-O",
                        "OpenFlow10,OpenFlow13,OpenFlow14",
                        "snoop",
                        "unix:" + directory.resolve(BRIDGE + ".snoop"))
                .redirectErrorStream(true)
                .redirectOutput(file.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        return () -> Command.kill(process);
    }

    /** The datapath's number of a port, which is not OpenFlow's, as {@code dpif/show} tells. */
    String datapathPort(String port) throws IOException {
        return tool(
                        "ovs-appctl",
                        List.of("-t", directory.resolve("vswitchd.ctl").toString()),
                        "dpif/show")
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith(port + " "))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no port " + port))
                .replaceAll(".* \\d+/(\\d+).*", "$1");
    }

    /** What the datapath would do with a packet; {@code drop}: nothing. */
    String actions(String packet) throws IOException {
        String trace = trace(packet);
        return trace.lines()
                .filter(line -> line.startsWith("Datapath actions: "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(trace))
                .substring("Datapath actions: ".length())
                .strip();
    }

    /** What the switch does with a packet, perhaps with options behind a blank, as {@code ofproto/trace} tells. */
    String trace(String packet) throws IOException {
        List<String> words = new ArrayList<>(List.of("ofproto/trace", BRIDGE));
        words.addAll(List.of(packet.split(" ", -1)));
        return tool(
                "ovs-appctl",
                List.of("-t", directory.resolve("vswitchd.ctl").toString()),
                words.toArray(String[]::new));
    }

    /** Waits until nothing is forwarded any more by what the switch had cached of flows that are changed by now. */
    void awaitRevalidated() throws IOException {
        namespace.run("ovs-appctl", "-t", directory.resolve("vswitchd.ctl").toString(), "revalidator/wait");
    }

    /** The flows that OpenFlow does not show, by the switch's own tool. */
    List<String> hiddenFlows() throws IOException {
        return tool(
                        "ovs-appctl",
                        List.of("-t", directory.resolve("vswitchd.ctl").toString()),
                        "bridge/dump-flows",
                        BRIDGE)
                .lines()
                .filter(line -> line.matches(".*priority=18\\d{4}.*"))
                .toList();
    }

    /** The first tables take no flow more than they have. */
    void limitTables(int tables) throws IOException {
        List<String> flows = flows();
        List<String> words = new ArrayList<>();
        for (int table = 0; table < tables; table++) {
            String of = "table=" + table + ",";
            boolean isFirst = table == 0;
            long count = flows.stream()
                    .filter(flow -> isFirst ? !flow.contains("table=") : flow.contains(of))
                    .count();
            words.addAll(List.of("--", "--id=@t" + table, "create", "Flow_Table"));
            words.addAll(List.of("flow_limit=" + count, "overflow_policy=refuse"));
            words.addAll(List.of("--", "set", "bridge", BRIDGE, "flow_tables:" + table + "=@t" + table));
        }
        vsctl(words.toArray(String[]::new));
    }

    void unlimitTables() throws IOException {
        vsctl("clear", "bridge", BRIDGE, "flow_tables");
    }

    /** The flows, one a line, without counters and times. */
    List<String> flows() throws IOException {
        return ofctl("dump-flows", "--no-stats")
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty() && !line.startsWith("OFPST"))
                .sorted()
                .toList();
    }

    /** Dies as by a power cut, and starts again with the same settings and no memory of flows and roles. */
    void crashAndRestart() throws IOException {
        Command.kill(daemon);
        startDaemon();
    }

    /** The database dies as by a power cut, and comes again; the switch runs on without it meanwhile. */
    void crashDatabase() throws IOException {
        Command.kill(database);
        startDatabase();
    }

    @Override
    public void close() throws IOException {
        for (Process process : new Process[] {daemon, database}) {
            if (process != null) {
                Command.kill(process);
            }
        }
    }

    private void startDatabase() throws IOException {
        database = start(
                "ovsdb-server",
                "ovsdb-server",
                directory.resolve("conf.db").toString(),
                "--remote=punix:" + directory.resolve("db.sock"),
                "--remote=ptcp:" + DATABASE_PORT + ":127.0.0.1",
                "--remote=db:Open_vSwitch,Open_vSwitch,manager_options",
                "--private-key=db:Open_vSwitch,SSL,private_key",
                "--certificate=db:Open_vSwitch,SSL,certificate",
                "--ca-cert=db:Open_vSwitch,SSL,ca_cert",
                "--unixctl=" + directory.resolve("ovsdb.ctl"));
    }

    private void startDaemon() throws IOException {
        daemon = start(
                "ovs-vswitchd",
                "ovs-vswitchd",
                "unix:" + directory.resolve("db.sock"),
                "--unixctl=" + directory.resolve("vswitchd.ctl"));
    }

    private Process start(String log, String... words) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(namespace.inside(words))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(log + ".log").toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private String tool(String program, List<String> options, String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of(program));
        all.addAll(options);
        all.addAll(List.of(words));
        return Command.run(environment, all.toArray(String[]::new));
    }

    private static void awaitFile(Path file) {
        long deadline = System.nanoTime() + APPEARS_WITHIN_NANOS;
        while (!Files.exists(file)) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(file + " does not appear");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
