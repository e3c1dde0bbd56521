package org.secondsite.bgp.lab;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.secondsite.bgp.io.BgpSpeaker;
import org.secondsite.bgp.io.RecordingListener;
import org.secondsite.bgp.session.NeighborOptions;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Prefix;
import org.secondsite.testing.NetworkNamespace;

/**
 * Two namespaces and a wire: our speaker of AS 65100 at 10.7.0.1 and fd00:7::1, a real router of AS 65001 at 10.7.0.2 and
 * fd00:7::2. Everything is gone after {@link #close}.
 */
final class PeerLab implements AutoCloseable {
    static final InetAddress SELF = Prefix.parseAddress("10.7.0.1");
    static final InetAddress SELF6 = Prefix.parseAddress("fd00:7::1");
    static final InetAddress PEER = Prefix.parseAddress("10.7.0.2");
    static final InetAddress PEER6 = Prefix.parseAddress("fd00:7::2");
    static final long LOCAL_AS = 65100;
    static final long PEER_AS = 65001;

    /** Long: a machine that stands still for some seconds is no dead peer. */
    static final int HOLD_SECONDS = 30;

    private static final int PATIENCE_SECONDS = 30;

    final RecordingListener heard = new RecordingListener();
    final Path directory;
    private final String selfNamespace;
    private final String peerNamespace;
    private final String thirdNamespace;
    private final Deque<Process> processes = new ArrayDeque<>();

    private PeerLab(String prefix, Path directory) {
        this.selfNamespace = prefix + "-self";
        this.peerNamespace = prefix + "-peer";
        this.thirdNamespace = prefix + "-third";
        this.directory = directory;
    }

    static PeerLab open(String... binaries) throws Exception {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new AssertionError("lab tests need root, to make network namespaces");
        }
        for (String binary : binaries) {
            if (!Files.isExecutable(Path.of(binary))) {
                throw new AssertionError("lab tests need " + binary + "; apt-get install bird2 frr gobgpd exabgp");
            }
        }
        String prefix = System.getenv().getOrDefault("SECONDSITE_TEST_PREFIX", "sst") + "-bgp-"
                + Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36 * 36 * 36), 36);
        PeerLab lab = new PeerLab(prefix, Files.createTempDirectory(prefix));
        try {
            lab.build();
        } catch (Exception | AssertionError e) {
            lab.close();
            throw e;
        }
        return lab;
    }

    private void build() throws Exception {
        run("ip", "netns", "add", selfNamespace);
        run("ip", "netns", "add", peerNamespace);
        run(List.of(
                "ip",
                "link",
                "add",
                "eth0",
                "netns",
                selfNamespace,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                peerNamespace));
        for (String namespace : List.of(selfNamespace, peerNamespace)) {
            boolean self = namespace.equals(selfNamespace);
            run("ip", "-n", namespace, "link", "set", "lo", "up");
            run("ip", "-n", namespace, "addr", "add", (self ? SELF : PEER).getHostAddress() + "/24", "dev", "eth0");
            run(List.of(
                    "ip",
                    "-n",
                    namespace,
                    "addr",
                    "add",
                    (self ? SELF6 : PEER6).getHostAddress() + "/64",
                    "dev",
                    "eth0",
                    "nodad"));
            run("ip", "-n", namespace, "link", "set", "eth0", "up");
        }
    }

    /** One of the namespaces. */
    enum Place {
        SELF,
        PEER,
        THIRD
    }

    private String namespace(Place place) {
        return switch (place) {
            case SELF -> selfNamespace;
            case PEER -> peerNamespace;
            case THIRD -> thirdNamespace;
        };
    }

    /** A third namespace, with an {@code eth0} at a wire of its own to the router's {@code eth1}. */
    void addThird(String its, String routers) throws Exception {
        run("ip", "netns", "add", thirdNamespace);
        run(List.of(
                "ip",
                "link",
                "add",
                "eth0",
                "netns",
                thirdNamespace,
                "type",
                "veth",
                "peer",
                "name",
                "eth1",
                "netns",
                peerNamespace));
        run("ip", "-n", thirdNamespace, "link", "set", "lo", "up");
        run("ip", "-n", thirdNamespace, "addr", "add", its, "dev", "eth0");
        run("ip", "-n", thirdNamespace, "link", "set", "eth0", "up");
        run("ip", "-n", peerNamespace, "addr", "add", routers, "dev", "eth1");
        run("ip", "-n", peerNamespace, "link", "set", "eth1", "up");
    }

    /** Calls it in the namespace. */
    <T> T at(Place place, Callable<T> task) throws Exception {
        return NetworkNamespace.call(namespace(place), task);
    }

    /** Our speaker, with the router as its only neighbour. */
    BgpSpeaker speaker(UnaryOperator<NeighborSettings> change) throws Exception {
        NeighborSettings neighbor = change.apply(new NeighborSettings(
                PEER,
                179,
                SELF,
                PEER_AS,
                HOLD_SECONDS,
                false,
                Optional.empty(),
                NeighborOptions.DEFAULT.withOtherSelf(SELF6)));
        SpeakerSettings settings = new SpeakerSettings(LOCAL_AS, (Inet4Address) SELF, List.of(neighbor));
        return NetworkNamespace.call(selfNamespace, () -> BgpSpeaker.open(settings, heard));
    }

    BgpSpeaker speaker() throws Exception {
        return speaker(neighbor -> neighbor);
    }

    /** Our speaker with these settings. */
    BgpSpeaker speaker(SpeakerSettings settings) throws Exception {
        return NetworkNamespace.call(selfNamespace, () -> BgpSpeaker.open(settings, heard));
    }

    /** Runs the task in our namespace, on a thread of its own. */
    Thread inOurNamespace(Callable<?> task) throws Exception {
        return NetworkNamespace.call(
                selfNamespace,
                () -> Thread.ofPlatform().daemon().name("in-our-namespace").start(() -> {
                    try {
                        task.call();
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                }));
    }

    /** The neighbour with a password, waited for or connected to. */
    static NeighborSettings withPassword(NeighborSettings n, boolean passive, String password) {
        return new NeighborSettings(
                n.address(),
                n.port(),
                n.localAddress(),
                n.remoteAs(),
                n.holdTimeSeconds(),
                passive,
                Optional.of(password),
                n.options());
    }

    /** Writes a file into the lab's directory. */
    Path file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content);
    }

    /** The daemon that was started last. */
    Process lastStarted() {
        return processes.peek();
    }

    /** Makes the lab's directory the property of the user. */
    void giveTo(String user) throws Exception {
        run("chown", "-R", user + ":", directory.toString());
    }

    /** Starts a daemon in the router's namespace; its output goes to a file of that name. */
    Process start(String name, List<String> command, Map<String, String> environment) throws IOException {
        return startIn(peerNamespace, name, command, environment);
    }

    /** Starts a GoBGP that waits for the speaker and speaks these families, in its own words, and waits until it can be asked. */
    void startGobgp(String... families) throws Exception {
        StringBuilder file = new StringBuilder("""
                [global.config]
                  as = 65001
                  router-id = "10.7.0.2"
                  local-address-list = ["10.7.0.2"]
                [[neighbors]]
                  [neighbors.config]
                    neighbor-address = "10.7.0.1"
                    peer-as = 65100
                  [neighbors.transport.config]
                    passive-mode = true
                """);
        for (String family : families) {
            file.append("  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n      afi-safi-name = \"")
                    .append(family)
                    .append("\"\n");
        }
        startGobgpWith(file.toString());
    }

    /** Starts a GoBGP with this file, and waits until it can be asked. */
    void startGobgpWith(String file) throws Exception {
        file("gobgp.toml", file);
        start("gobgpd", List.of("gobgpd", "-f", "gobgp.toml", "--api-hosts", "127.0.0.1:50051"), Map.of());
        await("GoBGP", 30, () -> query("gobgp", "global"), text -> text.contains("65001"));
    }

    /** Starts a daemon of FRR with the file of its name, and waits until it can be asked; its home is to be given to {@code frr}. */
    Process startFrr(String daemon, String... more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "/usr/lib/frr/" + daemon,
                "-f",
                daemon + ".conf",
                "-i",
                daemon + ".pid",
                "-z",
                directory.resolve("zserv.api").toString(),
                "--vty_socket",
                directory.resolve("vty").toString()));
        command.addAll(List.of(more));
        Files.createDirectories(directory.resolve("vty"));
        Files.deleteIfExists(directory.resolve("vty/" + daemon + ".vty"));
        return awaitFile(start(daemon, command, Map.of()), "vty/" + daemon + ".vty");
    }

    /** Asks a daemon of FRR. */
    String vtysh(String... commands) throws Exception {
        List<String> words = new ArrayList<>(
                List.of("vtysh", "--vty_socket", directory.resolve("vty").toString()));
        for (String command : commands) {
            words.addAll(List.of("-c", command));
        }
        return query(words.toArray(String[]::new));
    }

    /** Starts a process in our namespace; its output goes to a file of that name. */
    Process startOurs(String name, List<String> command) throws IOException {
        return startIn(selfNamespace, name, command, Map.of());
    }

    private Process startIn(String namespace, String name, List<String> command, Map<String, String> environment)
            throws IOException {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve(name + ".out").toFile()));
        builder.environment().putAll(environment);
        Process process = builder.start();
        processes.push(process);
        return process;
    }

    /** Waits until the daemon has made the file, its control socket; fails with its output if it ends instead. */
    Process awaitFile(Process daemon, String name) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!Files.exists(directory.resolve(name))) {
            if (!daemon.isAlive() || System.nanoTime() - deadline > 0) {
                throw new AssertionError("the daemon did not come up\n" + logs());
            }
            Thread.sleep(20);
        }
        return daemon;
    }

    /** Drops all packets of the address at the router's door. */
    void drop(String source) throws Exception {
        query("nft", "add table inet cut");
        query("nft", "add chain inet cut in { type filter hook input priority 0; }");
        query("nft", "add rule inet cut in ip saddr " + source + " drop");
    }

    /** Ends {@link #drop}. */
    void undrop() throws Exception {
        query("nft", "delete table inet cut");
    }

    /** Runs a command in the router's namespace and returns what it printed; its exit code is not looked at. */
    String query(String... command) throws Exception {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", peerNamespace));
        line.addAll(List.of(command));
        return output(line);
    }

    /** The same in our namespace. */
    String ourQuery(String... command) throws Exception {
        return queryAt(Place.SELF, command);
    }

    String queryAt(Place place, String... command) throws Exception {
        List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", namespace(place)));
        line.addAll(List.of(command));
        return output(line);
    }

    /** Asks until the answer is as wanted, half a minute at least; fails with the last answer. */
    String await(String what, int atLeastSeconds, Query query, Predicate<String> wanted) throws Exception {
        int seconds = Math.max(atLeastSeconds, PATIENCE_SECONDS);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        String answer = query.ask();
        while (!wanted.test(answer)) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + seconds + " s: " + what + "\n" + answer + "\n"
                        + String.join("\n", heard.log()) + "\n" + logs());
            }
            Thread.sleep(50);
            answer = query.ask();
        }
        return answer;
    }

    /** A question to the router. */
    @FunctionalInterface
    interface Query {
        String ask() throws Exception;
    }

    /** Sends a signal to the daemon. */
    static void signal(Process process, String name) throws Exception {
        run("kill", "-" + name, String.valueOf(process.pid()));
        if (name.equals("KILL")) {
            process.waitFor(5, TimeUnit.SECONDS);
        }
    }

    private String logs() throws IOException {
        StringBuilder text = new StringBuilder();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(
                            f -> f.toString().endsWith(".out") || f.toString().endsWith(".log"))
                    .toList()) {
                String content = Files.readString(file);
                text.append("--- ").append(file.getFileName()).append('\n');
                text.append(content.substring(Math.max(0, content.length() - 3000)));
            }
        }
        return text.toString();
    }

    static void run(String... command) throws Exception {
        run(List.of(command));
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.onExit()
                        .orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                        .join()
                        .exitValue()
                != 0) {
            throw new AssertionError(String.join(" ", command) + ": " + text);
        }
    }

    private static String output(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.onExit().orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
        return text;
    }

    @Override
    public void close() throws IOException {
        for (Process process : processes) {
            process.destroyForcibly().onExit().orTimeout(5, TimeUnit.SECONDS).join();
        }
        output(List.of("ip", "netns", "del", selfNamespace));
        output(List.of("ip", "netns", "del", peerNamespace));
        output(List.of("ip", "netns", "del", thirdNamespace));
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
