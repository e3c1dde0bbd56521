package org.secondsite.bench.openflow;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.projectfloodlight.openflow.protocol.OFFactories;
import org.projectfloodlight.openflow.protocol.OFFactory;
import org.projectfloodlight.openflow.protocol.OFMessage;
import org.projectfloodlight.openflow.protocol.OFPortReason;
import org.projectfloodlight.openflow.protocol.OFVersion;
import org.projectfloodlight.openflow.types.OFPort;
import org.secondsite.bench.Figures;
import org.secondsite.bench.io.Machine;
import org.secondsite.bench.process.JavaProcess;
import org.secondsite.config.SwitchId;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.openflow.ControllerSettings;
import org.secondsite.openflow.Role;
import org.secondsite.openflow.SwitchSettings;
import org.secondsite.openflow.VmAttachment;
import org.secondsite.openflow.io.SwitchController;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code secondsite bench openflow}.
 *
 * <p>Flows: an Open vSwitch without flows gets them in turn from the controller, from the decision until they are read back and
 * confirmed, and from {@code ovs-ofctl --bundle add-flows}, from the start of the process to its end. Fencing: from the decision
 * until the switch has worked off what silences a thousand VMs. The rest is with switches in memory.
 */
@Command(
        name = "openflow",
        mixinStandardHelpOptions = true,
        description =
                "The switch controller against ovs-ofctl --bundle, fencing, port storms, many switches. Needs root.")
public final class OpenFlowBenchCommand implements Callable<Integer> {
    private static final SwitchId ID = new SwitchId("sw-a");
    private static final int PORTS = 1000;
    private static final int PLAYED_SWITCHES = 200;
    private static final int PAUSE_MS = 3000;
    private static final int SETTLED_AFTER_MS = 250;
    private static final int CHANGES_PER_SECOND = 10_000;
    private static final int STORM_SECONDS = 3;
    private static final double MAX_RATIO = 0.8;
    private static final double MAX_CONFIRMED_MS = 30;
    private static final double MAX_FENCED_MS = 20;
    private static final double MAX_ROUNDS_PER_SECOND = 20;

    @Option(names = "--rounds", defaultValue = "7", description = "Samples of each figure (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--flows",
            split = ",",
            defaultValue = "1000,10000,50000",
            description = "How many flows (default ${DEFAULT-VALUE}).")
    private List<Integer> sizes;

    /** What is measured. */
    enum Part {
        FLOWS,
        FENCE,
        STORM,
        PAUSE
    }

    @Option(
            names = "--only",
            split = ",",
            defaultValue = "FLOWS,FENCE,STORM,PAUSE",
            description = "What is measured, of ${COMPLETION-CANDIDATES} (default: all).")
    private Set<Part> only;

    @Option(names = "--report", paramLabel = "FILE", description = "Write the figures as JSON.")
    private Path report;

    @Option(names = "--inside", hidden = true, description = "This process is in a namespace of its own already.")
    private boolean isInside;

    @Spec
    private CommandSpec spec;

    private final ObjectNode figures = JsonNodeFactory.instance.objectNode();
    private final List<String> failures = new ArrayList<>();
    private PrintWriter out;
    private long term;

    @Override
    public Integer call() throws Exception {
        return isInside ? measure() : outside();
    }

    /** The same command in a namespace, so that the switch's ports are nobody's. */
    private int outside() throws IOException, InterruptedException {
        String namespace =
                "sst-bench-openflow-%08x".formatted(ThreadLocalRandom.current().nextInt());
        run(List.of("ip", "netns", "add", namespace));
        try {
            List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", namespace));
            ProcessHandle.current().info().command().ifPresent(command::add);
            command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path")));
            command.add("org.secondsite.bench.cli.Main");
            command.addAll(spec.commandLine().getParseResult().originalArgs());
            command.add("--inside");
            return new ProcessBuilder(command).inheritIO().start().waitFor();
        } finally {
            run(List.of("ip", "netns", "del", namespace));
        }
    }

    private int measure() throws Exception {
        out = spec.commandLine().getOut();
        run(List.of("ip", "link", "set", "lo", "up"));
        Path directory = Files.createTempDirectory("secondsite-openflow-bench");
        try {
            try (SwitchUnderTest ovs = new SwitchUnderTest(directory)) {
                ovs.addPorts(List.of(ManyVms.GATEWAY));
                ovs.addPorts(ManyVms.ports(PORTS));
                if (only.contains(Part.FLOWS)) {
                    for (int size : sizes) {
                        flows(ovs, size, directory);
                    }
                }
                if (only.contains(Part.FENCE)) {
                    fence(ovs, 0);
                    fence(ovs, 1);
                }
            }
            if (only.contains(Part.STORM)) {
                storm();
            }
            if (only.contains(Part.PAUSE)) {
                pause(directory);
            }
        } finally {
            DirectoryTree.delete(directory);
        }
        out.flush();
        if (report != null) {
            Machine.write(report, figures);
        }
        failures.forEach(failure -> out.println("does not hold: " + failure));
        out.flush();
        return failures.isEmpty() ? 0 : 1;
    }

    private void flows(SwitchUnderTest ovs, int size, Path directory) throws Exception {
        List<VmAttachment> vms = ManyVms.withFlows(size, PORTS);
        Path file = directory.resolve("flows-" + size);
        List<Double> ours = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        Heard heard = new Heard();
        try (SwitchController controller = open(heard)) {
            for (int round = 0; round <= rounds; round++) {
                ovs.connectTo(controller.address().getPort());
                heard.await("connected", 0);
                apply(controller, heard, List.of(), "confirmed");
                double took = apply(controller, heard, vms, "confirmed");
                if (round == 0) {
                    Files.writeString(file, ovs.ofctl("--no-stats", "dump-flows", ovs.bridge()));
                } else {
                    ours.add(took);
                }
                ovs.disconnect();
                heard.await("disconnected", 0);
                ovs.ofctl("del-flows", ovs.bridge());
                long start = System.nanoTime();
                ovs.ofctl("--bundle", "add-flows", ovs.bridge(), file.toString());
                if (round > 0) {
                    theirs.add((System.nanoTime() - start) / 1e6);
                }
            }
        }
        double ratio = Figures.median(ours) / Figures.median(theirs);
        int flows = ManyVms.flows(vms);
        say(String.format(
                Locale.ROOT,
                "%d flows: confirmed after %.1f ms, ovs-ofctl --bundle %.1f ms, ratio %.2f",
                flows,
                Figures.median(ours),
                Figures.median(theirs),
                ratio));
        ObjectNode node = figures.withObject("/flows").putObject(Integer.toString(size));
        put(node, "confirmedMs", ours);
        put(node, "ovsOfctlMs", theirs);
        must(
                ratio <= MAX_RATIO,
                String.format(
                        Locale.ROOT, "%d flows in %.2f of ovs-ofctl's time, wanted %.2f", flows, ratio, MAX_RATIO));
        if (size <= 1000) {
            double median = Figures.median(ours);
            must(
                    median <= MAX_CONFIRMED_MS,
                    String.format(
                            Locale.ROOT,
                            "%d flows confirmed after %.1f ms, wanted %.0f",
                            flows,
                            median,
                            MAX_CONFIRMED_MS));
        }
    }

    /** Those that are heard on are not fenced: then each of the others takes a message of its own. */
    private void fence(SwitchUnderTest ovs, int heardOn) throws Exception {
        List<VmAttachment> owned = ManyVms.of(PORTS, 2, Role.OWNER);
        List<VmAttachment> fenced = new ArrayList<>(owned.subList(0, heardOn));
        fenced.addAll(ManyVms.of(PORTS, 2, Role.FENCED).subList(heardOn, PORTS));
        List<Double> took = new ArrayList<>();
        Heard heard = new Heard();
        try (SwitchController controller = open(heard)) {
            ovs.connectTo(controller.address().getPort());
            heard.await("connected", 0);
            for (int round = 0; round <= rounds; round++) {
                apply(controller, heard, owned, "confirmed");
                // What a switch still does behind a commit is no part of the fence that comes some day.
                Thread.sleep(SETTLED_AFTER_MS);
                double one = apply(controller, heard, fenced, "fenced");
                heard.await("confirmed", term);
                if (round > 0) {
                    took.add(one);
                }
            }
        }
        double median = Figures.median(took);
        String what = String.format(Locale.ROOT, "%d of %d VMs silent after %.1f ms", PORTS - heardOn, PORTS, median);
        say(what + " (" + took + ")");
        put(figures, heardOn == 0 ? "fencedMs" : "fencedButOneMs", took);
        must(median <= MAX_FENCED_MS, String.format(Locale.ROOT, "%s, wanted %.0f", what, MAX_FENCED_MS));
    }

    private void storm() throws Exception {
        Heard heard = new Heard();
        OFFactory factory = OFFactories.getFactory(OFVersion.OF_14);
        List<String> ports = List.of(ManyVms.GATEWAY, "p0", "p1", "p2", "p3", "p4");
        try (SwitchController controller = open(heard, new SwitchSettings(ID, 1, ManyVms.GATEWAY));
                PlayedSwitches played = new PlayedSwitches(controller.address(), 1, ports)) {
            heard.await("connected", 0);
            apply(controller, heard, ManyVms.of(5, 2, Role.OWNER), "confirmed");
            int before = heard.rounds();
            long start = System.nanoTime();
            for (int tick = 0; tick < 100 * STORM_SECONDS; tick++) {
                List<OFMessage> changes = new ArrayList<>();
                // Each tick ends in the other state than the one before: otherwise a round would see no change.
                for (int i = 0; i < CHANGES_PER_SECOND / 100; i++) {
                    changes.add(factory.buildPortStatus()
                            .setReason((i + tick) % 2 == 0 ? OFPortReason.DELETE : OFPortReason.ADD)
                            .setDesc(factory.buildPortDesc()
                                    .setName("p0")
                                    .setPortNo(OFPort.of(2))
                                    .build())
                            .build());
                }
                played.say(changes);
                long untilNanos = start + TimeUnit.MILLISECONDS.toNanos(10L * (tick + 1));
                TimeUnit.NANOSECONDS.sleep(Math.max(0, untilNanos - System.nanoTime()));
            }
            double perSecond = (heard.rounds() - before) / ((System.nanoTime() - start) / 1e9);
            say(String.format(
                    Locale.ROOT,
                    "%d port changes a second: %.1f rounds a second, %d connections ended",
                    CHANGES_PER_SECOND,
                    perSecond,
                    played.ended()));
            figures.put("roundsPerSecond", perSecond);
            must(
                    perSecond <= MAX_ROUNDS_PER_SECOND,
                    String.format(Locale.ROOT, "%.1f rounds a second, wanted %.0f", perSecond, MAX_ROUNDS_PER_SECOND));
            must(perSecond > 1, String.format(Locale.ROOT, "the storm was not seen: %.1f rounds a second", perSecond));
        }
    }

    private void pause(Path directory) throws Exception {
        Path file = directory.resolve("controller");
        try (JavaProcess controller = JavaProcess.start(
                JavaProcess.GATEWAY_OPTIONS,
                JavaProcess.Classes.of(JavaProcess.Classes.LINKED),
                directory.resolve("controller.log"),
                ControllerProcess.class,
                Integer.toString(PLAYED_SWITCHES),
                file.toString())) {
            while (!Files.exists(file)) {
                Thread.sleep(50);
                if (!controller.isAlive()) {
                    throw new IOException(Files.readString(directory.resolve("controller.log")));
                }
            }
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), standing(file)[0]);
            List<String> ports = new ArrayList<>(List.of(ManyVms.GATEWAY));
            ports.addAll(ManyVms.ports(5));
            try (PlayedSwitches _ = new PlayedSwitches(address, PLAYED_SWITCHES, ports)) {
                while (standing(file)[1] < PLAYED_SWITCHES) {
                    Thread.sleep(100);
                }
                Thread.sleep(PAUSE_MS);
                signal("-STOP", controller);
                Thread.sleep(PAUSE_MS);
                signal("-CONT", controller);
                Thread.sleep(2L * PAUSE_MS);
                int lost = standing(file)[2];
                say(String.format(
                        Locale.ROOT,
                        "%d switches, %d ms in which the controller did not run: %d sessions lost",
                        PLAYED_SWITCHES,
                        PAUSE_MS,
                        lost));
                figures.put("sessionsLost", lost);
                must(lost == 0, String.format(Locale.ROOT, "%d of %d sessions lost", lost, PLAYED_SWITCHES));
            }
        }
    }

    private static int[] standing(Path file) throws IOException {
        String[] words = Files.readString(file).split(" ", -1);
        return new int[] {Integer.parseInt(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2])};
    }

    private static void signal(String signal, JavaProcess process) throws IOException, InterruptedException {
        run(List.of("kill", signal, Long.toString(process.pid())));
    }

    /** In milliseconds, from the decision to the event. */
    private double apply(SwitchController controller, Heard heard, List<VmAttachment> vms, String until)
            throws InterruptedException, TimeoutException {
        term++;
        long start = System.nanoTime();
        controller.apply(ID, term, vms);
        return (heard.await(until, term) - start) / 1e6;
    }

    private static SwitchController open(Heard heard) throws IOException {
        return open(heard, new SwitchSettings(ID, SwitchUnderTest.DATAPATH, ManyVms.GATEWAY));
    }

    private static SwitchController open(Heard heard, SwitchSettings settings) throws IOException {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return SwitchController.open(new ControllerSettings(any, List.of(settings)), heard);
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }

    private void must(boolean holds, String otherwise) {
        if (!holds) {
            failures.add(otherwise);
        }
    }

    private static void put(ObjectNode node, String name, List<Double> samples) {
        node.put(name + "Median", Figures.median(samples));
        samples.forEach(node.withArray("/" + name)::add);
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IOException(command + " failed");
        }
    }
}
