package org.secondsite.bench.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.secondsite.bench.TunnelReport;
import org.secondsite.config.io.DirectoryTree;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code secondsite bench tunnel}: goodput, commit latency and costs of two ends in namespaces, against plain TCP and stunnel. */
@Command(
        name = "tunnel",
        mixinStandardHelpOptions = true,
        description =
                "The tunnel against iperf3 on plain TCP and through stunnel, over veth and the WAN emulator. Needs root.")
public final class TunnelCommand implements Callable<Integer> {
    private static final int PORT = 7400;
    private static final int TCP_PORT = 5201;
    private static final int TLS_PORT = 5301;
    private static final int WARM_SECONDS = 10;
    private static final int WARM_SECONDS_OF_MANY = 30;
    private static final int LIMIT_SECONDS = 120;
    private static final ObjectMapper JSON = new ObjectMapper();

    @Option(names = "--rtt", split = ",", defaultValue = "0,20,100", description = "Round-trip times in ms.")
    private List<Integer> rttMs = new ArrayList<>();

    @Option(names = "--loss", split = ",", defaultValue = "0,0.1,1", description = "Losses in percent.")
    private List<Double> lossPercent = new ArrayList<>();

    @Option(names = "--connections", split = ",", defaultValue = "1,2,4,8", description = "Connections of the tunnel.")
    private List<Integer> connections = new ArrayList<>();

    @Option(names = "--rounds", defaultValue = "3", description = "Samples of each figure (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--seconds", defaultValue = "4", description = "Length of a sample (default ${DEFAULT-VALUE}).")
    private double seconds;

    @Option(
            names = "--vms",
            defaultValue = "0",
            description = "Instead: so many VMs at 10 epochs a second each, and one of them with a huge epoch.")
    private int vms;

    @Option(names = "--pages", defaultValue = "16", description = "Pages of such an epoch (default ${DEFAULT-VALUE}).")
    private int pages;

    @Option(
            names = "--huge",
            defaultValue = "32768",
            description = "Pages of the huge epoch (default ${DEFAULT-VALUE}).")
    private int hugePages;

    @Option(
            names = "--congestion",
            defaultValue = "",
            description = "TCP's congestion control for all contenders, if not the system's. A namespace may be given "
                    + "those of net.ipv4.tcp_allowed_congestion_control.")
    private String congestion;

    @Option(
            names = "--warm-seconds",
            description = "Time before a sample of the tunnel, for its compiler (default " + WARM_SECONDS
                    + ", with --vms " + WARM_SECONDS_OF_MANY + ").")
    private Double warmSeconds;

    @Option(names = "--report", paramLabel = "FILE", description = "Write all samples as JSON.")
    private Path file;

    @Override
    public Integer call() throws IOException {
        Path directory = Files.createTempDirectory("secondsite-tunnel");
        try {
            makeCertificates(directory);
            ObjectNode json = vms > 0 ? manyVms(directory) : goodputs(directory);
            if (file != null) {
                Machine.write(file, json);
            }
            return json.get("failures").isEmpty() ? 0 : 1;
        } finally {
            DirectoryTree.delete(directory);
        }
    }

    // ---- goodput

    private ObjectNode goodputs(Path directory) throws IOException {
        TunnelReport report = new TunnelReport();
        for (int rtt : rttMs) {
            for (double loss : lossPercent) {
                TunnelSite.Way way = new TunnelSite.Way(rtt, loss);
                try (TunnelSite site = new TunnelSite(way, congestion, directory)) {
                    measure(site, way, directory, report);
                }
            }
        }
        report.require(new TunnelSite.Way(0, 0).toString(), ours(1), 0.8);
        report.require(new TunnelSite.Way(100, 0.1).toString(), ours(4), 3);
        System.out.println(report.table());
        report.failures().forEach(failure -> System.out.println("does not hold: " + failure));
        return report.json();
    }

    private void measure(TunnelSite site, TunnelSite.Way way, Path directory, TunnelReport report) throws IOException {
        site.start("far", List.of("iperf3", "-s", "-p", String.valueOf(TCP_PORT)), "iperf3.log");
        stunnel(site, directory);
        TunnelSite.pause(500);
        List<List<TunnelReport.Sample>> samples = new ArrayList<>();
        for (int i = 0; i < 2 + connections.size(); i++) {
            samples.add(new ArrayList<>());
        }
        for (int round = 0; round < rounds; round++) {
            System.err.println(way + ", round " + (round + 1) + " …");
            samples.get(0).add(iperf(site, TunnelSite.FAR, TCP_PORT));
            samples.get(1).add(iperf(site, "127.0.0.1", TLS_PORT));
            for (int i = 0; i < connections.size(); i++) {
                samples.get(2 + i).add(tunnel(site, connections.get(i)));
            }
        }
        report.add(way.toString(), TunnelReport.TCP, samples.get(0));
        report.add(way.toString(), "stunnel", samples.get(1));
        for (int i = 0; i < connections.size(); i++) {
            report.add(way.toString(), ours(connections.get(i)), samples.get(2 + i));
        }
    }

    private static String ours(int count) {
        return "tunnel x" + count;
    }

    private TunnelReport.Sample iperf(TunnelSite site, String address, int port) throws IOException {
        String printed = site.run(
                "near",
                List.of(
                        "iperf3",
                        "-J",
                        "-c",
                        address,
                        "-p",
                        String.valueOf(port),
                        "-O",
                        String.valueOf((int) Math.ceil(warmSeconds())),
                        "-t",
                        String.valueOf((int) Math.ceil(seconds))),
                LIMIT_SECONDS);
        JsonNode sum = JSON.readTree(printed).path("end").path("sum_received");
        if (sum.isMissingNode()) {
            throw new IOException("iperf3 said: " + printed);
        }
        return new TunnelReport.Sample(sum.get("bits_per_second").asDouble() / 8, 0, 0, 0, 0);
    }

    private static void stunnel(TunnelSite site, Path directory) throws IOException {
        Path far = directory.resolve("stunnel-far.conf");
        Path near = directory.resolve("stunnel-near.conf");
        String common = "foreground = yes\npid =\nsslVersion = TLSv1.3\nCAfile = " + directory.resolve("authority.crt")
                + "\nverifyChain = yes\n[iperf]\n";
        Files.writeString(
                far,
                common + "cert = " + directory.resolve(TunnelEnd.FAR + ".crt") + "\nkey = "
                        + directory.resolve(TunnelEnd.FAR + ".key") + "\naccept = " + TunnelSite.FAR + ":" + TLS_PORT
                        + "\nconnect = " + TunnelSite.FAR + ":" + TCP_PORT + "\n");
        Files.writeString(
                near,
                common + "client = yes\ncert = " + directory.resolve(TunnelEnd.NEAR + ".crt") + "\nkey = "
                        + directory.resolve(TunnelEnd.NEAR + ".key") + "\naccept = 127.0.0.1:" + TLS_PORT
                        + "\nconnect = " + TunnelSite.FAR + ":" + TLS_PORT + "\n");
        site.start("far", List.of("stunnel", far.toString()), "stunnel-far.log");
        site.start("near", List.of("stunnel", near.toString()), "stunnel-near.log");
    }

    private TunnelReport.Sample tunnel(TunnelSite site, int count) throws IOException {
        try (AskedProcess far = site.end(false, PORT, count);
                AskedProcess near = site.end(true, PORT, count)) {
            JsonNode farBefore = connected(near, far);
            // Three VMs with two epochs of 8 MiB each on the way: the tunnel always has something to send.
            JsonNode result = near.ask(new TunnelEnd.Load(3, 0, 2048, 0, warmSeconds(), seconds)
                    .json()
                    .toString());
            JsonNode farAfter = far.ask("figures");
            double gigabytes = result.get("bytes").asDouble() / 1e9;
            double all = result.get("bytes").asDouble() * (warmSeconds() + seconds) / seconds / 1e9;
            double nearCpu = difference(result.get("before"), result.get("after"), "processorNanos") / 1e9 / gigabytes;
            double farCpu = difference(farBefore, farAfter, "processorNanos") / 1e9 / all;
            return new TunnelReport.Sample(
                    result.get("bytes").asDouble() / result.get("seconds").asDouble(),
                    result.get("p50Nanos").asDouble() / 1e6,
                    result.get("p99Nanos").asDouble() / 1e6,
                    gigabytes == 0 ? 0 : nearCpu + farCpu,
                    gigabytes == 0
                            ? 0
                            : difference(result.get("before"), result.get("after"), "garbageBytes") / gigabytes);
        }
    }

    private static JsonNode connected(AskedProcess near, AskedProcess far) throws IOException {
        if (!near.ask("connected").path("connected").asBoolean()) {
            throw new IOException("the tunnel does not come up");
        }
        return far.ask("figures");
    }

    private static double difference(JsonNode before, JsonNode after, String field) {
        return after.get(field).asDouble() - before.get(field).asDouble();
    }

    private double warmSeconds() {
        if (warmSeconds != null) {
            return warmSeconds;
        }
        return vms > 0 ? WARM_SECONDS_OF_MANY : WARM_SECONDS;
    }

    // ---- many VMs

    private ObjectNode manyVms(Path directory) throws IOException {
        ObjectNode json = JSON.createObjectNode();
        json.putArray("rows");
        json.putArray("failures");
        System.out.printf(
                Locale.ROOT,
                "%d VMs, 10 epochs a second of %d KiB each, incompressible; then the same with one epoch of %d MiB%n",
                vms,
                pages * 4,
                hugePages / 256);
        System.out.printf(
                Locale.ROOT,
                "%6s %6s %8s %8s %8s %8s %10s %10s %10s %10s%n",
                "RTT ms",
                "huge",
                "epochs",
                "p50 ms",
                "p99 ms",
                "max ms",
                "huge ms",
                "near CPU",
                "far CPU",
                "pages MiB");
        for (int rtt : rttMs) {
            double calm = 0;
            for (int huge : new int[] {0, hugePages}) {
                TunnelSite.Way way = new TunnelSite.Way(rtt, 0);
                try (TunnelSite site = new TunnelSite(way, congestion, directory);
                        AskedProcess far = site.end(false, PORT, connections.getFirst());
                        AskedProcess near = site.end(true, PORT, connections.getFirst())) {
                    connected(near, far);
                    TunnelEnd.Load load = new TunnelEnd.Load(vms, 10, pages, huge, warmSeconds(), seconds);
                    JsonNode farBefore = far.ask("figures");
                    JsonNode result = near.ask(load.json().toString());
                    JsonNode farAfter = far.ask("figures");
                    row(json, rtt, huge, result, farBefore, farAfter);
                    double p99 = result.get("p99Nanos").asDouble() / 1e6;
                    double max = result.get("maxNanos").asDouble() / 1e6;
                    if (huge == 0) {
                        calm = max;
                        check(json, p99 <= rtt + 50, "p99 " + p99 + " ms at RTT " + rtt + " ms, wanted RTT + 50");
                    } else {
                        check(
                                json,
                                max <= calm + 50,
                                "the slowest of the others took " + max + " ms beside a huge epoch, " + calm
                                        + " without, wanted at most 50 more");
                    }
                }
            }
        }
        json.get("failures").forEach(failure -> System.out.println("does not hold: " + failure.asText()));
        return json;
    }

    private void row(ObjectNode json, int rtt, int huge, JsonNode result, JsonNode farBefore, JsonNode farAfter) {
        double nearSeconds = difference(result.get("before"), result.get("after"), "processorNanos") / 1e9;
        double farSeconds = difference(farBefore, farAfter, "processorNanos") / 1e9;
        System.out.printf(
                Locale.ROOT,
                "%6d %6s %8d %8.1f %8.1f %8.1f %10.1f %9.0f%% %9.0f%% %10d%n",
                rtt,
                huge == 0 ? "no" : "yes",
                result.get("epochs").asLong(),
                result.get("p50Nanos").asDouble() / 1e6,
                result.get("p99Nanos").asDouble() / 1e6,
                result.get("maxNanos").asDouble() / 1e6,
                result.get("hugeNanos").asDouble() / 1e6,
                100 * nearSeconds / seconds,
                100 * farSeconds / (seconds + warmSeconds()),
                result.get("peakPageBytes").asLong() >> 20);
        ObjectNode row = json.withArray("rows").addObject();
        row.put("rttMs", rtt).put("hugePages", huge);
        row.set("near", result);
        row.set("far", farAfter);
    }

    private static void check(ObjectNode json, boolean holds, String failure) {
        if (!holds) {
            json.withArray("failures").add(failure);
        }
    }

    // ---- certificates

    private static void makeCertificates(Path directory) throws IOException {
        String authority = directory.resolve("authority.crt").toString();
        String authorityKey = directory.resolve("authority.key").toString();
        openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout "
                + authorityKey + " -out " + authority);
        for (String name : List.of(TunnelEnd.NEAR.name(), TunnelEnd.FAR.name())) {
            Path request = directory.resolve(name + ".csr");
            openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout "
                    + directory.resolve(name + ".key") + " -out " + request);
            openssl("x509 -req -days 2 -CAcreateserial -in " + request + " -CA " + authority + " -CAkey " + authorityKey
                    + " -out " + directory.resolve(name + ".crt"));
        }
    }

    private static void openssl(String arguments) throws IOException {
        Shell.run("openssl " + arguments);
    }
}
