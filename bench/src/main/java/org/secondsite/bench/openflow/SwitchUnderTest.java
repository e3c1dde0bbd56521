package org.secondsite.bench.openflow;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** An Open vSwitch with its user-space datapath, all of it in one directory; its bridge is {@code br0}. */
final class SwitchUnderTest implements AutoCloseable {
    static final long DATAPATH = 0xa01;
    private static final String BRIDGE = "br0";
    private static final String SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";
    private static final long APPEARS_WITHIN_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final int PORTS_AT_ONCE = 100;

    private final Path directory;
    private final List<Process> started = new ArrayList<>();

    SwitchUnderTest(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        try {
            run("ovsdb-tool", "create", file("conf.db"), SCHEMA);
            start("ovsdb-server", file("conf.db"), "--remote=punix:" + file("db.sock"), "--unixctl=" + file("db.ctl"));
            await(directory.resolve("db.sock"));
            vsctl("--no-wait", "init");
            start("ovs-vswitchd", "unix:" + file("db.sock"), "--unixctl=" + file("vswitchd.ctl"));
            vsctl("add-br", BRIDGE);
            vsctl(
                    "set",
                    "bridge",
                    BRIDGE,
                    "datapath_type=netdev",
                    "fail-mode=secure",
                    "protocols=OpenFlow10,OpenFlow13,OpenFlow14",
                    "other-config:datapath-id=%016x".formatted(DATAPATH),
                    "other-config:disable-in-band=true");
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Ports that lead nowhere. */
    void addPorts(List<String> ports) throws IOException, InterruptedException {
        for (int from = 0; from < ports.size(); from += PORTS_AT_ONCE) {
            List<String> words = new ArrayList<>();
            for (String port : ports.subList(from, Math.min(ports.size(), from + PORTS_AT_ONCE))) {
                words.addAll(List.of("--", "add-port", BRIDGE, port));
                words.addAll(List.of("--", "set", "interface", port, "type=patch", "options:peer=peer-" + port));
            }
            vsctl(words.toArray(String[]::new));
        }
    }

    void connectTo(int port) throws IOException, InterruptedException {
        vsctl("set-controller", BRIDGE, "tcp:127.0.0.1:" + port);
        vsctl("set", "controller", BRIDGE, "max_backoff=1000", "connection-mode=out-of-band");
    }

    void disconnect() throws IOException, InterruptedException {
        vsctl("del-controller", BRIDGE);
    }

    /** Runs the switch's own tool; what it printed. */
    String ofctl(String... words) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("ovs-ofctl", "-O", "OpenFlow14"));
        all.addAll(List.of(words));
        return run(all.toArray(String[]::new));
    }

    /** How the tool reaches the bridge. */
    String bridge() {
        return "unix:" + file(BRIDGE + ".mgmt");
    }

    @Override
    public void close() {
        for (Process process : started.reversed()) {
            process.destroyForcibly();
        }
    }

    private void vsctl(String... words) throws IOException, InterruptedException {
        List<String> all =
                new ArrayList<>(List.of("ovs-vsctl", "--retry", "--timeout=60", "--db=unix:" + file("db.sock")));
        all.addAll(List.of(words));
        run(all.toArray(String[]::new));
    }

    private void start(String... command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(command[0] + ".log").toFile());
        environment(builder);
        started.add(builder.start());
    }

    private String run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        environment(builder);
        Process process = builder.start();
        process.getOutputStream().close();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", List.of(command).subList(0, 2)) + " failed: " + printed.strip());
        }
        return printed;
    }

    private void environment(ProcessBuilder builder) {
        for (String variable : List.of("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")) {
            builder.environment().put(variable, directory.toString());
        }
    }

    private String file(String name) {
        return directory.resolve(name).toString();
    }

    private static void await(Path file) throws IOException {
        long deadline = System.nanoTime() + APPEARS_WITHIN_NANOS;
        while (!Files.exists(file)) {
            if (System.nanoTime() > deadline) {
                throw new IOException(file + " does not appear");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
