package org.secondsite.lab.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.secondsite.lab.io.Interruptible;
import org.secondsite.lab.io.Lab;
import org.secondsite.lab.io.LabProcess;
import org.secondsite.lab.io.LabReport;
import org.secondsite.lab.io.LabStart;
import org.secondsite.lab.io.Storm;
import org.secondsite.lab.plan.ClockOffset;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.Guest;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.Network;
import org.secondsite.lab.storm.Fault;
import org.secondsite.lab.wan.LinkSelection;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code secondsite lab …}: the two-site lab, left running between commands. */
@Command(name = "lab", description = "The two-site lab of real parts, left running between commands.")
public final class LabCommands {
    @Option(
            names = "--name",
            defaultValue = LabOptions.DEFAULT_NAME,
            scope = ScopeType.INHERIT,
            description = "Prefix of the lab's namespaces and files; several labs can be up. Default: ${DEFAULT-VALUE}")
    private String name;

    @Spec
    private CommandSpec spec;

    @Command(name = "up", description = "Bring the lab up and wait until its guest is protected.")
    int up(
            @Option(
                            names = "--delay-ms",
                            defaultValue = "0",
                            paramLabel = "MS",
                            description = "One-way delay of the WAN.")
                    int delayMillis,
            @Option(
                            names = "--guest",
                            defaultValue = "memory",
                            paramLabel = "GUEST",
                            description =
                                    "What runs in the VM: memory, disk (writes records), tap (the same on a qcow2 of its own),"
                                            + " web (pages from its disk), postgres (Debian with PostgreSQL; needs"
                                            + " debootstrap, and minutes the first time).")
                    String guest,
            @Option(
                            names = "--load",
                            defaultValue = "idle",
                            paramLabel = "LOAD",
                            description =
                                    "The guest's load: idle, busy (memory), working (less of it), pouring (the disk).")
                    String load,
            @Option(names = "--no-hold", description = "For tests of the tests: gateways that let output pass unheld.")
                    boolean noHold,
            @Option(
                            names = "--witnesses",
                            defaultValue = "1",
                            paramLabel = "N",
                            description = "Nodes of the witness: 1, 3 or 5.")
                    int witnesses,
            @Option(
                            names = "--fake-clocks",
                            description = "Give gateways, agents and witness wall clocks that 'lab clock' can move.")
                    boolean fakeClocks,
            @Option(
                            names = "--overload",
                            defaultValue = "usual",
                            paramLabel = "WHAT",
                            description =
                                    "Let what gives way when the WAN does not carry the checkpoints do so after two"
                                            + " seconds: slow (the VM) or solo (its protection).")
                    String overload,
            @Option(
                            names = "--mode",
                            defaultValue = "routed",
                            paramLabel = "MODE",
                            description =
                                    "What a gateway is to its VMs: routed (their first hop) or transparent (a bump"
                                            + " in the wire).")
                    String mode,
            @Option(
                            names = "--port",
                            defaultValue = "af-packet",
                            paramLabel = "PORT",
                            description = "By what means a gateway hears and sends frames: af-packet or pcap4j.")
                    String port,
            @Option(
                            names = "--families",
                            defaultValue = "ipv4",
                            paramLabel = "FAMILIES",
                            description = "Addresses of guest and client: ipv4, or dual (with an IPv6 address that is"
                                    + " given, and one by SLAAC).")
                    String families,
            @Option(
                            names = "--routers",
                            defaultValue = "1",
                            paramLabel = "N",
                            description = "Routers of each site: 1, or 2 that the gateway learns its ways from (ECMP).")
                    int routers,
            @Option(
                            names = "--sites",
                            defaultValue = "2",
                            paramLabel = "N",
                            description =
                                    "Sites: 2, or 3 in a ring, each of which has a group and stands by for that of"
                                            + " another one.")
                    int sites,
            @Option(
                            names = "--vms",
                            defaultValue = "1",
                            paramLabel = "N",
                            description =
                                    "VMs in the group of site a, up to 8. Of several, the second is a store that the"
                                            + " others ask for every answer.")
                    int vms,
            @Option(
                            names = "--other-vms",
                            paramLabel = "M",
                            description =
                                    "VMs in a second group, which site b owns at first. Default: one, if there are"
                                            + " several in the first, or three sites.")
                    Integer otherVms,
            @Option(
                            names = "--agents",
                            defaultValue = "tls",
                            paramLabel = "WAY",
                            description =
                                    "How agents reach their gateways: tls, or local (a Unix socket, where 'replicator"
                                            + " record' may stand between).")
                    String agents)
            throws Exception {
        LabOptions options;
        try {
            int others = vms > 1 || sites > 2 ? 1 : 0;
            options = new LabOptions(name, delayMillis, loadOf(load), !noHold)
                    .withWitnesses(witnesses)
                    .withFakeClocks(fakeClocks)
                    .withOverload(overloadOf(overload))
                    .withGuest(oneOf(Guest.values(), guest, "guest"))
                    .withNetwork(Network.USUAL
                            .withMode(oneOf(Network.Mode.values(), mode, "mode"))
                            .withPort(oneOf(Network.Port.values(), port.replace('-', '_'), "port"))
                            .withFamilies(oneOf(Network.Families.values(), families, "choice of addresses"))
                            .withRouters(routers))
                    .withFleet(Fleet.of(sites, vms, otherVms == null ? others : otherVms))
                    .withAgents(oneOf(LabOptions.Agents.values(), agents, "way to a gateway"));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        long[] total = new long[1];
        LabStart.Progress progress = (step, millis) -> {
            total[0] += millis;
            say("%7.2f s  %s".formatted(millis / 1e3, step));
        };
        Interruptible.call(() -> LabStart.up(options, progress));
        say("%7.2f s  lab '%s' is up".formatted(total[0] / 1e3, name));
        return 0;
    }

    private static LabOptions.Load loadOf(String text) {
        return oneOf(LabOptions.Load.values(), text, "load");
    }

    private static LabOptions.Overload overloadOf(String text) {
        return oneOf(LabOptions.Overload.values(), text, "policy on overload");
    }

    private static <E extends Enum<E>> E oneOf(E[] values, String text, String kind) {
        for (E value : values) {
            if (value.name().equalsIgnoreCase(text)) {
                return value;
            }
        }
        String known = Arrays.stream(values)
                .map(value -> value.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        throw new IllegalArgumentException("'" + text + "' is not a " + kind + ": " + known);
    }

    @Command(name = "down", description = "End every process of the lab and remove every namespace and file.")
    int down() throws IOException {
        Lab.down(name);
        return 0;
    }

    @Command(name = "status", description = "Who owns the group, and what runs where.")
    int status(@Option(names = "--json", description = "Everything a script may want.") boolean json)
            throws IOException {
        Lab lab = Lab.existing(name);
        ObjectNode report = LabReport.of(lab);
        if (json) {
            say(new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(report));
            return 0;
        }
        say("owner " + report.path("owner").asText() + ", guest "
                + report.path("service").path("address").asText());
        if (lab.vms() > 1) {
            report.path("groups").forEach(group -> say(summary(group)));
        }
        report.path("processes")
                .forEach(process -> say("%-8s %-2s %7d  %-16s %s"
                        .formatted(
                                process.path("role").asText(),
                                process.path("site").asText("-"),
                                process.path("pid").asLong(),
                                process.path("namespace").asText(),
                                process.path("name").asText())));
        return 0;
    }

    private static String summary(JsonNode group) {
        return group.path("name").asText() + ": owner " + group.path("owner").asText() + ", "
                + StreamSupport.stream(group.path("vms").spliterator(), false)
                        .map(vm -> vm.path("name").asText() + " "
                                + vm.path("address").asText())
                        .collect(Collectors.joining(", "));
    }

    @Command(name = "kill", description = "SIGKILL: ROLE, ROLE:SITE, site:SITE for a whole site, or a process's name.")
    int kill(@Parameters(paramLabel = "TARGET") String target) throws IOException {
        for (LabProcess victim : Lab.existing(name).kill(target)) {
            say("killed " + victim.name() + " (pid " + victim.pid() + ")");
        }
        return 0;
    }

    @Command(name = "pause", description = "SIGSTOP: targets as for kill.")
    int pause(@Parameters(paramLabel = "TARGET") String target) throws IOException {
        Lab.existing(name).pause(target).forEach(process -> say("paused " + process.name()));
        return 0;
    }

    @Command(name = "resume", description = "SIGCONT: targets as for kill.")
    int resume(@Parameters(paramLabel = "TARGET") String target) throws IOException {
        Lab.existing(name).resume(target).forEach(process -> say("resumed " + process.name()));
        return 0;
    }

    @Command(name = "start", description = "Bring back what was killed, all but a VM: targets as for kill.")
    int start(@Parameters(paramLabel = "TARGET") String target) throws IOException {
        Lab.existing(name).start(target);
        return 0;
    }

    @Command(name = "clock", description = "Make wall clocks jump; only in a lab with --fake-clocks.")
    int clock(
            @Parameters(paramLabel = "TARGET", description = "As for kill.") String target,
            @Option(
                            names = "--offset",
                            required = true,
                            paramLabel = "OFFSET",
                            description = "From the machine's clock: +6h, -90s, +10y, +0s.")
                    String offset)
            throws IOException {
        Lab.existing(name)
                .jumpClock(target, new ClockOffset(offset))
                .forEach(process -> say("the clock of " + process.name() + " is off by " + offset));
        return 0;
    }

    @Command(name = "cut", description = "Cut the WAN: a-b, a-w, b-w (both ways), a>b (one way), a-w* (all such), all.")
    int cut(@Parameters(paramLabel = "LINK") String link) throws IOException {
        Lab.existing(name).wan("cut " + LinkSelection.parse(link));
        return 0;
    }

    @Command(name = "heal", description = "Undo cuts: a link as for cut, or all of them.")
    int heal(@Parameters(paramLabel = "LINK", defaultValue = "all") String link) throws IOException {
        Lab.existing(name).wan("heal " + LinkSelection.parse(link));
        return 0;
    }

    @Command(name = "wan", description = "Send the WAN emulator a command: set LINK KEY=VALUE…, show.")
    int wan(@Parameters(paramLabel = "WORD", arity = "1..*") String[] words) throws IOException {
        say(Lab.existing(name).wan(String.join(" ", words)));
        return 0;
    }

    @Command(
            name = "storm",
            description =
                    "Random single faults, one after the other; exit 0 if and only if no judge complained of any.")
    int storm(
            @Option(names = "--drills", defaultValue = "20", paramLabel = "N", description = "How many.") int drills,
            @Option(
                            names = "--seed",
                            defaultValue = "1",
                            paramLabel = "S",
                            description = "Chooses faults, moments and delays.")
                    long seed,
            @Option(names = "--faults", split = ",", paramLabel = "FAULT", description = "Of these only. Default: all.")
                    List<String> only,
            @Option(
                            names = "--record",
                            paramLabel = "FILE",
                            description =
                                    "One line of JSON a drill; with the same file a storm goes on where it ended.")
                    Path record)
            throws Exception {
        List<Fault> faults;
        try {
            faults = only == null
                    ? List.of(Fault.values())
                    : only.stream().map(Fault::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        Path kept = record == null ? Path.of("storm-" + seed + ".jsonl") : record;
        return Interruptible.call(() -> {
            int failed = new Storm(name, seed, faults, kept, this::say).run(drills);
            say(
                    failed == 0
                            ? "VERDICT: no judge complained"
                            : "VERDICT: " + failed + " of " + drills + " drills failed");
            return failed == 0 ? 0 : 1;
        });
    }

    private void say(String text) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(text);
        out.flush();
    }
}
